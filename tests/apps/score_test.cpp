// Scores against their formulas, written down again; the published head formats; determinism of the
// intervals.
#include "simdclip/score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "apps/fixture_model.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

using testing::HasSubstr;

double cosine(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t d = 0; d < a.size(); ++d) sum += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  return sum;
}

TEST(Score, ClipScoreAndRefClipScore) {
  const std::vector<float> rows = random_unit_rows(5, 24, 3);
  const auto row = [&](size_t i) { return std::span(rows).subspan(i * 24, 24); };
  EXPECT_DOUBLE_EQ(clip_score(row(0), row(1)), 100 * std::max(0.0, cosine(row(0), row(1))));
  std::vector<float> opposite(row(0).begin(), row(0).end());
  for (float& x : opposite) x = -x;
  EXPECT_EQ(clip_score(row(0), opposite), 0.0);
  const double own = 2.5 * cosine(row(0), row(1)),
               best =
                   std::max(cosine(row(1), row(2)), std::max(cosine(row(1), row(3)), cosine(row(1), row(4))));
  ASSERT_GT(own, 0);
  EXPECT_NEAR(ref_clip_score(row(0), row(1), std::span(rows).subspan(2 * 24)), 2 * own * best / (own + best),
              1e-12);
  EXPECT_EQ(ref_clip_score(row(0), opposite, row(0)), 0.0);
  expect_error(ErrorCode::invalid_argument, [&] { clip_score(row(0), std::span(rows).first(23)); });
  expect_error(ErrorCode::invalid_argument, [&] { ref_clip_score(row(0), row(1), {}); });
}

TEST(Score, IqaIsASoftmaxOverThePair) {
  const std::vector<float> rows = random_unit_rows(3, 24, 4);
  const auto row = [&](size_t i) { return std::span(rows).subspan(i * 24, 24); };
  const double p = std::exp(100 * cosine(row(0), row(1))), n = std::exp(100 * cosine(row(0), row(2)));
  EXPECT_NEAR(iqa_score(row(0), row(1), row(2)), p / (p + n), 1e-12);
  EXPECT_EQ(iqa_pairs().size(), 16U);
}

TEST(Score, SetsAgainstTheirDefinitions) {
  const size_t width = 20;
  const std::vector<float> a = random_unit_rows(300, width, 5), b = random_unit_rows(270, width, 6, 1.4);
  const auto mean_kernel = [&](const std::vector<float>& x, const std::vector<float>& y) {
    double sum = 0;
    for (size_t i = 0; i < x.size(); i += width) {
      for (size_t j = 0; j < y.size(); j += width) {
        double distance = 0;
        for (size_t d = 0; d < width; ++d)
          distance += std::pow(static_cast<double>(x[i + d]) - static_cast<double>(y[j + d]), 2);
        sum += std::exp(-distance / 200);
      }
    }
    return sum / (static_cast<double>(x.size() / width) * static_cast<double>(y.size() / width));
  };
  const double expected = 1000 * (mean_kernel(a, a) + mean_kernel(b, b) - 2 * mean_kernel(a, b));
  EXPECT_NEAR(cmmd(a, b, width), expected, 1e-5 * expected + 1e-7);
  EXPECT_NEAR(cmmd(a, a, width), 0, 1e-9);
  expect_error(ErrorCode::invalid_argument, [&] { cmmd(a, std::span(b).first(7), width); });
}

TEST(Score, FrechetDistanceWhereItIsKnown) {
  // Axis-aligned covariances commute: the distance is the sum of squared differences of means and of standard
  // deviations.
  const size_t width = 3;
  const std::vector<float> a = {1, 0, 0, -1, 0, 0, 0, 2, 0, 0, -2, 0, 0, 0, 3, 0, 0, -3};
  std::vector<float> b = a;
  for (size_t i = 0; i < b.size(); ++i) b[i] = b[i] * (i % 3 == 0 ? 2.0F : 1.0F) + (i % 3 == 1 ? 5.0F : 0.0F);
  try {
    const double deviation = std::sqrt(2.0 / 5);
    EXPECT_NEAR(frechet_distance(a, b, width), 25 + deviation * deviation, 1e-9);
    EXPECT_NEAR(frechet_distance(a, a, width), 0, 1e-9);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::unsupported) GTEST_SKIP() << error.what();
    throw;
  }
  expect_error(ErrorCode::invalid_argument, [&] { frechet_distance(std::span(a).first(3), b, width); },
               {"at least 2 rows"});
}

