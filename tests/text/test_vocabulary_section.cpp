// The section of unigram, bpe and wordpiece: searches as a plain search finds, and no damaged section is
// trusted.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "support/errors.h"
#include "text/tokenizer_folder.h"
#include "text/vocabulary_section.h"

namespace simdclip {
namespace {

using tests::expect_error;
using tests::kTokenizers;
using tests::tokenizer_plan;
using Section = std::vector<std::byte>;

Vocabulary small() {
  Vocabulary v;
  v.kind = TokenizerKind::unigram;
  v.unk_id = 0;
  v.unknown_score = -20;
  const char* texts[] = {"<unk>",
                         "a",
                         "ab",
                         "abc",
                         "abd",
                         "b",
                         "bc",
                         "\xE2\x96\x81",
                         "\xE2\x96\x81"
                         "ab"};
  for (uint32_t id = 0; id < std::size(texts); ++id) v.entries.push_back({texts[id], id, -1.0 - id});
  v.steps.push_back({TextStep::metaspace, kMetaspacePrepend | kMetaspaceSplit, "\xE2\x96\x81", ""});
  v.added.push_back({"<x>", 9, false, true, false});
  return v;
}

TEST(VocabularyTable, FindsWhatAPlainSearchFinds) {
  Vocabulary v;
  v.kind = TokenizerKind::unigram;
  v.unk_id = 0;
  std::mt19937 random(5);
  std::vector<std::string> texts;
  for (uint32_t id = 0; id < 3000; ++id) {
    std::string text;
    for (size_t n = 1 + random() % 9; n > 0; --n)
      text += static_cast<char>(random() % 4 == 0 ? random() : 'a' + random() % 3);
    if (std::find(texts.begin(), texts.end(), text) != texts.end()) continue;
    v.entries.push_back({text, static_cast<uint32_t>(texts.size()), 0});
    texts.push_back(text);
  }
  const Section section = write_vocabulary(v, "test");
  const VocabularyTable table(TokenizerKind::unigram, section, "test");
  for (int i = 0; i < 4000; ++i) {
    std::string text = texts[random() % texts.size()];
    for (size_t n = random() % 4; n > 0; --n) text += static_cast<char>('a' + random() % 3);
    std::vector<uint32_t> want, got;
    for (size_t n = text.size(); n > 0; --n) {
      const auto at = std::find(texts.begin(), texts.end(), text.substr(0, n));
      if (at != texts.end()) want.push_back(static_cast<uint32_t>(at - texts.begin()));
    }
    for (uint32_t at = table.longest_prefix(text); at != kNoToken; at = table.prefix_of(at))
      got.push_back(table.id(at));
    ASSERT_EQ(got, want) << testing::PrintToString(text);
    const bool whole = !want.empty() && texts[want[0]] == text;
    ASSERT_EQ(table.find(text), whole ? want[0] : kNoToken);
  }
}

TEST(VocabularyTable, WhatCannotBeWritten) {
  const auto refused = [](const auto& change, std::initializer_list<const char*> parts) {
    Vocabulary v = small();
    change(v);
    expect_error(
        ErrorCode::damaged, [&] { write_vocabulary(v, "test"); }, parts);
  };
  refused([](Vocabulary& v) { v.entries[3].text = "ab"; }, {"'ab'", "twice"});
  refused([](Vocabulary& v) { v.entries[3].text = ""; }, {"no text"});
  refused([](Vocabulary& v) { v.entries[3].score = std::nan(""); }, {"abc", "no number"});
  refused(
      [](Vocabulary& v) {
        v.kind = TokenizerKind::bpe;
        v.merges = {{1, 5, 2}, {1, 5, 2}};
      },
      {"twice"});
}

// Every word of the section replaced: a value out of range is refused, and whatever is accepted works.
void check(const TokenizerConfig& config, std::span<const std::byte> section) {
  try {
    const auto tokenizer = make_tokenizer(config, 711, 40, section, "damaged");
    for (const char* text : {"a photo of \xE7\x8A\xAC e\xCC\x81 \xFF<mask>", "</s>abcabd ", ""}) {
      for (int32_t id : tokenizer->encode(text)) ASSERT_TRUE(id >= 0 && id < 711) << id;
    }
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported) << error.what();
  }
}

class Damaged : public testing::TestWithParam<const char*> {};

TEST_P(Damaged, AnyWordIsRefusedOrHarmless) {
  const ConvertPlan plan = tokenizer_plan(kTokenizers + "/" + GetParam());
  Section section = plan.tokenizer;
  std::mt19937 random(9);
  const size_t words = section.size() / 4;
  for (size_t i = 0; i < 4000; ++i) {
    const size_t at = 4 * (i < 60 ? i % words : random() % words);
    const uint32_t values[] = {0, 1, 0xFFFFFFFF, 0x7FF80000, 0x80000000, static_cast<uint32_t>(random())};
    uint32_t before = 0;
    std::memcpy(&before, section.data() + at, 4);
    uint32_t value = values[random() % 6];
    if (random() % 3 == 0) value = before + 1;
    std::memcpy(section.data() + at, &value, 4);
    check(*plan.config.tokenizer, section);
    std::memcpy(section.data() + at, &before, 4);
  }
}

TEST_P(Damaged, EveryLengthButItsOwnIsRefused) {
  const ConvertPlan plan = tokenizer_plan(kTokenizers + "/" + GetParam());
  Section section = plan.tokenizer;
  section.resize(section.size() + 4);
  for (size_t n = 0; n <= section.size(); n += n < 200 ? 1 : 97) {
    if (n == plan.tokenizer.size()) continue;
    expect_error(ErrorCode::damaged, [&] {
      make_tokenizer(*plan.config.tokenizer, 711, 40, std::span(section).first(n), "cut");
    });
  }
}

INSTANTIATE_TEST_SUITE_P(All, Damaged,
                         testing::Values("siglip", "t5_c4_json", "nllb", "siglip2", "bert", "roberta"),
                         [](const auto& i) { return std::string(i.param); });

TEST(DamagedSection, EachIsNamed) {
  const Section good = write_vocabulary(small(), "test");
  const auto refused = [&](size_t at, uint32_t value, ErrorCode code,
                           std::initializer_list<const char*> parts,
                           TokenizerKind kind = TokenizerKind::unigram) {
    Section section = good;
    std::memcpy(section.data() + at, &value, 4);
    expect_error(
        code, [&] { VocabularyTable(kind, section, "m.sclip"); }, parts);
  };
  refused(0, 1, ErrorCode::damaged, {"m.sclip", "VOCB"});
  refused(4, 2, ErrorCode::unsupported, {"version 2", "newer simdclip"});
  refused(0, 0x42434F56, ErrorCode::damaged, {"wordpiece"}, TokenizerKind::wordpiece);
  refused(12, 1U << 20U, ErrorCode::damaged, {"flags"});
  refused(16, 100, ErrorCode::damaged, {"sizes"});
  refused(24, 100, ErrorCode::damaged, {"sizes"});
  refused(68, 0x7FF80000, ErrorCode::damaged, {"score"});
  constexpr size_t kStart = 80, kId = kStart + 10 * 4, kPrefix = kId + 9 * 4, kScores = kPrefix + 9 * 4;
  refused(kStart + 4, 0, ErrorCode::damaged, {"pieces"});           // an empty piece
  refused(kStart + 9 * 4, 1, ErrorCode::damaged, {"pieces"});       // texts end elsewhere
  refused(kId, 10, ErrorCode::damaged, {"pieces"});                 // an id beyond the largest
  refused(kPrefix + 3 * 4, 3, ErrorCode::damaged, {"pieces"});      // its own prefix: a circle
  refused(kPrefix, 5, ErrorCode::damaged, {"pieces"});              // a later one
  refused(kScores + 4, 0x7FF80000, ErrorCode::damaged, {"score"});  // NaN
  refused(kScores + 4, 0x7FF00000, ErrorCode::damaged, {"score"});  // infinite
  refused(kScores + 9 * 8, 50, ErrorCode::damaged, {"step", "50"});
}

TEST(DamagedSection, MoreIdsThanTheModel) {
  const ConvertPlan plan = tokenizer_plan(kTokenizers + "/bert");
  expect_error(ErrorCode::damaged,
               [&] { make_tokenizer(*plan.config.tokenizer, 300, 40, plan.tokenizer, "m.sclip"); },
               {"700", "300"});
}

}  // namespace
}  // namespace simdclip
