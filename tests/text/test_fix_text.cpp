// ftfy and html.unescape step by step; every value was printed by the Python libraries.
#include <gtest/gtest.h>

#include "text/clean.h"
#include "text/fix_text.h"
#include "text/html.h"
#include "text/mojibake.h"
#include "text/mojibake_bytes.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

using Text = std::u32string;

Text fix(Text text) {
  ftfy_fix_text(text);
  return text;
}
Text unescape(Text text) {
  html_unescape(text);
  return text;
}

TEST(FixText, UndoesMojibake) {
  EXPECT_EQ(fix(U"schÃ¶n"), U"schön");
  EXPECT_EQ(fix(U"âœ” No problems"), U"✔ No problems");
  EXPECT_EQ(fix(U"voilÃ le travail"), U"voilà le travail");
  EXPECT_EQ(fix(U"â€œ like this â€\uFFFD"), U"\" like this \uFFFD");
  EXPECT_EQ(fix(U"l’humanitÃ©"), U"l'humanité");
  EXPECT_EQ(fix(U"ÐºÐ¾Ñ\u0088ÐºÐ°"), U"кошка");
}

TEST(FixText, SeveralLayers) {
  EXPECT_EQ(fix(U"The Mona Lisa doesnÃƒÂ¢Ã¢â€šÂ¬Ã¢â€žÂ¢t have eyebrows."),
            U"The Mona Lisa doesn't have eyebrows.");
}

TEST(FixText, LeavesGoodTextAlone) {
  for (const char32_t* text : {U"L'épée d'Ærø, 25 € – c'est ça!", U"Собака бежит", U"日本語のテキスト",
                               U"Ærøskøbing & Øl", U"ÀÉÎÕÜ"})
    EXPECT_EQ(fix(text), text);
}

TEST(FixText, Details) {
  EXPECT_EQ(fix(U"ＬＯＵＤ\u3000ﾉｲｽﾞ"), U"LOUD ノイズ");
  EXPECT_EQ(fix(U"ﬂuﬃeﬆ Ĳ ŉ"), U"fluffiest IJ 'n");
  EXPECT_EQ(fix(U"a\r\nb\rc\u2028d\u2029e"), U"a\nb\nc\nd\ne");
  EXPECT_EQ(fix(U"\x1b[36;44mblue\x1b[0m"), U"blue");
  EXPECT_EQ(fix(U"\uFEFFa\u0007\u206Ab\uFFF9c\u007F"), U"abc");
  EXPECT_EQ(fix(U"“curly” ‘quotes’ ʼ"), U"\"curly\" 'quotes' '");
  EXPECT_EQ(fix(U"e\u0301"), U"é");
  EXPECT_EQ(fix(U"\u0080 \u0081"), U"€ \u0081");
}

TEST(FixText, ReferencesUntilALineLooksLikeHtml) {
  EXPECT_EQ(fix(U"&lt;a&gt; P&EACUTE;REZ &SZLIG; &amp;amp;"), U"<a> PÉREZ SS &");
  EXPECT_EQ(fix(U"&eacute;\n<b>&eacute;\n&eacute;"), U"é\n<b>&eacute;\n&eacute;");
  EXPECT_EQ(fix(U"&#59; &eacute &nTILDE; &#xD800; &#x110000;"), U"&#59; &eacute &nTILDE; \uFFFD \uFFFD");
}

TEST(FixText, NestedReferencesAreTheSameHoweverDeep) {
  Text nested = U"&";
  for (int i = 0; i < 1000; ++i) nested += i % 3 == 0 ? U"#38;" : U"amp;";
  EXPECT_EQ(fix(nested + U"lt;é"), U"<é");
  EXPECT_EQ(fix(nested + U"x"), U"&x");
}

TEST(HtmlUnescape, Html5Rules) {
  EXPECT_EQ(unescape(U"&notit; &notin; &amp &ampx &AMP; &ampamp;"), U"¬it; ∉ & &x & &amp;");
  EXPECT_EQ(unescape(U"&#233 &#xE9; &#XE9g &#0; &#128; &#129; &#x1F600;"), U"é é ég \uFFFD € \u0081 😀");
  EXPECT_EQ(unescape(U"a&#1;b&#xFFFE;c&#xD800;d&#x110000;e&#99999999999999999999;"),
            U"abc\uFFFDd\uFFFDe\uFFFD");
  EXPECT_EQ(unescape(U"& &; &#; &#x; &# &&lt;"), U"& &; &#; &#x; &# &<");
  EXPECT_EQ(unescape(U"&NotEqualTilde; &bne;"), U"≂̸ =⃥");  // two characters each
  EXPECT_EQ(unescape(U"&" + Text(5000, U'x')), U"&" + Text(5000, U'x'));
  EXPECT_EQ(unescape(U"&#" + Text(5000, U'1') + U";"), U"\uFFFD");
}

TEST(Mojibake, Badness) {
  EXPECT_TRUE(looks_like_mojibake(U"Ã "));  // only at the start of the text
  EXPECT_FALSE(looks_like_mojibake(U"x;Ã "));
  EXPECT_TRUE(looks_like_mojibake(U"xÃ "));
  EXPECT_TRUE(looks_like_mojibake(U"x Ã "));  // an optional space between
  EXPECT_TRUE(looks_like_mojibake(U"вЂ"));
  EXPECT_TRUE(looks_like_mojibake(U"œ1"));
  EXPECT_FALSE(looks_like_mojibake(U"œu"));
  EXPECT_FALSE(looks_like_mojibake(U"œ"));
  EXPECT_FALSE(looks_like_mojibake(U""));
}

TEST(MojibakeBytes, VariantsOfUtf8) {
  EXPECT_EQ(decode_strictly("\xED\xA0\xBD\xED\xB8\x8D", true), U"😍");
  EXPECT_EQ(decode_strictly("\xED\xA0\xBD\xED\xB8\x8D", false), std::nullopt);
  EXPECT_EQ(decode_strictly("a\xC0\x80z", true), Text(U"a\0z", 3));
  EXPECT_EQ(decode_strictly("\xED\xA0\xBD", true), std::nullopt);
  EXPECT_EQ(decode_strictly("\xED\x95\x9C", true), U"한");
  EXPECT_EQ(decode_strictly("\xC0\n", true), Text(U"\0", 1));  // ftfy's '$' stands before a last newline
  EXPECT_EQ(decode_strictly("\xC0\nx", true), std::nullopt);
}

TEST(MojibakeBytes, LostBytes) {
  std::string bytes = "\xC3\x1A \xC3? \xE2\x82\x1A \xF0\x9F?\x98 \xC4? \x1A";
  replace_lossy_sequences(bytes);
  EXPECT_EQ(bytes, "\uFFFD \uFFFD \uFFFD \uFFFD \xC4? \uFFFD");
  bytes = "\xC3 la \xC3 quele \xC3 s \xE2 \x80";
  EXPECT_TRUE(has_altered_utf8(bytes));
  restore_byte_a0(bytes);
  EXPECT_EQ(bytes, "\xC3\xA0 la \xC3\xA0quele \xC3\xA0s \xE2\xA0\x80");
}

TEST(Clean, WhiteSpaceOfEachLibrary) {
  Text text = U"\u2003 A\u001CB\u3000\n ";
  Text python = text, rust = text;
  clean_open_clip(python);
  clean_transformers(rust);
  EXPECT_EQ(python,
            U"ab");  // U+001C is white space to str.split(), but ftfy removes it as a control character
  EXPECT_EQ(rust, U" a\u001Cb ");
}

}  // namespace
}  // namespace simdclip
