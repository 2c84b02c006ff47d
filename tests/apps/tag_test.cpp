// Calibration against a background, merging, and files that other programs read.
#include "simdclip/tag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "apps/fixture_model.h"
#include "support/errors.h"
#include "support/paths.h"

namespace simdclip::tests {
namespace {

using testing::HasSubstr;

std::vector<Tag> numbered(size_t n) {
  std::vector<Tag> tags;
  for (size_t i = 0; i < n; ++i) tags.push_back({"thing " + std::to_string(i), {}});
  return tags;
}

TaggerOptions loose() {
  TaggerOptions options;
  options.cache = {.enabled = false, .folder = {}};
  options.threshold = -1000;
  options.most = 1000;
  options.merge = 2;
  options.per_word = 0;
  options.per_rarity = 0;
  options.merge_words = false;
  return options;
}

TEST(Tag, PlainNamesComeFirstAndOnce) {
  const size_t width = fixture_model().embed_dim();
  const std::vector<float> background = random_unit_rows(50, width, 7);
  const std::vector<float> image = fixture_model().embed_text("a photo of a sports car");
  const std::vector<Tag> tags = {
      {"sports car", {}}, {"car", {}}, {"touring-cars", {}}, {"cart", {}}, {"of", {}}};
  TaggerOptions options = loose();
  EXPECT_EQ(Tagger(fixture_model(), tags, background, options).tag(image).size(), tags.size());
  options.merge_words = true;
  const auto names = [&] {
    std::set<std::string> out;
    for (const auto& score : Tagger(fixture_model(), tags, background, options).tag(image))
      out.insert(tags[score.tag].name);
    return out;
  };
  EXPECT_EQ(names().size(), 3U) << "one car, cart, of";
  options.per_word = 1000;
  EXPECT_EQ(names(), (std::set<std::string>{"car", "cart", "of"}));
}

TEST(Tag, RareNamesNeedMoreAndNoThingTakesNoArticle) {
  const std::vector<float> background = random_unit_rows(50, fixture_model().embed_dim(), 7);
  const std::vector<float> image = fixture_model().embed_text("a photo of red");
  std::vector<Tag> tags = {{"red", {}}, {"red", {}}};
  tags[1].thing = false;
  TaggerOptions options = loose();
  const auto scores = Tagger(fixture_model(), tags, background, options).tag(image);
  ASSERT_EQ(scores.size(), 2U);
  EXPECT_EQ(scores[0].tag, 1U) << "its prompt is what the picture's vector was made of";
  EXPECT_NEAR(scores[0].cosine, 1, 2e-3);
  tags[1].rarity = 100;
  options.per_rarity = 10;
  EXPECT_EQ(Tagger(fixture_model(), tags, background, options).tag(image)[0].tag, 0U);
}

TEST(Tag, ScoresAreStandardDeviationsAboveTheBackground) {
  const size_t width = fixture_model().embed_dim(), n = 200;
  const std::vector<float> background = random_unit_rows(n, width, 7), image = random_unit_rows(1, width, 8);
  const Tagger tagger(fixture_model(), numbered(30), background, loose());
  const auto cosine = [&](const std::vector<float>& text, const float* row) {
    double sum = 0;
    for (size_t d = 0; d < width; ++d) sum += static_cast<double>(text[d]) * static_cast<double>(row[d]);
    return sum;
  };
  std::vector<double> means, variances;
  double pooled = 0;
  for (const Tag& tag : tagger.tags()) {
    const std::vector<float> text = fixture_model().embed_text("a photo of a " + tag.name);
    double mean = 0, variance = 0;
    for (size_t i = 0; i < n; ++i) mean += cosine(text, &background[i * width]) / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i)
      variance += std::pow(cosine(text, &background[i * width]) - mean, 2) / static_cast<double>(n - 1);
    means.push_back(mean);
    variances.push_back(variance);
    pooled += variance / 30;
  }
  const auto scores = tagger.tag(image);
  ASSERT_EQ(scores.size(), 30U);
  for (size_t i = 0; i < scores.size(); ++i) {
    const size_t t = scores[i].tag;
    const double deviation = std::sqrt((200 * variances[t] + 16 * pooled) / 216);
    const double expected =
        (cosine(fixture_model().embed_text("a photo of a " + tagger.tags()[t].name), image.data()) -
         means[t]) /
        deviation;
    EXPECT_NEAR(static_cast<double>(scores[i].z), expected, 0.02);
    if (i > 0) {
      EXPECT_GE(scores[i - 1].z, scores[i].z);
    }
  }
}

TEST(Tag, ThresholdMostAndMerge) {
  const size_t width = fixture_model().embed_dim();
  const std::vector<float> background = random_unit_rows(50, width, 7), image = random_unit_rows(1, width, 8);
  TaggerOptions options = loose();
  const auto all = Tagger(fixture_model(), numbered(30), background, options).tag(image);
  options.threshold = static_cast<double>(all[9].z);
  EXPECT_EQ(Tagger(fixture_model(), numbered(30), background, options).tag(image).size(), 10U);
  options.most = 4;
  EXPECT_EQ(Tagger(fixture_model(), numbered(30), background, options).tag(image).size(), 4U);
  options = loose();
  std::vector<Tag> doubled = {{"cat", {}}, {"cat", {}}, {"dog", {}}};
  options.merge = 0.9999;
  const auto merged = Tagger(fixture_model(), doubled, background, options).tag(image);
  std::set<size_t> kept;
  for (const auto& score : merged) kept.insert(score.tag);
  EXPECT_EQ(kept, (std::set<size_t>{0, 2}));
}

TEST(Tag, Vocabularies) {
  const TemporaryFolder folder;
  write_text(folder.file("t.txt"), "# a comment\ncat\tpussycat, true cat\r\n\ndog\n");
  const std::vector<Tag> tags = read_tags(folder.file("t.txt"));
  ASSERT_EQ(tags.size(), 2U);
  EXPECT_EQ(tags[0].synonyms, (std::vector<std::string>{"pussycat", "true cat"}));
  EXPECT_EQ(tags[1].name, "dog");
  EXPECT_TRUE(tags[1].thing && tags[1].rarity == 0);
  write_text(folder.file("r.txt"), "cat\tpussycat\t1.5\nred\t\t0.5\t-\n");
  const std::vector<Tag> rare = read_tags(folder.file("r.txt"));
  EXPECT_EQ(rare[0].rarity, 1.5F);
  EXPECT_TRUE(rare[0].thing && rare[1].synonyms.empty() && !rare[1].thing);
  write_text(folder.file("r.txt"), "cat\tpussycat\tseldom\n");
  expect_error(ErrorCode::damaged, [&] { read_tags(folder.file("r.txt")); }, {"'seldom'", "no number"});
  expect_error(ErrorCode::not_found, [&] { read_tags(folder.file("none.txt")); });
  write_text(folder.file("t.txt"), "# nothing\n");
  expect_error(ErrorCode::not_found, [&] { read_tags(folder.file("t.txt")); }, {"no tag"});
  EXPECT_EQ(read_tags(std::string(kFixtures) + "/../../assets/tags.txt").size(), 20151U);
}

TEST(Tag, Errors) {
  const std::vector<float> few = random_unit_rows(7, fixture_model().embed_dim(), 1);
  expect_error(ErrorCode::invalid_argument, [&] { Tagger(fixture_model(), numbered(2), few, loose()); },
               {"7 pictures", "at least 8"});
  TaggerOptions options = loose();
  options.prompt = "no place";
  const std::vector<float> enough = random_unit_rows(8, fixture_model().embed_dim(), 1);
  expect_error(ErrorCode::invalid_argument, [&] { Tagger(fixture_model(), numbered(2), enough, options); },
               {"{}"});
}

TEST(Tag, XmpIsEscapedAndRecognised) {
  const std::vector<std::string> tags = {"a < b", "cat & dog"};
  const std::string xmp = xmp_sidecar(tags);
  EXPECT_THAT(xmp, HasSubstr("<rdf:li>a &lt; b</rdf:li>"));
  EXPECT_TRUE(is_own_xmp(xmp));
  EXPECT_FALSE(is_own_xmp("<x:xmpmeta xmp:CreatorTool=\"darktable\"/>"));
}

}  // namespace
}  // namespace simdclip::tests
