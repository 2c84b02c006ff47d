#include "text/unicode.h"

#include <algorithm>
#include <span>
#include <utility>
#include <vector>

namespace simdclip {
namespace {

constexpr char32_t kCapitalSigma = 0x3A3, kSigma = 0x3C3, kFinalSigma = 0x3C2;
constexpr char32_t kCapitalIWithDot = 0x130, kCombiningDot = 0x307;

// Hangul syllables are arithmetic (The Unicode Standard, 3.12).
constexpr char32_t kSBase = 0xAC00, kLBase = 0x1100, kVBase = 0x1161, kTBase = 0x11A7;
constexpr char32_t kLCount = 19, kVCount = 21, kTCount = 28, kSCount = kLCount * kVCount * kTCount;

uint32_t find_pair(const UnicodePair* table, size_t count, char32_t c) {
  const auto* found =
      std::lower_bound(table, table + count, c, [](const UnicodePair& p, char32_t v) { return p.from < v; });
  return found != table + count && found->from == c ? found->to : 0;
}

char32_t lower_one(char32_t c) { return find_pair(kUnicodeLower, kUnicodeLowerCount, c); }

// Whether the sigma at position i ends a word: a cased letter before it and none after it, case-ignorable
// characters skipped.
bool is_final_sigma(const std::u32string& text, size_t i) {
  size_t before = i;
  while (before > 0 && (unicode_bits(text[before - 1]) & kPyCaseIgnorable) != 0) --before;
  if (before == 0 || (unicode_bits(text[before - 1]) & kPyCased) == 0) return false;
  size_t after = i + 1;
  while (after < text.size() && (unicode_bits(text[after]) & kPyCaseIgnorable) != 0) ++after;
  return after == text.size() || (unicode_bits(text[after]) & kPyCased) == 0;
}

// U+0130 is the one character whose lower case is two.
void expand_capital_i_with_dot(std::u32string& text) {
  if (text.find(kCapitalIWithDot) == std::u32string::npos) return;
  std::u32string out;
  out.reserve(text.size() + 16);
  for (char32_t c : text) {
    if (c == kCapitalIWithDot) {
      out += U'i';
      out += kCombiningDot;
    } else {
      out += c;
    }
  }
  text = std::move(out);
}

uint8_t combining_class(char32_t c, UnicodeLibrary library) {
  const uint32_t bit = library == UnicodeLibrary::python ? kPyMark : kRustMark;
  if ((unicode_bits(c) & bit) == 0) return 0;
  return static_cast<uint8_t>(find_pair(kUnicodeMarks, kUnicodeMarkCount, c));
}

// U+11938 came with Unicode 13, after the Rust library's tables.
bool knows(UnicodeLibrary library, char32_t composed) {
  return library == UnicodeLibrary::python || composed != 0x11938;
}

void decompose(char32_t c, UnicodeLibrary library, std::u32string& out) {
  if (c - kSBase < kSCount) {
    const char32_t s = c - kSBase;
    out += kLBase + s / (kVCount * kTCount);
    out += kVBase + s % (kVCount * kTCount) / kTCount;
    if (s % kTCount != 0) out += kTBase + s % kTCount;
    return;
  }
  if ((unicode_bits(c) & kDecomposes) == 0 || !knows(library, c)) {
    out += c;
    return;
  }
  const std::span table(kUnicodeDecompositions, kUnicodeDecompositionCount);
  const auto found = std::lower_bound(table.begin(), table.end(), c,
                                      [](const UnicodeTriple& t, char32_t v) { return t.a < v; });
  decompose(found->b, library, out);
  if (found->c != 0) decompose(found->c, library, out);
}

// Marks between starters in the order of their classes, equal classes as they were.
void reorder_marks(std::u32string& text, UnicodeLibrary library) {
  for (size_t i = 0; i < text.size();) {
    if (combining_class(text[i], library) == 0) {
      ++i;
      continue;
    }
    size_t end = i + 1;
    while (end < text.size() && combining_class(text[end], library) != 0) ++end;
    std::stable_sort(
        text.begin() + static_cast<std::ptrdiff_t>(i), text.begin() + static_cast<std::ptrdiff_t>(end),
        [&](char32_t a, char32_t b) { return combining_class(a, library) < combining_class(b, library); });
    i = end;
  }
}

// The character that a and b compose to, or 0.
char32_t compose_pair(char32_t a, char32_t b, UnicodeLibrary library) {
  if (a - kLBase < kLCount && b - kVBase < kVCount)
    return kSBase + ((a - kLBase) * kVCount + (b - kVBase)) * kTCount;
  if (a - kSBase < kSCount && (a - kSBase) % kTCount == 0 && b > kTBase && b - kTBase < kTCount)
    return a + (b - kTBase);
  const std::span table(kUnicodeCompositions, kUnicodeCompositionCount);
  const auto found =
      std::lower_bound(table.begin(), table.end(), std::pair<uint32_t, uint32_t>(a, b),
                       [](const UnicodeTriple& t, const auto& v) { return std::pair(t.a, t.b) < v; });
  if (found == table.end() || found->a != a || found->b != b || !knows(library, found->c)) return 0;
  return found->c;
}

void compose(std::u32string& text, UnicodeLibrary library) {
  constexpr size_t kNone = static_cast<size_t>(-1);
  size_t starter = kNone, out = 0;
  int last_class = -1;  // of the character before, since the starter; -1: nothing between
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const int this_class = combining_class(c, library);
    if (starter != kNone && last_class < this_class) {  // not blocked
      if (const char32_t composed = compose_pair(text[starter], c, library); composed != 0) {
        text[starter] = composed;
        continue;
      }
    }
    if (this_class == 0) {
      starter = out;
      last_class = -1;
    } else {
      last_class = this_class;
    }
    text[out++] = c;
  }
  text.resize(out);
}

}  // namespace

void lower_python(std::u32string& text) {
  std::vector<size_t> final_sigmas;  // judged on the text as it was
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == kCapitalSigma && is_final_sigma(text, i)) final_sigmas.push_back(i);
  }
  for (char32_t& c : text) {
    if (c != kCapitalIWithDot && (unicode_bits(c) & kPyLower) != 0) c = lower_one(c);
  }
  for (size_t i : final_sigmas) text[i] = kFinalSigma;
  expand_capital_i_with_dot(text);
}

void lower_rust(std::u32string& text) {
  for (char32_t& c : text) {
    if (c != kCapitalIWithDot && (unicode_bits(c) & kRustLower) != 0) c = lower_one(c);
  }
  expand_capital_i_with_dot(text);
}

void normalize_nfc(std::u32string& text, UnicodeLibrary library) {
  if (std::none_of(text.begin(), text.end(), [](char32_t c) { return (unicode_bits(c) & kNfcCheck) != 0; }))
    return;
  normalize_nfd(text, library);
  compose(text, library);
}

void normalize_nfd(std::u32string& text, UnicodeLibrary library) {
  std::u32string decomposed;
  decomposed.reserve(text.size() + text.size() / 4);
  for (char32_t c : text) decompose(c, library, decomposed);
  reorder_marks(decomposed, library);
  text = std::move(decomposed);
}

}  // namespace simdclip
