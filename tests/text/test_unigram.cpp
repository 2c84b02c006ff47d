// SentencePiece unigram models: ids as sentencepiece's for every kind of option, and damaged files.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <random>

#include "support/errors.h"
#include "support/paths.h"
#include "text/unigram.h"

namespace simdclip {
namespace {

using tests::expect_error;

std::string read(const std::string& name) {
  std::ifstream file(std::string(tests::kFixtures) + "/text/spiece/" + name, std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

// A model file as its section.
struct Model {
  explicit Model(std::string_view file, const std::string& where = "model")
      : section(sentencepiece_section(file, where)),
        table(TokenizerKind::unigram, section, where),
        unigram(table, where) {}
  std::vector<uint32_t> encode(std::string_view text) const { return unigram.encode(text); }
  std::vector<std::byte> section;
  VocabularyTable table;
  Unigram unigram;
};

class Spiece : public testing::TestWithParam<const char*> {};

TEST_P(Spiece, IdsAsTheReference) {
  const std::string file = read(std::string(GetParam()) + ".model"),
                    golden = read(std::string(GetParam()) + ".bin");
  const Model model(file);
  size_t position = 0, count = 0;
  const auto number = [&] {
    uint16_t value = 0;
    std::memcpy(&value, golden.data() + position, sizeof value);
    position += sizeof value;
    return value;
  };
  for (; position < golden.size(); ++count) {
    const size_t length = number();
    const std::string text = golden.substr(position, length);
    position += length;
    std::vector<uint32_t> want(number());
    for (uint32_t& id : want) id = number();
    EXPECT_EQ(model.encode(text), want) << testing::PrintToString(text);
  }
  EXPECT_EQ(count, 420U);
}

TEST_P(Spiece, AMegabyteOfAnything) {
  const std::string file = read(std::string(GetParam()) + ".model");
  const Model model(file);
  const std::string_view units[] = {"a",    "photo", " ",      "é",
                                    "\xFF", "你",    "<mask>", std::string_view("\0", 1)};
  for (std::string_view unit : units) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    for (uint32_t id : model.encode(text)) ASSERT_LT(id, model.table.size());
  }
}

TEST_P(Spiece, DamagedFilesAreRefusedOrHarmless) {
  const std::string file = read(std::string(GetParam()) + ".model");
  std::mt19937 random(3);
  for (int i = 0; i < 1500; ++i) {
    std::string damaged = file.substr(0, i % 3 == 0 ? random() % file.size() : file.size());
    for (int n = i % 3 == 0 ? 0 : i % 4 + 1; n > 0; --n)
      damaged[random() % damaged.size()] = static_cast<char>(random());
    try {
      const Model model(damaged);
      for (uint32_t id : model.encode("a photo \xFF of e\u0301 \uFF21\uFF22"))
        ASSERT_LT(id, model.table.size());
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported)
          << error.what();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Options, Spiece,
                         testing::Values("unigram", "user_defined", "byte_fallback", "suffix", "no_prefix"),
                         [](const auto& i) { return std::string(i.param); });

TEST(SpieceFile, NotAModel) {
  expect_error(ErrorCode::damaged, [] { Model("", "spiece.model"); }, {"spiece.model"});
  expect_error(ErrorCode::damaged, [] { Model("{\"model\": 1}", "spiece.model"); }, {"spiece.model"});
  expect_error(ErrorCode::damaged, [] { Model("\x0A\x7F", "spiece.model"); });  // longer than the file
  expect_error(ErrorCode::damaged, [] { Model("\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", "m"); });
  expect_error(ErrorCode::damaged,
               [] {
                 Model(std::string("\x0A\x03\x0A\x01"
                                   "a",
                                   5),
                       "m");
               },
               {"unknown"});
  expect_error(ErrorCode::damaged,
               [] {
                 Model(std::string("\x0A\x03\x0A\x01"
                                   "a\x0A\x03\x0A\x01"
                                   "a",
                                   10),
                       "m");
               },
               {"twice"});
  const std::string unknown(
      "\x0A\x05\x0A\x01"
      "u\x18\x02",
      7);
  expect_error(ErrorCode::unsupported, [&] { Model(unknown + std::string("\x12\x02\x18\x02", 4), "m"); },
               {"BPE"});
  expect_error(ErrorCode::unsupported, [&] { Model(unknown + std::string("\x12\x02\x18\x04", 4), "m"); },
               {"type 4"});
  expect_error(ErrorCode::damaged, [&] { Model(unknown + std::string("\x1A\x06\x12\x04zzzz", 8), "m"); },
               {"normalization"});
}

}  // namespace
}  // namespace simdclip
