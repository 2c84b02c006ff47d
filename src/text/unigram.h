// SentencePiece's unigram model (Kudo 2018): the segmentation of largest summed score, found by Viterbi; the
// ids of the sentencepiece library. (The Rust library's differ in details: word_model.h.)
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "text/spiece_normalizer.h"
#include "text/vocabulary_section.h"

namespace simdclip {

// A spiece.model of kind unigram as a section of kSentencePiece, its pieces below `limit` alone; `added` are
// for SiglipTokenizer. Errors: damaged, unsupported (a BPE model).
std::vector<std::byte> sentencepiece_section(std::string_view spiece_model, const std::string& where,
                                             std::vector<ExtraToken> added = {}, uint32_t limit = kNoToken);

class Unigram {
 public:
  // The table must outlive this. Errors: damaged, unsupported (a section of the Rust library's kind).
  Unigram(const VocabularyTable& table, const std::string& where);

  // The ids of a text, without begin and end tokens, as SentencePieceProcessor.encode.
  std::vector<uint32_t> encode(std::string_view text) const;

 private:
  const VocabularyTable& table_;
  SpieceNormalizer normalizer_;
  std::array<uint32_t, 256> byte_ids_{};
};

}  // namespace simdclip
