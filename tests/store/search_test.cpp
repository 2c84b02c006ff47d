#include "simdclip/search.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/cpu.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

std::vector<float> unit_rows(size_t n, size_t width, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> out(n * width);
  for (size_t i = 0; i < n; ++i) {
    double squares = 0;
    for (size_t k = 0; k < width; ++k) squares += std::pow(double{out[i * width + k] = normal(random)}, 2);
    for (size_t k = 0; k < width; ++k)
      out[i * width + k] = static_cast<float>(out[i * width + k] / std::sqrt(squares));
  }
  return out;
}

Vectors as_vectors(const std::vector<float>& rows, size_t width, RowType type) {
  Vectors out(width, type);
  for (size_t i = 0; i < rows.size(); i += width) out.append(std::span(rows).subspan(i, width));
  return out;
}

// Every score in fp64, sorted.
std::vector<std::pair<double, size_t>> ranked(const Vectors& v, std::span<const float> query) {
  std::vector<std::pair<double, size_t>> out;
  for (size_t i = 0; i < v.size(); ++i) {
    const std::vector<float> row = v.row(i);
    double dot = 0;
    for (size_t k = 0; k < row.size(); ++k) dot += double{row[k]} * double{query[k]};
    out.emplace_back(-dot, i);
  }
  std::sort(out.begin(), out.end());
  return out;
}

class Search : public testing::TestWithParam<RowType> {};
INSTANTIATE_TEST_SUITE_P(Types, Search, testing::Values(RowType::f32, RowType::f16, RowType::int8),
                         [](const auto& p) { return std::string(to_string(p.param)); });

TEST_P(Search, FindsWhatSortingFinds) {
  const size_t width = 70;
  for (const size_t n : {1U, 15U, 16U, 255U, 257U, 3000U}) {
    const Vectors v = as_vectors(unit_rows(n, width, 1), width, GetParam());
    const std::vector<float> queries = unit_rows(67, width, 2);
    const auto hits = search(v, queries, {.top = 10});
    ASSERT_EQ(hits.size(), 67U);
    for (size_t q = 0; q < hits.size(); ++q) {
      const auto want = ranked(v, std::span(queries).subspan(q * width, width));
      ASSERT_EQ(hits[q].size(), std::min<size_t>(n, 10));
      for (size_t i = 0; i < hits[q].size(); ++i) {
        EXPECT_NEAR(hits[q][i].score, -want[i].first, 2e-5) << n << " rows, query " << q << ", hit " << i;
        if (i + 1 < want.size() && want[i + 1].first - want[i].first > 1e-4 &&
            (i == 0 || want[i].first - want[i - 1].first > 1e-4)) {
          EXPECT_EQ(hits[q][i].row, want[i].second);
        }
      }
    }
  }
}

TEST_P(Search, DoesNotDependOnThreadsOrOtherQueriesOrTheInstructionSet) {
  const size_t width = 33, n = 40'000;
  const Vectors v = as_vectors(unit_rows(n, width, 5), width, GetParam());
  const std::vector<float> queries = unit_rows(9, width, 6);
  const auto expected = search(v, queries, {.top = 20, .threads = 1});
  for (const unsigned threads : {2U, 3U, 7U})
    EXPECT_EQ(search(v, queries, {.top = 20, .threads = threads}), expected);
  for (size_t q = 0; q < 9; ++q) {
    EXPECT_EQ(search(v, std::span(queries).subspan(q * width, width), {.top = 20}).front(), expected[q]);
  }
  for (const Isa isa : cpu_isas()) {
    if (isa == Isa::portable && GetParam() != RowType::int8) continue;  // SSE2 rounds twice
    EXPECT_EQ(search(v, queries, {.top = 20, .isa = std::string(to_string(isa))}), expected)
        << to_string(isa);
  }
}

TEST(SearchOptions, EqualScoresComeInOrderOfRows) {
  Vectors v(4, RowType::f32);
  for (int i = 0; i < 5000; ++i) v.append(std::vector<float>{1, 0, 0, 0});
  const float query[] = {1, 0, 0, 0};
  for (const unsigned threads : {1U, 2U, 5U}) {
    const auto hits = search(v, query, {.top = 7, .threads = threads}).front();
    ASSERT_EQ(hits.size(), 7U);
    for (size_t i = 0; i < 7; ++i) EXPECT_EQ(hits[i], (Hit{i, 1.0F}));
  }
}

