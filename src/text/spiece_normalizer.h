// SentencePiece's normalization: replacements of the model's own table, white space, the U+2581 that stands
// for a space.
#pragma once

#include <string>
#include <string_view>

#include "text/charsmap.h"
#include "text/piece_index.h"
#include "text/vocabulary_section.h"

namespace simdclip {

class SpieceNormalizer {
 public:
  // A view of the section. Error: damaged.
  SpieceNormalizer(const VocabularyTable& table, const std::string& where);

  std::string normalize(std::string_view text) const;

 private:
  struct Step {
    std::string_view text;  // what stands for the next `length` bytes
    size_t length;
  };
  Step step(std::string_view text) const;

  Charsmap charsmap_;
  PieceIndex user_defined_;  // kept as they are
  bool dummy_prefix_, remove_extra_, escape_, suffix_;
};

}  // namespace simdclip
