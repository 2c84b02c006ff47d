// CLIP's pre-tokenizer: a cleaned text as words, in the order of the expression's alternatives
//   specials | 's|'t|'re|'ve|'m|'ll|'d | \p{L}+ | \p{N} | [^\s\p{L}\p{N}]+
#pragma once

#include <string_view>

#include "text/unicode.h"

namespace simdclip {

enum class WordKind : uint8_t {
  word,
  begin,  // open_clip's literal <start_of_text>
  end,    // open_clip's literal <end_of_text>
};
struct Word {
  WordKind kind;
  std::u32string_view text;
};

// Iterates over the words of `text`.
class WordScanner {
 public:
  // python: open_clip's expression, which ignores case; rust: transformers', then its byte-level expression.
  WordScanner(std::u32string_view text, UnicodeLibrary library) noexcept : text_(text), library_(library) {}

  // The next word; false at the end.
  bool next(Word& word) noexcept;

 private:
  size_t match(WordKind& kind) noexcept;  // length of the word at position_, 0 for none
  size_t contraction() const noexcept;
  size_t run(uint32_t bit) const noexcept;

  std::u32string_view text_;
  UnicodeLibrary library_;
  size_t position_ = 0;
  size_t literal_end_ = 0;  // rust: where the literal special that was met ends
};

}  // namespace simdclip