TEST(SearchOptions, ThresholdFilterAndNan) {
  Vectors v(2, RowType::f32);
  for (const float x : {0.9F, 0.5F, NAN, 0.7F, 0.5F, -1.0F}) v.append(std::vector<float>{x, 0});
  const float query[] = {1, 0};
  const auto rows = [&](const SearchOptions& options) {
    const auto hits = search(v, query, options);
    std::vector<size_t> out;
    for (const Hit& hit : hits.front()) out.push_back(hit.row);
    return out;
  };
  EXPECT_THAT(rows({}), testing::ElementsAre(0, 3, 1, 4, 5));
  EXPECT_THAT(rows({.lowest = 0.5F}), testing::ElementsAre(0, 3, 1, 4));
  EXPECT_THAT(rows({.lowest = 0.95F}), testing::IsEmpty());
  EXPECT_THAT(rows({.top = 2}), testing::ElementsAre(0, 3));
  EXPECT_THAT(rows({.top = 0}), testing::IsEmpty());
  const uint8_t allowed[] = {0, 1, 1, 0, 1, 1};
  EXPECT_THAT(rows({.top = 2, .allowed = allowed}), testing::ElementsAre(1, 4));
  EXPECT_THAT(search(Vectors(2, RowType::f32), query).front(), testing::IsEmpty());
  EXPECT_THAT(search(v, {}), testing::IsEmpty());
}

TEST(SearchOptions, WrongSizesAreErrors) {
  Vectors v(2, RowType::f32);
  v.append(std::vector<float>{1, 0});
  const std::vector<float> three(3), two(2);
  const uint8_t allowed[] = {1, 1};
  expect_error(ErrorCode::invalid_argument, [&] { search(v, three); }, {"3", "2"});
  expect_error(ErrorCode::invalid_argument, [&] { search(v, two, {.allowed = allowed}); }, {"allowed"});
  expect_error(ErrorCode::invalid_argument, [&] { search(v, two, {.isa = "mmx"}); }, {"mmx"});
}

TEST(Combine, AddsAndSubtractsDirections) {
  const std::vector<float> rows = {1, 0, 0, 1};
  EXPECT_THAT(combine(rows, std::vector<float>{3, 4}), testing::ElementsAre(0.6F, 0.8F));
  EXPECT_THAT(combine(rows, std::vector<float>{3, -4}), testing::ElementsAre(0.6F, -0.8F));
  const std::vector<float> same = {1, 0, 1, 0};
  expect_error(ErrorCode::invalid_argument, [&] { combine(same, std::vector<float>{1, -1}); }, {"cancel"});
  expect_error(ErrorCode::invalid_argument, [&] { combine(rows, std::vector<float>{1, 2, 3}); });
}

TEST(Duplicates, AreLinkedIntoGroups) {
  const size_t width = 64;
  std::vector<float> rows = unit_rows(300, width, 9);
  const auto copy = [&](size_t from, size_t to, float noise) {
    for (size_t k = 0; k < width; ++k)
      rows[to * width + k] = rows[from * width + k] + (k == to % width ? noise : 0.0F);
  };
  copy(3, 200, 0.05F);  // a chain: 3 - 200 - 299
  copy(200, 299, 0.05F);
  copy(10, 11, 0.0F);
  const Vectors v = as_vectors(rows, width, RowType::f32);
  EXPECT_THAT(find_duplicates(v, 0.98F),
              testing::ElementsAre(testing::ElementsAre(3, 200, 299), testing::ElementsAre(10, 11)));
  EXPECT_THAT(find_duplicates(Vectors(width, RowType::f32), 0.98F), testing::IsEmpty());
}

TEST(Cluster, FindsSeparatedGroups) {
  const size_t width = 32;
  const std::vector<float> centres = unit_rows(3, width, 1);
  std::mt19937 random(4);
  std::normal_distribution<float> normal(0, 0.03F);
  Vectors v(width, RowType::f32);
  const size_t sizes[] = {50, 120, 30};
  std::vector<size_t> truth;
  for (size_t i = 0; i < 200; ++i) {
    const size_t c = i < sizes[0] ? 0 : i < sizes[0] + sizes[1] ? 1 : 2;
    std::vector<float> row(width);
    for (size_t k = 0; k < width; ++k) row[k] = centres[c * width + k] + normal(random);
    v.append(combine(row, std::vector<float>{1}));
    truth.push_back(c == 1 ? 0 : c == 0 ? 1 : 2);  // by falling size
  }
  const Clusters found = cluster(v, 3);
  EXPECT_EQ(found.count, 3U);
  for (size_t i = 0; i < 200; ++i) EXPECT_EQ(found.of_row[i], truth[i]) << i;
  EXPECT_EQ(cluster(v, 3).of_row, found.of_row);
  EXPECT_EQ(cluster(v, 1).count, 1U);
  EXPECT_LE(cluster(v, 1000).count, 200U);
  EXPECT_EQ(cluster(Vectors(3, RowType::f32), 4).count, 0U);
  expect_error(ErrorCode::invalid_argument, [&] { cluster(v, 0); });
}

}  // namespace
}  // namespace simdclip::tests
