// SentencePiece's precompiled normalization table: a Darts double array over the strings that are replaced,
// and their replacements, each ended by a zero byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace simdclip {

class Charsmap {
 public:
  Charsmap() = default;  // replaces nothing
  // A view: the bytes must stay. Any bytes are safe to search. Error: damaged.
  Charsmap(std::string_view bytes, const std::string& where);

  struct Match {
    std::string_view text;  // what stands for the first `length` bytes
    size_t length;
  };
  // The longest string of the table that `text` begins with, as sentencepiece looks for it.
  std::optional<Match> longest(std::string_view text) const noexcept { return search(text, true); }
  // The shortest, as the Rust library does (which then replaces the whole of what it looked at).
  std::optional<Match> shortest(std::string_view text) const noexcept { return search(text, false); }

 private:
  uint32_t unit(size_t i) const noexcept;
  std::optional<Match> search(std::string_view text, bool longest) const noexcept;

  std::string_view trie_, replacements_;
};

}  // namespace simdclip
