// Texts that share beginnings: what is computed once, and that no bit of a vector shows it.
#include "model/text_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "base/cpu.h"
#include "model/tiny_cases.h"
#include "simdclip/simdclip.h"

namespace simdclip {
namespace {

using Ids = std::vector<int32_t>;

std::vector<OrderedText> order_of(const TextConfig& config, const std::vector<Ids>& texts) {
  const std::vector<std::span<const int32_t>> lists(texts.begin(), texts.end());
  return order_texts(config, lists);
}

size_t rows_of(const std::vector<OrderedText>& order) {
  return std::accumulate(order.begin(), order.end(), size_t{0},
                         [](size_t rows, const OrderedText& t) { return rows + t.length - t.shared; });
}

TextConfig text_config() { return *tiny_clip().text; }  // ends with 513, causal

TEST(TextOrder, SharesTheLongestBeginnings) {
  const std::vector<Ids> texts = {
      {512, 1, 9, 513}, {512, 1, 2, 3, 513}, {512, 1, 2, 4, 513}, {512, 1, 9, 513, 0, 0}};
  const auto order = order_of(text_config(), texts);
  ASSERT_EQ(order.size(), 4U);
  const size_t want_text[] = {1, 2, 0, 3}, want_length[] = {5, 5, 4, 4}, want_shared[] = {0, 3, 2, 4};
  for (size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(order[i].text, want_text[i]) << i;
    EXPECT_EQ(order[i].length, want_length[i]) << i;
    EXPECT_EQ(order[i].shared, want_shared[i]) << i;
  }
}

TEST(TextOrder, ATextThatBeginsAnotherStandsBeforeIt) {
  TextConfig config = text_config();
  config.pooling = Pooling::last;  // no end token is needed
  const auto order = order_of(config, {{7, 8, 9}, {7, 8}, {7}});
  EXPECT_EQ(order[0].text, 2U);
  EXPECT_EQ(order[1].text, 1U);
  EXPECT_EQ(order[2].text, 0U);
  EXPECT_EQ(rows_of(order), 3U);
}

TEST(TextOrder, OtherTowersKeepTheOrderAndShareNothing) {
  TextConfig config = text_config();
  config.causal = false;
  const auto order = order_of(config, {{512, 5, 513}, {512, 4, 513}, {512, 5, 513}});
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(order[i].text, i);
    EXPECT_EQ(order[i].shared, 0U);
  }
}

// 5 templates times 24 names, as a zero-shot classifier asks for them, and some texts twice.
std::vector<std::string> prompts() {
  std::vector<std::string> texts;
  for (int i = 0; i < 24; ++i) {
    const std::string name = std::string(1, static_cast<char>('a' + i)) + (i % 3 == 0 ? "nt" : "x");
    for (const char* begin : {"a photo of a ", "a bad photo of a ", "a photo of the ", "", "itap of a "})
      texts.push_back(begin + name + (i % 2 == 0 ? "." : "!"));
  }
  texts.insert(texts.end(), {"", texts[3], texts[50], "", "a photo of a "});
  return texts;
}

class SharedPrefixes : public testing::TestWithParam<TinyCase> {
 protected:
  static ModelConfig config() {
    ModelConfig config = GetParam().config;
    config.text->context_length = 32;
    return config;
  }
};

TEST_P(SharedPrefixes, GiveTheBitsOfEachTextAlone) {
  const TinyModel tiny(config(), 41);
  const std::vector<std::string> texts = prompts();
  for (const Isa isa : cpu_isas()) {
    for (const unsigned threads : {1U, 3U}) {
      ModelOptions options;
      options.threads = threads;
      options.isa = std::string(to_string(isa));
      const Model model = Model::open(tiny.path(), options);
      const size_t width = model.embed_dim();
      std::vector<float> together(texts.size() * width);
      model.embed_texts(texts, together);
      for (size_t i = 0; i < texts.size(); ++i) {
        const std::vector<float> alone = model.embed_text(texts[i]);
        ASSERT_TRUE(
            std::equal(alone.begin(), alone.end(), together.begin() + static_cast<ptrdiff_t>(i * width)))
            << options.isa << ", " << threads << " threads, text " << i << ": " << texts[i];
      }
    }
  }
}

// Those that differ in the text tower.
std::vector<TinyCase> text_cases() {
  std::vector<TinyCase> cases;
  for (const TinyCase& tested : tiny_cases()) {
    for (const char* name : {"odd_widths", "panel_widths", "first_eos", "bidirectional_last_with_bias",
                             "int8", "bf16", "bf16_panel_widths"}) {
      if (tested.name == name) cases.push_back(tested);
    }
  }
  return cases;
}
INSTANTIATE_TEST_SUITE_P(Tiny, SharedPrefixes, testing::ValuesIn(text_cases()),
                         [](const auto& tested) { return tested.param.name; });

// The test above means something only where much is shared, and more than one micro-batch runs.
TEST(TextOrder, PromptsShareMostOfTheirTokens) {
  ModelConfig config = tiny_clip();
  config.text->context_length = 32;
  const TinyModel tiny(config, 42);
  const Model model = Model::open(tiny.path());
  std::vector<Ids> ids;
  for (const std::string& text : prompts()) ids.push_back(model.tokenize(text));
  const auto order = order_of(*config.text, ids);
  const size_t all = std::accumulate(order.begin(), order.end(), size_t{0},
                                     [](size_t rows, const OrderedText& t) { return rows + t.length; });
  EXPECT_LT(2 * rows_of(order), all);
  EXPECT_GT(rows_of(order), 400U);
}

size_t rows_of_batch(const std::vector<OrderedText>& order, size_t first, size_t end) {
  size_t rows = order[first].shared;
  for (size_t i = first; i < end; ++i) rows += order[i].length - order[i].shared;
  return rows;
}

TEST(TextOrder, BatchesFitAndAreOfAboutTheSameSize) {
  std::vector<OrderedText> order;
  for (size_t i = 0; i < 2035; ++i) order.push_back({i, 20 + i % 7, i == 0 ? 0 : 17 + i % 3});
  const size_t all = rows_of(order);
  for (const size_t lanes : {1U, 2U, 3U, 16U}) {
    const std::vector<size_t> starts = text_batches(order, 400, lanes);
    ASSERT_GE(starts.size(), 2U);
    EXPECT_EQ(starts.front(), 0U);
    EXPECT_EQ(starts.back(), order.size());
    EXPECT_EQ((starts.size() - 1) % lanes, 0U);
    EXPECT_LE(starts.size() - 1, all / 370 + lanes);
    size_t fewest = 400, most = 0;
    for (size_t b = 0; b + 1 < starts.size(); ++b) {
      ASSERT_LT(starts[b], starts[b + 1]);
      const size_t rows = rows_of_batch(order, starts[b], starts[b + 1]);
      fewest = std::min(fewest, rows);
      most = std::max(most, rows);
    }
    EXPECT_LE(most, 400U);
    EXPECT_LE(most - fewest, 30U);
  }
}

TEST(TextOrder, BatchesOfLongTextsAndOfOne) {
  const std::vector<OrderedText> one = {{0, 248, 0}};
  EXPECT_EQ(text_batches(one, 248, 2), (std::vector<size_t>{0, 1}));
  EXPECT_EQ(text_batches({}, 400, 2), (std::vector<size_t>{0}));
  const std::vector<OrderedText> three(3, OrderedText{0, 248, 0});
  EXPECT_EQ(text_batches(three, 400, 2), (std::vector<size_t>{0, 1, 2, 3}));
  // The same text again and again has no rows but the first's.
  std::vector<OrderedText> same(1000, OrderedText{0, 5, 5});
  same[0].shared = 0;
  EXPECT_EQ(text_batches(same, 400, 2), (std::vector<size_t>{0, 1000}));
}

}  // namespace
}  // namespace simdclip
