// UTF-8, lower case, NFC: values from Python 3.11 and tokenizers 0.23 (docs/text.md).
#include <gtest/gtest.h>

#include "text/unicode.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

using Text = std::u32string;

struct Malformed {
  const char* name;
  std::string bytes;
  Text want;
};
void PrintTo(const Malformed& m, std::ostream* out) { *out << m.name; }

class Utf8 : public testing::TestWithParam<Malformed> {};

TEST_P(Utf8, OneReplacementForEachMaximalSubpart) {
  EXPECT_EQ(decode_utf8(GetParam().bytes), GetParam().want);
  EXPECT_EQ(is_utf8(GetParam().bytes), GetParam().want.find(U'\uFFFD') == Text::npos);
}

// bytes.decode("utf-8", errors="replace")
INSTANTIATE_TEST_SUITE_P(
    Malformed, Utf8,
    testing::Values(
        Malformed{"well formed", "a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", U"a\u00E9\u20AC\U0001F600"},
        Malformed{"stray continuation", "\x80\xBF", U"\uFFFD\uFFFD"},
        Malformed{"overlong 2", "\xC0\x80", U"\uFFFD\uFFFD"},
        Malformed{"overlong 3", "\xE0\x80\x80", U"\uFFFD\uFFFD\uFFFD"},
        Malformed{"overlong 4", "\xF0\x80\x80\x80", U"\uFFFD\uFFFD\uFFFD\uFFFD"},
        Malformed{"surrogate", "\xED\xA0\x80", U"\uFFFD\uFFFD\uFFFD"},
        Malformed{"last before surrogates", "\xED\x9F\xBF", U"\uD7FF"},
        Malformed{"above 10FFFF", "\xF4\x90\x80\x80", U"\uFFFD\uFFFD\uFFFD\uFFFD"},
        Malformed{"10FFFF", "\xF4\x8F\xBF\xBF", U"\U0010FFFF"}, Malformed{"F5", "\xF5\x80", U"\uFFFD\uFFFD"},
        Malformed{"FF FE", "\xFF\xFE", U"\uFFFD\uFFFD"}, Malformed{"truncated 2", "a\xC3", U"a\uFFFD"},
        Malformed{"truncated 3", "\xE2\x82", U"\uFFFD"}, Malformed{"truncated 4", "\xF0\x9F\x98", U"\uFFFD"},
        Malformed{"interrupted", "\xE2\x82z", U"\uFFFDz"},
        Malformed{"interrupted by a lead", "\xF0\x9F\xC3\xA9", U"\uFFFD\u00E9"},
        Malformed{"NUL", std::string("a\0b", 3), Text(U"a\0b", 3)}));

Text lower(Text text) {
  lower_python(text);
  return text;
}

TEST(Lower, FinalSigmaAsPython) {
  EXPECT_EQ(lower(U"ΟΔΥΣΣΕΥΣ"), U"οδυσσευς");
  EXPECT_EQ(lower(U"Σ"), U"σ");
  EXPECT_EQ(lower(U"ΑΣ."), U"ας.");
  EXPECT_EQ(lower(U"ΑΣ.Α"), U"ασ.α");  // '.' is case-ignorable
  EXPECT_EQ(lower(U"Α\u0301Σ\u0301"), U"α\u0301ς\u0301");
  EXPECT_EQ(lower(U"1Σ"), U"1σ");
}

TEST(Lower, SpecialCases) {
  EXPECT_EQ(lower(U"İSTANBUL"), U"i\u0307stanbul");
  EXPECT_EQ(lower(U"\u1E9E\u212A\u2126\u01C5"), U"\u00DFk\u03C9\u01C6");
  Text rust = U"ΑΣ İ";
  lower_rust(rust);
  EXPECT_EQ(rust, U"ασ i\u0307");  // character by character
}

TEST(Lower, TheTwoLibrariesKnowDifferentVersionsOfUnicode) {
  Text python = U"\uA7CB", rust = python;  // Unicode 16
  lower_python(python);
  lower_rust(rust);
  EXPECT_EQ(python, U"\uA7CB");
  EXPECT_EQ(rust, U"\u0264");
}

Text nfc(Text text, UnicodeLibrary library = UnicodeLibrary::python) {
  normalize_nfc(text, library);
  return text;
}

TEST(Nfc, ComposesReordersAndDecomposes) {
  EXPECT_EQ(nfc(U"e\u0301"), U"\u00E9");
  EXPECT_EQ(nfc(U"a\u0301\u0323"), U"\u1EA1\u0301");  // reordered, then composed
  EXPECT_EQ(nfc(U"\u212B\u2126"), U"\u00C5\u03A9");   // singletons
  EXPECT_EQ(nfc(U"\u0958"), U"\u0915\u093C");         // excluded from composition
  EXPECT_EQ(nfc(U"\u1100\u1161\u11A8"), U"\uAC01");
  EXPECT_EQ(nfc(U"\uAC00\u11A8"), U"\uAC01");
  EXPECT_EQ(nfc(U"\u1161\u11A8"), U"\u1161\u11A8");
  EXPECT_EQ(nfc(U"\u0301a"), U"\u0301a");
  EXPECT_EQ(nfc(U"a\u05B0\u0301"), U"\u00E1\u05B0");  // a lower class between does not block
  EXPECT_EQ(nfc(U"a\u0300\u0301"), U"\u00E0\u0301");  // an equal one does
}

TEST(Nfc, TheRustLibraryIsOlder) {
  EXPECT_EQ(nfc(U"\U00011935\U00011930"), U"\U00011938");
  EXPECT_EQ(nfc(U"\U00011935\U00011930", UnicodeLibrary::rust), U"\U00011935\U00011930");
  EXPECT_EQ(nfc(U"a\u0898\u0323"), U"\u1EA1\u0898");
  EXPECT_EQ(nfc(U"a\u0898\u0323", UnicodeLibrary::rust), U"a\u0898\u0323");
}

TEST(Bits, OutOfRangeHasNone) {
  EXPECT_EQ(unicode_bits(0xD800), 0U);
  EXPECT_EQ(unicode_bits(0x110000), 0U);
  EXPECT_EQ(unicode_bits(0xFFFFFFFF), 0U);
  EXPECT_NE(unicode_bits(0x10FFFF) & kClipOther, 0U);
}

}  // namespace
}  // namespace simdclip