// An interval of 95 % holds the distance of the distributions in most of many draws of sets: here that of far
// larger sets.
TEST(Score, DistancesHaveIntervals) {
  const size_t width = 8, n = 90, draws = 20, many = n * draws;
  const std::vector<float> many_a = random_unit_rows(many, width, 1, 0.5),
                           many_b = random_unit_rows(many, width, 2, 1.4);
  const double truth = cmmd(many_a, many_b, width);
  size_t inside = 0;
  for (size_t draw = 0; draw < draws; ++draw) {
    const auto a = std::span(many_a).subspan(draw * n * width, n * width),
               b = std::span(many_b).subspan(draw * n * width, n * width);
    const Interval i = cmmd_interval(a, b, width, 1, 60);
    EXPECT_EQ(i.mean, cmmd(a, b, width));
    EXPECT_LT(i.low, i.mean);
    EXPECT_GT(i.high, i.mean);
    inside += i.low <= truth && truth <= i.high ? 1 : 0;
  }
  EXPECT_GE(inside, draws * 8 / 10);
  const auto a = std::span(many_a).first(n * width), b = std::span(many_b).first(n * width);
  const Interval few = cmmd_interval(a, b, width, 7, 60);
  EXPECT_EQ(few.low, cmmd_interval(a, b, width, 7, 60).low);
  EXPECT_NE(few.low, cmmd_interval(a, b, width, 8, 60).low);
  EXPECT_EQ(cmmd_interval(a, b, width, 7, 0).high, cmmd(a, b, width));
  EXPECT_EQ(cmmd_interval(a.first(width), b, width, 7, 60).n, 0U) << "one picture";
  // 1,800 rows in 1,024 groups of one or two vary as 1,800 rows do.
  const Interval large = cmmd_interval(many_a, many_b, width, 1, 200);
  EXPECT_NEAR((few.high - few.low) / (large.high - large.low), std::sqrt(draws), 0.4 * std::sqrt(draws));
  try {
    const Interval f = frechet_interval(a, b, width, 1, 60),
                   g = frechet_interval(many_a, many_b, width, 1, 60);
    EXPECT_EQ(f.mean, frechet_distance(a, b, width));
    EXPECT_EQ(f.low, frechet_interval(a, b, width, 1, 60).low);
    EXPECT_NEAR((f.high - f.low) / (g.high - g.low), std::sqrt(draws), 0.5 * std::sqrt(draws));
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) throw;
  }
}

TEST(Score, Diversity) {
  std::vector<float> rows(4 * 8);  // two pictures, each there twice, at right angles
  rows[0] = rows[8] = 1;
  rows[16 + 3] = rows[24 + 3] = 1;
  const Diversity d = diversity(rows, 8);
  EXPECT_NEAR(d.mean_distance, 4.0 / 6, 1e-12);
  if (d.vendi != 0) {
    EXPECT_NEAR(d.vendi, 2, 1e-9);
  }
}

TEST(Score, Directional) {
  const std::vector<float> rows = random_unit_rows(4, 16, 9);
  const auto row = [&](size_t i) { return std::span(rows).subspan(i * 16, 16); };
  EXPECT_NEAR(directional_similarity(row(0), row(1), row(0), row(1)), 1, 1e-12);
  EXPECT_NEAR(directional_similarity(row(0), row(1), row(1), row(0)), -1, 1e-12);
  EXPECT_EQ(directional_similarity(row(0), row(0), row(1), row(2)), 0);
}

