// Hostile text: whatever the bytes are, ids come out, within a second, in range, begun and ended as they must
// be.
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "support/cpu_time.h"
#include "text/tokenizer.h"

namespace simdclip {
namespace {

using tests::cpu_seconds;
using tests::kSlower;

struct Case {
  std::string name;
  std::string text;
};

std::string megabyte(std::string_view unit) {
  std::string out;
  while (out.size() + unit.size() <= 1'000'000) out += unit;
  return out;
}

std::string random_bytes(uint32_t seed, size_t n, unsigned low, unsigned high) {
  std::mt19937 random(seed);
  std::string out;
  for (size_t i = 0; i < n; ++i) out += static_cast<char>(low + random() % (high - low + 1));
  return out;
}

std::vector<Case> cases() {
  std::vector<Case> all = {{"empty", ""},
                           {"NUL", std::string(1, '\0')},
                           {"NULs and text", std::string("a\0b\0", 4)},
                           {"only spaces", "   \t\n"}};
  // Units repeated to a megabyte: long words, damaged UTF-8, mojibake of several layers, references, marks,
  // escapes.
  const char* units[] = {"a",
                         "ab",
                         "abcdefghijklmnopqrstuvwxyz",
                         "a photo of a cat ",
                         "!",
                         "!a",
                         "1",
                         "'s",
                         "'",
                         "<",
                         "<|endoftext|>",
                         "<|startoftext|>",
                         "<start_of_text>",
                         "<end_of_text>",
                         "<|",
                         "<start_of_",
                         "\xFF",
                         "\xC0\x80",
                         "\xE0\x80",
                         "\xF0\x9F\x98",
                         "\xED\xA0\x80",
                         "\xF4\x90\x80\x80",
                         "é",
                         "e\u0301",
                         "\u0301\u0323",
                         "\u0345",
                         "ΑΣ",
                         "Σ\u0301",
                         "İ",
                         "你好",
                         "한국",
                         "\u1100\u1161\u11A8",
                         "👩‍👩‍👧‍👦",
                         "ﬃ",
                         "ＡＢ",
                         "\u3000",
                         "Ã©",
                         "Ã© ",
                         "ÃƒÂ©",
                         "ÃƒÆ’Ã‚Â©",
                         "â€œ",
                         "â€\uFFFD",
                         "Â ",
                         "\u0081",
                         "\u0080\u0081",
                         "Ã©\u0081",
                         "ðŸ˜€",
                         "í\u00A0½í¸\u0080",
                         "Ð°Ñ‚",
                         "│ì",
                         "×²",
                         "&amp;",
                         "&",
                         "&#",
                         "&#1",
                         "&#x",
                         "&lt",
                         "&lt;\n",
                         "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                         "é\n",
                         "\r",
                         "\r\n",
                         "\u2028",
                         "\x1b[1",
                         "\x1b[",
                         "\x1b[1m"};
  for (const char* unit : units)
    all.push_back({"a megabyte of " + testing::PrintToString(std::string(unit)), megabyte(unit)});
  all.push_back({"nested references", "&" + megabyte("amp;") + "lt;"});
  all.push_back({"nested numeric references", "&" + megabyte("#38;") + "lt;"});
  all.push_back({"a number of a million digits", "&#" + megabyte("1") + ";"});
  all.push_back({"a letter and a megabyte of marks", "a" + megabyte("\u0316\u0301")});
  all.push_back({"sigmas and a megabyte of ignorable",
                 megabyte("Σ").substr(0, 500'000) + megabyte("\u0301").substr(0, 500'000)});
  for (uint32_t seed = 0; seed < 4; ++seed) {
    all.push_back({"random bytes " + std::to_string(seed), random_bytes(seed, 200'000, 0, 255)});
    all.push_back({"random high bytes " + std::to_string(seed), random_bytes(seed, 200'000, 0x80, 0xFF)});
    all.push_back({"random ASCII " + std::to_string(seed), random_bytes(seed, 200'000, 0, 0x7F)});
  }
  for (int words : {74, 75, 76, 77, 78}) {
    std::string text;
    for (int i = 0; i < words; ++i) text += "cat ";
    all.push_back({std::to_string(words) + " words", text});
  }
  return all;
}

class Hostile : public testing::TestWithParam<TextCleaning> {
 protected:
  std::vector<std::byte> section_ = clip_bpe_builtin_section();
  std::unique_ptr<Tokenizer> make() const {
    TokenizerConfig config;
    config.cleaning = GetParam();
    return make_tokenizer(config, 49408, 77, section_, "test");
  }
};

TEST_P(Hostile, IdsWithinASecond) {
  const auto all = cases();
  ASSERT_GE(all.size(), 80U);
  const auto tokenizer = make();
  for (const Case& c : all) {
    const double begin = cpu_seconds();
    const auto ids = tokenizer->encode(c.text);
    EXPECT_LT(cpu_seconds() - begin, 1 * kSlower) << c.name;
    ASSERT_GE(ids.size(), 2U) << c.name;
    ASSERT_LE(ids.size(), 77U) << c.name;
    EXPECT_EQ(ids.front(), 49406) << c.name;
    EXPECT_EQ(ids.back(), 49407) << c.name;
    for (int32_t id : ids) EXPECT_TRUE(id >= 0 && id < 49408) << c.name;
  }
}

TEST_P(Hostile, OneTokenizerInManyThreads) {
  const auto tokenizer = make();
  const std::vector<std::string> texts = {"a photo of a cat", "schÃ¶n &amp; gut", std::string(3000, 'x'),
                                          "ΑΣ \xFF 你好"};
  std::vector<std::vector<int32_t>> want;
  for (const auto& text : texts) want.push_back(tokenizer->encode(text));
  std::vector<std::thread> threads;
  std::vector<int> wrong(16);
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = 0; i < 50; ++i)
        wrong[t] += tokenizer->encode(texts[(i + t) % texts.size()]) != want[(i + t) % texts.size()];
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(16));
}

INSTANTIATE_TEST_SUITE_P(Dialects, Hostile,
                         testing::Values(TextCleaning::open_clip, TextCleaning::transformers),
                         [](const auto& i) {
                           return i.param == TextCleaning::open_clip ? "open_clip" : "transformers";
                         });

TEST(Start, ATokenizerIsReadyInFiveMilliseconds) {
  const auto section = clip_bpe_builtin_section();
  double best = 1;
  for (int i = 0; i < 5; ++i) {
    const double begin = cpu_seconds();
    make_tokenizer(TokenizerConfig{}, 49408, 77, section, "test");
    best = std::min(best, cpu_seconds() - begin);
  }
  EXPECT_LT(best, 0.005 * kSlower);
}

}  // namespace
}  // namespace simdclip
