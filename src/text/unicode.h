// Classes, lower case and NFC of code points, as the reference libraries have them.
#pragma once

#include <string>

#include "text/unicode_tables.h"

namespace simdclip {

enum class UnicodeLibrary : uint8_t { python, rust };

// All UnicodeBits of one code point; surrogates and numbers above U+10FFFF have none.
inline uint32_t unicode_bits(char32_t c) noexcept {
  if (c > 0x10FFFF) return 0;
  const uint32_t block = kUnicodeStage1[c / kUnicodeBlock];
  return kUnicodeRecords[kUnicodeStage2[block * kUnicodeBlock + c % kUnicodeBlock]];
}

// str.lower(): a capital sigma at the end of a word becomes a final one.
void lower_python(std::u32string& text);

// Rust's char::to_lowercase, character by character.
void lower_rust(std::u32string& text);

// Canonical composition (Unicode Standard Annex 15).
void normalize_nfc(std::u32string& text, UnicodeLibrary library);

// Canonical decomposition.
void normalize_nfd(std::u32string& text, UnicodeLibrary library);

}  // namespace simdclip
