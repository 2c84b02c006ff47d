// What makes ids of one word: the models of the kinds bpe, wordpiece and unigram (of the Rust library).
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "text/vocabulary_section.h"

namespace simdclip {

class WordModel {
 public:
  virtual ~WordModel() = default;
  // Appends the ids of a word (UTF-8, not empty). Usable concurrently.
  virtual void encode(std::string_view word, std::vector<int32_t>& ids) const = 0;
};

// The table must outlive the model.
std::unique_ptr<WordModel> make_word_model(TokenizerKind kind, const VocabularyTable& table);

// The ids of <0x00> ... <0xFF>; kNoToken where there is none.
std::array<uint32_t, 256> byte_pieces(const VocabularyTable& table);

}  // namespace simdclip
