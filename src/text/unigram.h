// SentencePiece's unigram model (Kudo 2018): the segmentation of largest summed score, found by Viterbi.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/piece_index.h"
#include "text/spiece_model.h"
#include "text/spiece_normalizer.h"

namespace simdclip {

class Unigram {
 public:
  // The bytes of the model file must stay. Errors: damaged, unsupported (a BPE model).
  Unigram(std::string_view file, const std::string& where);

  // The ids of a text, without begin and end tokens, as SentencePieceProcessor.encode.
  std::vector<uint32_t> encode(std::string_view text) const;

  const SpieceModel& model() const noexcept { return model_; }

 private:
  SpieceModel model_;
  SpieceNormalizer normalizer_;
  PieceIndex index_;
  std::array<uint32_t, 256> byte_ids_{};
  float unknown_score_ = 0, max_score_ = 0;
};

}  // namespace simdclip
