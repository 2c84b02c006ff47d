#include "text/clean.h"

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

}  // namespace

void clean_open_clip(std::u32string& text) {
  ftfy_fix_text(text);
  html_unescape(text);
  html_unescape(text);
  join_words(text);
  lower_python(text);
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

}  // namespace simdclip
