// The tables of generated/ftfy_tables.cpp.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip {

// The heuristic for mojibake is a set of short sequences of character classes. All of them are followed at
// once: bit i of the state says that the characters up to here match a sequence up to its element i.
inline constexpr size_t kBadnessWords = 2;
extern const uint64_t kBadnessFirst[kBadnessWords];  // first elements of sequences
extern const uint64_t
    kBadnessStart[kBadnessWords];  // those that may stand anywhere, not only at the start of the text
extern const uint64_t kBadnessFinal[kBadnessWords];    // last elements
extern const uint64_t kBadnessMasks[][kBadnessWords];  // by class of character: the elements that accept it

enum FtfyClue : uint8_t {  // what a character would be if its text were UTF-8 read as a single-byte encoding
  kFirstOf2 = 1,
  kFirstOf3 = 2,
  kFirstOf4 = 4,
  kContinuation = 8,
  kStrictContinuation = 16,
};
struct FtfyChar {
  uint32_t code_point;
  uint8_t badness_class, clues;
};
extern const size_t kFtfyCharCount;
extern const FtfyChar kFtfyChars[];  // by code point

inline constexpr size_t kFtfyEncodings = 10;
enum FtfyEncoding : uint8_t {
  kLatin1,
  kSloppy1252,
  kSloppy1251,
  kSloppy1250,
  kSloppy1253,
  kSloppy1254,
  kSloppy1257,
  kIso8859_2,
  kMacRoman,
  kCp437
};
struct FtfyEncoded {
  uint32_t code_point;
  uint8_t bytes[kFtfyEncodings];  // 0: not in that encoding
};
extern const size_t kFtfyEncodedCount;
extern const FtfyEncoded kFtfyEncoded[];  // by code point; ASCII is itself

extern const uint16_t kWindows1252[32];  // of bytes 80..9F; the five that it does not define are themselves

struct FtfyReplacement {
  uint32_t code_point;
  char32_t text[3];
};
extern const size_t kFtfyReplacementCount;
extern const FtfyReplacement kFtfyReplacements[];  // Latin ligatures, full-width and half-width forms

}  // namespace simdclip
