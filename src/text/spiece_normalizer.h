// SentencePiece's normalization: replacements of the model's own table, white space, the U+2581 that stands
// for a space.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/piece_index.h"
#include "text/spiece_model.h"

namespace simdclip {

class SpieceNormalizer {
 public:
  // Copies what it needs of the table; user-defined pieces of the model stay views into it. Error: damaged.
  SpieceNormalizer(const SpieceModel& model, const std::string& where);

  std::string normalize(std::string_view text) const;

 private:
  struct Step {
    std::string_view text;  // what stands for the next `length` bytes
    size_t length;
  };
  Step step(std::string_view text) const;

  std::vector<uint32_t> trie_;  // Darts double array
  std::string replacements_;    // each ended by a zero byte
  PieceIndex user_defined_;     // kept as they are
  bool dummy_prefix_, remove_extra_, escape_, suffix_;
};

}  // namespace simdclip
