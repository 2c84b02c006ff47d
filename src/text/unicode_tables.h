// The tables of generated/unicode_tables.cpp. Two libraries define what a reference tokenizer does with a
// character: Python (str, re and the regex package; prefix py_ and clip_) and the Rust tokenizers library
// (prefix rust_). They carry different versions of Unicode.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip {

// The bits of one code point, in the order of tools/generate/unicode_tables.py.
enum UnicodeBit : uint32_t {
  kPySpace = 1U << 0,    // str.isspace(), re's \s
  kPyWord = 1U << 1,     // re's \w
  kPyDecimal = 1U << 2,  // re's \d
  kPyCased = 1U << 3,    // the context of a final sigma: cased and not case-ignorable
  kPyCaseIgnorable = 1U << 4,
  kClipLetter = 1U << 5,  // regex with IGNORECASE: [\p{L}]
  kClipNumber = 1U << 6,  // [\p{N}]
  kClipOther = 1U << 7,   // [^\s\p{L}\p{N}]
  kRustSpace = 1U << 8,   // \s of the Rust library's regex engine
  kRustLetter = 1U << 9,
  kRustNumber = 1U << 10,
  kRustOther = 1U << 11,
  kPyLower = 1U << 12,  // str.lower() changes it
  kRustLower = 1U << 13,
  kPyMark = 1U << 14,  // its canonical combining class is not 0
  kRustMark = 1U << 15,
  kDecomposes = 1U << 16,           // canonically
  kNfcCheck = 1U << 17,             // not certainly the same in NFC, wherever it stands
  kRustWhiteSpace = 1U << 18,       // char::is_whitespace()
  kRustBertRemoved = 1U << 19,      // BertNormalizer's clean_text drops it
  kRustBertMark = 1U << 20,         // its strip_accents does
  kRustBertPunctuation = 1U << 21,  // BertPreTokenizer makes a word of it
};

// The class of a code point in Unicode Standard Annex 29, in the bits from kGraphemeShift on. The last three
// are the parts of Indic conjuncts: consonants, and marks that link or end one.
inline constexpr unsigned kGraphemeShift = 28;
enum class GraphemeClass : uint8_t {
  other,
  control,  // with CR and LF
  extend,
  zero_width_joiner,
  spacing_mark,
  prepend,
  regional_indicator,
  pictographic,
  hangul_l,
  hangul_v,
  hangul_t,
  hangul_lv,
  hangul_lvt,
  consonant,
  linker,
  extend_no_conjunct,
};

struct UnicodePair {
  uint32_t from, to;
};
struct UnicodeTriple {
  uint32_t a, b, c;
};

inline constexpr uint32_t kUnicodeBlock = 128;
extern const uint32_t kUnicodeRecords[];
extern const uint16_t kUnicodeStage1[];
extern const uint8_t kUnicodeStage2[];
extern const size_t kUnicodeLowerCount, kUnicodeMarkCount, kUnicodeDecompositionCount,
    kUnicodeCompositionCount;
extern const UnicodePair kUnicodeLower[];
extern const UnicodePair kUnicodeMarks[];
extern const UnicodeTriple kUnicodeDecompositions[];
extern const UnicodeTriple kUnicodeCompositions[];

}  // namespace simdclip
