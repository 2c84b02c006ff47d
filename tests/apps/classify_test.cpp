// Zero-shot weights against their definition, written down again here; counting of right and wrong.
#include "simdclip/classify.h"

#include <gtest/gtest.h>

#include <fstream>

#include "apps/fixture_model.h"
#include "support/errors.h"
#include "support/paths.h"

namespace simdclip::tests {
namespace {

const CacheOptions kNoCache{.enabled = false, .folder = {}};

std::vector<double> by_definition(const Model& model, const std::string& name,
                                  const std::vector<std::string>& templates) {
  std::vector<double> sum(model.embed_dim());
  for (const std::string& t : templates) {
    const size_t at = t.find("{}");
    const std::vector<float> row = model.embed_text(t.substr(0, at) + name + t.substr(at + 2));
    for (size_t d = 0; d < row.size(); ++d)
      sum[d] += static_cast<double>(row[d]) / static_cast<double>(templates.size());
  }
  double norm = 0;
  for (const double x : sum) norm += x * x;
  for (double& x : sum) x /= std::sqrt(norm);
  return sum;
}

TEST(Classify, WeightsAreTheUnitMeanOfUnitRows) {
  const std::vector<std::string> classes = {"cat", "dog", "great white shark", "東京"};
  for (const auto& templates : {plain_template(), best_imagenet_templates(), imagenet_templates()}) {
    const Classifier classifier(fixture_model(), classes, {.templates = templates, .cache = kNoCache});
    for (size_t c = 0; c < classes.size(); ++c) {
      const std::vector<double> expected = by_definition(fixture_model(), classes[c], templates);
      for (size_t d = 0; d < expected.size(); ++d) {
        EXPECT_NEAR(static_cast<double>(classifier.weights()[c * expected.size() + d]), expected[d], 2e-7);
      }
    }
  }
}

TEST(Classify, BestFirstAndProbabilitiesOverAllClasses) {
  const Classifier classifier(fixture_model(), {"cat", "dog", "a house", "red", "blue", "cat"},
                              {.templates = {}, .cache = kNoCache});
  const std::vector<float> image = fixture_model().embed_text("something else");
  const auto all = classifier.classify(image), top = classifier.classify(image, 2);
  ASSERT_EQ(all.size(), 6U);
  ASSERT_EQ(top.size(), 2U);
  double sum = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    sum += static_cast<double>(all[i].probability);
    if (i > 0) {
      EXPECT_GE(all[i - 1].logit, all[i].logit);
    }
  }
  EXPECT_NEAR(sum, 1, 1e-5);
  EXPECT_EQ(top[1].probability, all[1].probability) << "the cut does not change the softmax";
  for (size_t i = 1; i < all.size(); ++i) {
    if (all[i].logit == all[i - 1].logit) {
      EXPECT_LT(all[i - 1].index, all[i].index);
    }
  }
}

TEST(Classify, CacheGivesTheSameBits) {
  const TemporaryFolder folder;
  const ClassifierOptions options{.templates = best_imagenet_templates(),
                                  .cache = {.enabled = true, .folder = folder.path().string()}};
  const Classifier first(fixture_model(), {"cat", "dog"}, options),
      second(fixture_model(), {"cat", "dog"}, options);
  EXPECT_FALSE(first.from_cache());
  EXPECT_TRUE(second.from_cache());
  EXPECT_TRUE(std::equal(first.weights().begin(), first.weights().end(), second.weights().begin(),
                         second.weights().end()));
  EXPECT_FALSE(Classifier(fixture_model(), {"dog", "cat"}, options).from_cache())
      << "the order of the classes counts";
}

TEST(Classify, Errors) {
  expect_error(ErrorCode::invalid_argument, [] { Classifier(fixture_model(), {}); }, {"no class name"});
  expect_error(ErrorCode::invalid_argument,
               [] { Classifier(fixture_model(), {"cat"}, {.templates = {"a photo"}, .cache = kNoCache}); },
               {"a photo", "{}"});
}

TEST(Classify, TemplatesAreThePublishedOnes) {
  EXPECT_EQ(imagenet_templates().size(), 80U);
  for (const auto& [name, own] :
       {std::pair("80", imagenet_templates()), std::pair("7", best_imagenet_templates())}) {
    std::ifstream file(std::string(kSharedData) + "/imagenet-zeroshot-metadata/openai_imagenet_templates_" +
                       name + ".json");
    if (!file) GTEST_SKIP() << "no shared data";
    EXPECT_EQ(nlohmann::json::parse(file).get<std::vector<std::string>>(), own);
  }
}

TEST(Classify, EvaluationCounts) {
  Evaluation e(10);
  const std::vector<size_t> ranked = {3, 1, 4, 5, 9, 2};
  e.add(3, ranked);  // right
  e.add(9, ranked);  // the fifth
  e.add(2, ranked);  // the sixth
  e.add(2, ranked);
  e.add(3, ranked);
  EXPECT_EQ(e.all().pictures, 5U);
  EXPECT_EQ(e.all().top1, 2U);
  EXPECT_EQ(e.all().top5, 3U);
  EXPECT_EQ(e.per_class()[2].top5, 0U);
  EXPECT_DOUBLE_EQ(e.mean_per_class_top1(), 1.0 / 3);
  ASSERT_EQ(e.confusions().size(), 2U);
  EXPECT_EQ(e.confusions()[0].truth, 2U);
  EXPECT_EQ(e.confusions()[0].predicted, 3U);
  EXPECT_EQ(e.confusions()[0].count, 2U);
  expect_error(ErrorCode::invalid_argument, [&] { e.add(10, ranked); });
}

}  // namespace
}  // namespace simdclip::tests
