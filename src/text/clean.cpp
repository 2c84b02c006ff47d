#include "text/clean.h"

#include <algorithm>

#include "text/fix_text.h"
#include "text/html.h"
#include "text/unicode.h"

namespace simdclip {
namespace {

// " ".join(text.split())
void join_words(std::u32string& text) {
  size_t out = 0;
  bool space = false;
  for (char32_t c : text) {
    if ((unicode_bits(c) & kPySpace) != 0) {
      space = out > 0;
      continue;
    }
    if (space) text[out++] = U' ';
    space = false;
    text[out++] = c;
  }
  text.resize(out);
}

// string.punctuation
void drop_punctuation(std::u32string& text) {
  std::erase_if(text, [](char32_t c) {
    return (c >= U'!' && c <= U'/') || (c >= U':' && c <= U'@') || (c >= U'[' && c <= U'`') ||
           (c >= U'{' && c <= U'~');
  });
}

}  // namespace

void clean_open_clip(std::u32string& text) {
  clean_open_clip_whitespace(text);
  lower_python(text);
}

void clean_open_clip_whitespace(std::u32string& text) {
  ftfy_fix_text(text);
  html_unescape(text);
  html_unescape(text);
  join_words(text);
}

void clean_open_clip_canonicalize(std::u32string& text) {
  clean_open_clip_whitespace(text);
  std::replace(text.begin(), text.end(), U'_', U' ');
  drop_punctuation(text);
  lower_python(text);
  join_words(text);
}

void clean_siglip(std::u32string& text) {
  lower_python(text);
  drop_punctuation(text);
  join_words(text);
}

void clean_transformers(std::u32string& text) {
  normalize_nfc(text, UnicodeLibrary::rust);
  size_t out = 0;
  for (char32_t c : text) {
    if ((unicode_bits(c) & kRustSpace) != 0) {
      if (out > 0 && text[out - 1] == U' ') continue;
      c = U' ';
    }
    text[out++] = c;
  }
  text.resize(out);
  lower_rust(text);
}

void clean_text(std::u32string& text, TextCleaning cleaning) {
  switch (cleaning) {
    case TextCleaning::open_clip: clean_open_clip(text); break;
    case TextCleaning::open_clip_whitespace: clean_open_clip_whitespace(text); break;
    case TextCleaning::open_clip_canonicalize: clean_open_clip_canonicalize(text); break;
    case TextCleaning::transformers: clean_transformers(text); break;
    case TextCleaning::siglip: clean_siglip(text); break;
    case TextCleaning::none: break;
  }
}

}  // namespace simdclip
