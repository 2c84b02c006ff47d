#include "text/pretokenize.h"

#include <algorithm>

namespace simdclip {
namespace {

constexpr char32_t kLongS =
    0x17F;  // the one character that lower() leaves and that matches an ASCII letter when case is ignored

bool same_letter(char32_t c, char32_t letter, UnicodeLibrary library) noexcept {
  return c == letter || (library == UnicodeLibrary::python && c == kLongS && letter == U's');
}

bool starts_with(std::u32string_view text, std::u32string_view literal, UnicodeLibrary library) noexcept {
  return text.size() >= literal.size() &&
         std::equal(literal.begin(), literal.end(), text.begin(),
                    [&](char32_t l, char32_t c) { return same_letter(c, l, library); });
}

}  // namespace

bool WordScanner::next(Word& word) noexcept {
  for (; position_ < text_.size(); ++position_) {
    word.kind = WordKind::word;
    const size_t length = match(word.kind);
    if (length == 0) continue;
    word.text = text_.substr(position_, length);
    position_ += length;
    return true;
  }
  return false;
}

size_t WordScanner::match(WordKind& kind) noexcept {
  const std::u32string_view rest = text_.substr(position_);
  const bool python = library_ == UnicodeLibrary::python;
  if (rest[0] == U'<' && python) {
    for (const auto& [name, k] : {std::pair(std::u32string_view(U"<start_of_text>"), WordKind::begin),
                                  std::pair(std::u32string_view(U"<end_of_text>"), WordKind::end)}) {
      if (!starts_with(rest, name, library_)) continue;
      if (rest.starts_with(name)) kind = k;  // with a long s it is a word like any other
      return name.size();
    }
  }
  if (rest[0] == U'<' && !python) {
    // The literal is a word of its own, which the byte-level expression cuts into "<|", the name and "|>".
    for (std::u32string_view name : {U"<|startoftext|>", U"<|endoftext|>"}) {
      if (rest.starts_with(name)) literal_end_ = position_ + name.size();
    }
  }
  if (const size_t length = contraction(); length != 0) return length;
  const uint32_t bits = unicode_bits(rest[0]);
  if (const uint32_t letter = python ? kClipLetter : kRustLetter; (bits & letter) != 0) return run(letter);
  if ((bits & (python ? kClipNumber : kRustNumber)) != 0) return 1;
  if (const uint32_t other = python ? kClipOther : kRustOther; (bits & other) != 0) return run(other);
  return 0;
}

size_t WordScanner::contraction() const noexcept {
  const std::u32string_view rest = text_.substr(position_);
  if (rest[0] != U'\'') return 0;
  for (std::u32string_view tail : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
    if (starts_with(rest, tail, library_)) return tail.size();
  }
  return 0;
}

size_t WordScanner::run(uint32_t bit) const noexcept {
  const size_t limit = position_ < literal_end_ ? literal_end_ : text_.size();
  size_t end = position_ + 1;
  while (end < limit && (unicode_bits(text_[end]) & bit) != 0) ++end;
  return end - position_;
}

}  // namespace simdclip