// The linear file of LAION's, and the MLP's, as safetensors: 768 inputs are 6 here.
TEST(Score, AestheticHeads) {
  struct Named {
    std::string name;
    std::vector<size_t> shape;
  };
  const auto write = [](const std::string& path, const std::vector<Named>& tensors) {
    std::string header = "{", data;
    float value = -1;
    for (const Named& t : tensors) {
      size_t count = 1;
      std::string shape;
      for (const size_t extent : t.shape) {
        count *= extent;
        shape += (shape.empty() ? "" : ",") + std::to_string(extent);
      }
      const size_t begin = data.size();
      for (size_t i = 0; i<count; ++i, value = value> 1 ? -1 : value + 0.37F)
        data.append(reinterpret_cast<const char*>(&value), sizeof value);
      header += (begin == 0 ? "\"" : ",\"") + t.name + R"(":{"dtype":"F32","shape":[)" + shape +
                R"(],"data_offsets":[)" + std::to_string(begin) + "," + std::to_string(data.size()) + "]}";
    }
    header += "}";
    const uint64_t size = header.size();
    write_text(path, std::string(reinterpret_cast<const char*>(&size), 8) + header + data);
  };
  const TemporaryFolder folder;
  const std::vector<float> x = random_unit_rows(1, 6, 1);
  write(folder.file("linear.safetensors"), {{"weight", {1, 6}}, {"bias", {1}}});
  const AestheticHead linear = AestheticHead::open(folder.file("linear.safetensors"));
  EXPECT_EQ(linear.width(), 6U);
  // Layer 10 comes behind layer 2.
  write(folder.file("mlp.safetensors"), {{"layers.0.weight", {5, 6}},
                                         {"layers.0.bias", {5}},
                                         {"layers.2.weight", {3, 5}},
                                         {"layers.2.bias", {3}},
                                         {"layers.10.weight", {1, 3}},
                                         {"layers.10.bias", {1}}});
  float value = -1;
  const auto next = [&] {
    const float now = value;
    value = value > 1 ? -1 : value + 0.37F;
    return static_cast<double>(now);
  };
  std::vector<double> h(x.begin(), x.end());
  for (const size_t outputs : {size_t{5}, size_t{3}, size_t{1}}) {
    std::vector<double> y(outputs);
    for (double& one : y) {
      for (const double in : h) one += next() * in;
    }
    for (double& one : y) one += next();
    h = y;
  }
  EXPECT_NEAR(AestheticHead::open(folder.file("mlp.safetensors")).score(x), h[0], 1e-6);
  expect_error(ErrorCode::invalid_argument, [&] { linear.score(std::span(x).first(5)); },
               {"6 values", "ViT-L/14"});
  // The predictor of sac+logos+ava1-l14-linearMSE.pth in its own shapes: 768-1024-128-64-16-1, dropouts
  // between.
  write(folder.file("laion.safetensors"), {{"layers.0.weight", {1024, 768}},
                                           {"layers.0.bias", {1024}},
                                           {"layers.2.weight", {128, 1024}},
                                           {"layers.2.bias", {128}},
                                           {"layers.4.weight", {64, 128}},
                                           {"layers.4.bias", {64}},
                                           {"layers.6.weight", {16, 64}},
                                           {"layers.6.bias", {16}},
                                           {"layers.7.weight", {1, 16}},
                                           {"layers.7.bias", {1}}});
  EXPECT_EQ(AestheticHead::open(folder.file("laion.safetensors")).width(), 768U);
  write(folder.file("bad.safetensors"), {{"conv.weight", {5, 6, 1}}, {"conv.bias", {5}}});
  expect_error(ErrorCode::unsupported, [&] { AestheticHead::open(folder.file("bad.safetensors")); },
               {"conv.weight"});
  write(folder.file("two.safetensors"), {{"weight", {2, 6}}, {"bias", {2}}});
  expect_error(ErrorCode::shape_mismatch, [&] { AestheticHead::open(folder.file("two.safetensors")); });
  write(folder.file("half.safetensors"), {{"weight", {1, 6}}});
  expect_error(ErrorCode::shape_mismatch, [&] { AestheticHead::open(folder.file("half.safetensors")); });
}

TEST(Score, BootstrapIsSeededAndCoversTheMean) {
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(i % 17);
  const Interval a = bootstrap_mean(values, 1), b = bootstrap_mean(values, 1), c = bootstrap_mean(values, 2);
  EXPECT_EQ(a.low, b.low);
  EXPECT_NE(a.low, c.low);
  EXPECT_LT(a.low, a.mean);
  EXPECT_GT(a.high, a.mean);
  double variance = 0;
  for (const double v : values) variance += (v - a.mean) * (v - a.mean);
  const double expected = 2 * 1.96 * std::sqrt(variance / 200 / 200);
  EXPECT_NEAR(a.high - a.low, expected, 0.1 * expected);
  EXPECT_EQ(bootstrap_mean({}, 1).n, 0U);
  EXPECT_EQ(bootstrap_mean(std::vector<double>{3.0}, 1).high, 3.0);
}

TEST(Score, DocumentsAreEscaped) {
  const std::string svg = histogram_svg(std::vector<double>{1, 2, 2.5, 3}, "a < b & c");
  EXPECT_THAT(svg, HasSubstr("a &lt; b &amp; c"));
  EXPECT_THAT(histogram_svg({}, "nothing"), HasSubstr("n = 0"));
  const std::string html = report_html("t", {"s"}, {{"low.png", "<script>", {1}}, {"a b#.png", "x", {2}}});
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_THAT(html, HasSubstr("a%20b%23.png"));
  EXPECT_LT(html.find("a%20b"), html.find("low.png")) << "best first";
}

}  // namespace
}  // namespace simdclip::tests
