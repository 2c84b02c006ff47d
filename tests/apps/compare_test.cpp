#include "simdclip/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apps/fixture_model.h"
#include "simdclip/error.h"

namespace simdclip::tests {
namespace {

TEST(PromptPhrases, StandBetweenCommas) {
  EXPECT_THAT(prompt_phrases(" a castle,oil painting ,, sunset;by the sea|\n"),
              testing::ElementsAre("a castle", "oil painting", "sunset", "by the sea"));
  EXPECT_THAT(prompt_phrases("one phrase"), testing::ElementsAre("one phrase"));
  EXPECT_TRUE(prompt_phrases(" , ;").empty());
}

TEST(PromptParts, LeavesOnePhraseOut) {
  const Model& model = fixture_model();
  const std::vector<std::string> texts = {"a cat, in the rain", "a cat", "in the rain"};
  std::vector<float> rows(texts.size() * model.embed_dim());
  model.embed_texts(texts, rows);
  // Any unit vector will do
  const std::span<const float> image = std::span<const float>(rows).first(model.embed_dim());
  const auto cosine = [&](size_t row) {
    double sum = 0;
    for (size_t d = 0; d < model.embed_dim(); ++d)
      sum += double{image[d]} * double{rows[row * model.embed_dim() + d]};
    return sum;
  };
  const PromptComparison c = PromptParts(model, texts[0]).compare(image);
  ASSERT_EQ(c.phrases.size(), 2U);
  EXPECT_NEAR(c.whole, 1, 1e-6);
  EXPECT_DOUBLE_EQ(c.phrases[0].alone, cosine(1));
  EXPECT_DOUBLE_EQ(c.phrases[0].without, cosine(2));
  EXPECT_DOUBLE_EQ(c.phrases[1].without, cosine(1));
  EXPECT_DOUBLE_EQ(c.phrases[1].gain, cosine(0) - cosine(1));
  const PromptComparison single = PromptParts(model, texts[1]).compare(image);
  EXPECT_EQ(single.phrases[0].gain, 0);
}

TEST(PromptParts, RefusesWhatIsNoPrompt) {
  EXPECT_THROW(PromptParts(fixture_model(), ", ,"), Error);
  EXPECT_THROW(PromptParts(fixture_model(), "a cat").compare(std::vector<float>(3)), Error);
}

}  // namespace
}  // namespace simdclip::tests
