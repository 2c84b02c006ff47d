// Bytes beside half-precision rows: the exact best, whatever the bytes lose.
#include "apps/coarse_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "apps/fixture_model.h"
#include "apps/label_table.h"
#include "kernels/registry.h"

namespace simdclip::tests {
namespace {

constexpr size_t kWidth = 70;

std::vector<float> unit(std::mt19937& random, bool spiky) {
  std::normal_distribution<float> normal;
  std::vector<float> x(kWidth);
  double squares = 0;
  for (float& value : x) value = normal(random) * (spiky && random() % 8 == 0 ? 30.0F : 1.0F);
  for (const float value : x) squares += double{value} * double{value};
  for (float& value : x) value = static_cast<float>(value / std::sqrt(squares));
  return x;
}

CachedRows rows_from(const std::vector<std::vector<float>>& rows, const std::string& folder) {
  RowKey key("coarse-test", fixture_model());
  return CachedRows::get({.enabled = !folder.empty(), .folder = folder}, key, RowType::f16, rows.size(),
                         kWidth, [&](std::span<float> out) {
                           for (size_t i = 0; i < rows.size(); ++i)
                             std::copy(rows[i].begin(), rows[i].end(),
                                       out.begin() + static_cast<ptrdiff_t>(i * kWidth));
                         });
}

float exact_score(const CachedRows& rows, std::span<const float> query, size_t i) {
  float out = 0;
  kernels::DotF16Args args;
  args.queries = args.rows = 1;
  args.width = args.ldq = args.ldr = kWidth;
  args.query = query.data();
  args.row = rows.f16().data() + i * kWidth;
  args.out = {&out, 1};
  kernels::select_kernels(parse_isa(fixture_model().info().isa)).dot_f16(args);
  return out;
}

TEST(CoarseRows, TheExactScoreIsWithinTheError) {
  std::mt19937 random(5);
  std::vector<std::vector<float>> rows;
  for (size_t i = 0; i < 500; ++i) rows.push_back(unit(random, i % 2 == 1));
  rows.emplace_back(kWidth, 0.0F);             // no direction
  rows.emplace_back(kWidth, 0.0F).back() = 1;  // one value
  rows.emplace_back(kWidth, 1 / std::sqrt(static_cast<float>(kWidth)));
  const CachedRows halves = rows_from(rows, {});
  const CoarseRows coarse(halves, [&]() -> const CachedRows& { return halves; }, "coarse-test",
                          fixture_model(), {.enabled = false, .folder = {}});
  double widest = 0;
  for (size_t q = 0; q < 20; ++q) {
    std::vector<float> query = unit(random, q % 2 == 1);
    if (q == 0) query = halves.row(3);
    const Estimates estimates = coarse.estimate(query, parse_isa(fixture_model().info().isa), 2);
    ASSERT_EQ(estimates.score.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      const double exact = exact_score(halves, query, i);
      ASSERT_LE(std::fabs(exact - estimates.score[i]), estimates.error[i]) << "query " << q << " row " << i;
      widest = std::max(widest, double{estimates.error[i]});
    }
  }
  EXPECT_LT(widest, 0.05) << "an error that says nothing finds nothing";
}

TEST(CoarseRows, PromisesNothingForRowsThatAreNoUnitVectors) {
  std::mt19937 random(6);
  std::vector<std::vector<float>> rows = {unit(random, false), unit(random, false), unit(random, false)};
  for (float& value : rows[1]) value *= 3;
  rows[2][4] = std::numeric_limits<float>::infinity();
  const CachedRows halves = rows_from(rows, {});
  const CoarseRows coarse(halves, [&]() -> const CachedRows& { return halves; }, "coarse-test",
                          fixture_model(), {.enabled = false, .folder = {}});
  const Estimates estimates = coarse.estimate(unit(random, false), Isa::portable, 1);
  EXPECT_LT(estimates.error[0], 0.05F);
  EXPECT_TRUE(std::isinf(estimates.error[1]));
  EXPECT_TRUE(std::isinf(estimates.error[2]));
}

TEST(CoarseRows, BytesOfOtherRowsAreNotTaken) {
  const TemporaryFolder folder;
  std::mt19937 random(7);
  const CacheOptions cache{.enabled = true, .folder = folder.path().string()};
  const std::vector<float> query = unit(random, false);
  for (size_t round = 0; round < 2; ++round) {
    const CachedRows halves = rows_from({unit(random, false), unit(random, false)}, {});
    const CoarseRows coarse(
        halves, [&]() -> const CachedRows& { return halves; }, "coarse-test", fixture_model(), cache);
    const Estimates estimates = coarse.estimate(query, Isa::portable, 1);
    for (size_t i = 0; i < 2; ++i)
      EXPECT_NEAR(estimates.score[i], exact_score(halves, query, i), estimates.error[i]) << "round " << round;
  }
}

TEST(ExactTop, IsTheTopOfTheExactScores) {
  std::mt19937 random(8);
  for (size_t round = 0; round < 300; ++round) {
    const size_t n = 1 + random() % 60, k = random() % 70;
    const bool reverse = round % 2 == 1;
    std::vector<float> exact(n);
    Estimates estimates;
    for (float& score : exact) {
      score = static_cast<float>(random() % 20) / 20;  // many are equal
      const float error = random() % 4 == 0 ? 0.0F : static_cast<float>(random() % 100) / 300;
      const float off = static_cast<float>(random() % 201) / 100 - 1;
      estimates.score.push_back(score + off * error * 0.999F);
      estimates.error.push_back(error);
    }
    const size_t first = n / 3, count = n - first;
    const std::vector<Ranked> found =
        exact_top(estimates, first, count, k, reverse, [&](size_t i) { return exact[i]; });
    const std::vector<size_t> expected = top_indices(std::span(exact).subspan(first), k, reverse);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_EQ(found[i].index, first + expected[i]) << "round " << round;
      EXPECT_EQ(found[i].score, exact[first + expected[i]]);
    }
  }
}

TEST(ExactTop, AsksForFewExactScores) {
  Estimates estimates;
  for (size_t i = 0; i < 1000; ++i) {
    estimates.score.push_back(static_cast<float>(i) / 1000);
    estimates.error.push_back(0.004F);
  }
  size_t asked = 0;
  exact_top(estimates, 0, 1000, 10, false, [&](size_t i) {
    ++asked;
    return estimates.score[i];
  });
  EXPECT_GE(asked, 10U);
  EXPECT_LE(asked, 20U);
}

TEST(LabelTable, LongListsHaveTheTopOfAnExactScan) {
  const TemporaryFolder folder;
  std::vector<std::string> labels;
  for (size_t i = 0; i < 5000; ++i) labels.push_back(std::to_string(i * 7919 % 5003) + " cats");
  const CacheOptions cache{.enabled = true, .folder = folder.path().string()};
  const auto same = [](const std::string& label) { return label; };
  for (const char* start : {"first", "from the cache"}) {
    const LabelTable table(fixture_model(), "labels", labels, same, cache, {}, true);
    const std::vector<float> image = table.row(17);
    const Estimates estimates = table.estimates(image);
    EXPECT_GT(estimates.error[0], 0) << "a long list is estimated";
    std::vector<float> exact(table.size());
    for (size_t i = 0; i < exact.size(); ++i) exact[i] = table.score(image, i);
    for (const size_t k : {size_t{1}, size_t{40}, size_t{5000}}) {
      const std::vector<Ranked> found = table.top(image, k);
      const std::vector<size_t> expected = top_indices(exact, k);
      ASSERT_EQ(found.size(), k);
      for (size_t i = 0; i < k; ++i) ASSERT_EQ(found[i].index, expected[i]) << start << ", rank " << i;
    }
  }
}

TEST(LabelTable, DamagedRowsAreEmbeddedAgain) {
  const TemporaryFolder folder;
  std::vector<std::string> labels;
  for (size_t i = 0; i < 4200; ++i) labels.push_back("cat " + std::to_string(i));
  const CacheOptions cache{.enabled = true, .folder = folder.path().string()};
  const auto make = [&] {
    return LabelTable(
        fixture_model(), "labels", labels, [](const std::string& label) { return label; }, cache, {}, true);
  };
  const LabelTable first = make();
  const std::vector<float> image = first.row(17);
  const std::vector<float> exact = first.scores(image);
  const std::vector<Ranked> expected = first.top(image, 100);
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    const std::string path = file.path().string(), name = file.path().filename().string();
    if (name.starts_with("labels-b")) continue;
    std::string bytes = read_text(path);
    for (size_t i = 64; i < bytes.size(); i += 7) bytes[i] = static_cast<char>(bytes[i] ^ 0x10);
    write_text(path, bytes);
  }
  const LabelTable damaged = make();
  EXPECT_NE(damaged.row(17), image) << "the file was not damaged";
  EXPECT_EQ(damaged.score(image, 17), exact[17]);
  const std::vector<Ranked> found = damaged.top(image, 100);
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].index, expected[i].index);
  EXPECT_EQ(damaged.scores(image), exact);
  // Without the bytes the rows are verified, and made anew.
  for (const auto& file : std::filesystem::directory_iterator(folder.path()))
    if (file.path().filename().string().starts_with("labels-b")) std::filesystem::remove(file.path());
  EXPECT_EQ(make().scores(image), exact);
}

}  // namespace
}  // namespace simdclip::tests
