#include "simdclip/approximate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <thread>

#include "store/graph_file.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

constexpr size_t kWidth = 48;

// Unit rows around a few centres, as pictures of a few subjects are.
std::vector<float> clustered(size_t n, size_t width, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> centres(20 * width), out(n * width);
  for (float& x : centres) x = normal(random);
  for (size_t i = 0; i < n; ++i) {
    const size_t centre = random() % 20;
    double squares = 0;
    for (size_t k = 0; k < width; ++k)
      squares += std::pow(double{out[i * width + k] = centres[centre * width + k] + normal(random)}, 2);
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

std::string saved(const ApproximateIndex& index) {
  const TemporaryFolder folder;
  index.save(folder.file("g"));
  return read_text(folder.file("g"));
}

class Approximate : public testing::TestWithParam<RowType> {
 protected:
  void SetUp() override {
    if (!ApproximateIndex::available()) GTEST_SKIP() << "built without hnswlib";
  }
};
class ApproximateFile : public Approximate {};
INSTANTIATE_TEST_SUITE_P(Types, Approximate, testing::Values(RowType::f32, RowType::f16, RowType::int8),
                         [](const auto& p) { return std::string(to_string(p.param)); });
INSTANTIATE_TEST_SUITE_P(Half, ApproximateFile, testing::Values(RowType::f16));

TEST_P(Approximate, FindsNearlyAllWithTheScoresOfExactSearch) {
  const Vectors v = as_vectors(clustered(4000, kWidth, 1), kWidth, GetParam());
  const std::vector<float> queries = clustered(50, kWidth, 2);
  const auto exact = search(v, queries, {.top = 10});
  for (const unsigned threads : {1U, 3U}) {
    size_t told = 0;
    const ApproximateIndex index = ApproximateIndex::build(
        v, {.threads = threads, .on_progress = [&](size_t rows) { told = std::max(told, rows); }});
    EXPECT_EQ(told, 4000U);
    EXPECT_EQ(index.size(), 4000U);
    const auto found = index.search(queries, {.top = 10});
    EXPECT_GE(recall(exact, found), 0.98);
    EXPECT_GE(recall(exact, index.search(queries, {.top = 10}, 600)), 0.999);
    std::map<size_t, float> score;
    for (size_t q = 0; q < exact.size(); ++q) {
      score.clear();
      const auto all = search(v, std::span(queries).subspan(q * kWidth, kWidth), {.top = v.size()});
      for (const Hit& hit : all.front()) score[hit.row] = hit.score;
      ASSERT_EQ(found[q].size(), 10U);
      for (size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(found[q][i].score, score[found[q][i].row]);
        EXPECT_TRUE(i == 0 || found[q][i - 1].score >= found[q][i].score);
      }
    }
    // One query alone, and all of them by four threads.
    EXPECT_EQ(index.search(std::span(queries).first(kWidth), {.top = 10}).front(), found.front());
    EXPECT_EQ(index.search(queries, {.top = 10, .threads = 4}), found);
  }
}

TEST_P(Approximate, OneThreadBuildsTheSameGraphEveryTime) {
  const Vectors v = as_vectors(clustered(1500, kWidth, 3), kWidth, GetParam());
  const std::string one = saved(ApproximateIndex::build(v, {.threads = 1}));
  EXPECT_EQ(one.size() % 4, 0U);
  EXPECT_EQ(one, saved(ApproximateIndex::build(v, {.threads = 1})));
}

TEST_P(Approximate, FiltersAndThresholds) {
  const Vectors v = as_vectors(clustered(4000, kWidth, 4), kWidth, GetParam());
  const std::vector<float> queries = clustered(20, kWidth, 5);
  const ApproximateIndex index = ApproximateIndex::build(v);
  for (const size_t every : {2U, 7U, 500U, 5000U}) {
    std::vector<uint8_t> allowed(v.size());
    for (size_t i = 0; i < allowed.size(); ++i) allowed[i] = i % every == every / 2 ? 1 : 0;
    const SearchOptions options{.top = 10, .allowed = allowed};
    const auto exact = search(v, queries, options), found = index.search(queries, options);
    EXPECT_GE(recall(exact, found), 0.97) << every;
    for (size_t q = 0; q < found.size(); ++q) {
      EXPECT_EQ(found[q].size(), exact[q].size());
      for (const Hit& hit : found[q]) EXPECT_NE(allowed[hit.row], 0);
    }
  }
  const float lowest = search(v, queries, {.top = 4}).front()[2].score;
  for (const auto& hits : index.search(queries, {.top = 10, .lowest = lowest})) {
    for (const Hit& hit : hits) EXPECT_GE(hit.score, lowest);
  }
  EXPECT_TRUE(index.search({}, {}).empty());
  EXPECT_TRUE(index.search(queries, {.top = 0}).front().empty());
}

TEST_P(Approximate, FewEqualAndStrangeRows) {
  for (const size_t n : {1U, 2U, 3U, 40U}) {
    Vectors v(5, GetParam());
    for (size_t i = 0; i < n; ++i) v.append(std::vector<float>{1, 0, 0, 0, 0});
    const auto found = ApproximateIndex::build(v, {.links = 2, .effort = 1})
                           .search(std::vector<float>{1, 0, 0, 0, 0}, {.top = 100})
                           .front();
    EXPECT_EQ(found, search(v, std::vector<float>{1, 0, 0, 0, 0}, {.top = 100}).front()) << n;
  }
  Vectors strange(4, GetParam());
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (size_t i = 0; i < 200; ++i) {
    strange.append(i % 3 == 0   ? std::vector<float>{nan, 1, nan, 0}
                   : i % 3 == 1 ? std::vector<float>{0, 0, 0, 0}
                                : std::vector<float>{std::sin(static_cast<float>(i)), 1, 0, 0});
  }
  const auto found =
      ApproximateIndex::build(strange).search(std::vector<float>{1, 0, 0, 0}, {.top = 5}).front();
  EXPECT_EQ(found, search(strange, std::vector<float>{1, 0, 0, 0}, {.top = 5}).front());
}

TEST_P(ApproximateFile, OpensAsSavedAndServesManyThreads) {
  const TemporaryFolder folder;
  const Vectors v = as_vectors(clustered(2000, kWidth, 6), kWidth, GetParam());
  const std::vector<float> queries = clustered(30, kWidth, 7);
  const ApproximateIndex built = ApproximateIndex::build(v);
  built.save(folder.file("g"));
  const ApproximateIndex opened = ApproximateIndex::open(folder.file("g"), v);
  EXPECT_EQ(opened.links(), 16U);
  const auto want = built.search(queries);
  std::vector<std::thread> threads;
  std::vector<char> same(4);
  for (size_t t = 0; t < same.size(); ++t)
    threads.emplace_back([&, t] { same[t] = opened.search(queries, {.threads = 2}) == want; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(same, testing::Each(1));
  opened.save(folder.file("h"));
  EXPECT_EQ(read_text(folder.file("g")), read_text(folder.file("h")));
  expect_error(ErrorCode::io, [&] { opened.save(folder.file("no/g")); });
}

TEST_P(ApproximateFile, RefusesOtherVectors) {
  const TemporaryFolder folder;
  std::vector<float> rows = clustered(300, kWidth, 8);
  ApproximateIndex::build(as_vectors(rows, kWidth, GetParam())).save(folder.file("g"));
  const auto open = [&](const Vectors& v) { return [&] { ApproximateIndex::open(folder.file("g"), v); }; };
  expect_error(ErrorCode::shape_mismatch, open(as_vectors(rows, kWidth, RowType::f32)),
               {"f32", "simdclip graph"});
  expect_error(ErrorCode::shape_mismatch, open(as_vectors(rows, kWidth / 2, GetParam())));
  rows[100 * kWidth] = -rows[100 * kWidth];
  expect_error(ErrorCode::shape_mismatch, open(as_vectors(rows, kWidth, GetParam())), {"other values"});
  expect_error(ErrorCode::not_found,
               [&] { ApproximateIndex::open(folder.file("no"), as_vectors(rows, kWidth, GetParam())); });
}

TEST_P(ApproximateFile, DamageAnywhereIsAnError) {
  const TemporaryFolder folder;
  const Vectors v = as_vectors(clustered(120, kWidth, 9), kWidth, GetParam());
  ApproximateIndex::build(v, {.links = 4}).save(folder.file("g"));
  const std::string good = read_text(folder.file("g"));
  const auto open = [&](const std::string& bytes) {
    write_text(folder.file("bad"), bytes);
    return [&] { ApproximateIndex::open(folder.file("bad"), v); };
  };
  for (size_t size = 0; size < good.size(); size += size < 200 ? 1 : 97)
    expect_error(ErrorCode::damaged, open(good.substr(0, size)));
  expect_error(ErrorCode::damaged, open(good + '\0'));
  for (size_t i = 0; i < good.size(); i += i < sizeof(GraphHeader) ? 1 : 31) {
    for (const char bit : {char{1}, char{16}, static_cast<char>(0x80)}) {
      std::string bad = good;
      bad[i] = static_cast<char>(bad[i] ^ bit);
      expect_error(i >= 8 && i < 12 ? ErrorCode::unsupported : ErrorCode::damaged, open(bad));
    }
  }
}

// Thousands of copies of one picture would be each other's neighbours, and nobody else's.
TEST_P(Approximate, EqualRowsAreFoundAllAndHideNobody) {
  std::vector<float> rows = clustered(600, kWidth, 12);
  for (size_t i = 0; i < 600; ++i) {
    if (i % 2 == 0) std::copy_n(rows.begin(), kWidth, rows.begin() + static_cast<std::ptrdiff_t>(i * kWidth));
  }
  const Vectors v = as_vectors(rows, kWidth, GetParam());
  const ApproximateIndex index = ApproximateIndex::build(v);
  EXPECT_EQ(index.size(), 600U);
  size_t own = 0;
  for (size_t i = 1; i < 600; i += 2) {
    const auto found = index.search(v.row(i), {.top = 1}, 16).front();
    own += !found.empty() && found.front().row == i ? 1 : 0;
  }
  EXPECT_GE(own, 298U);
  const auto copies = index.search(v.row(0), {.top = 300}, 16).front();
  ASSERT_EQ(copies.size(), 300U);
  for (size_t i = 0; i < 300; ++i) EXPECT_EQ(copies[i].row, 2 * i);
  std::vector<uint8_t> one(600);
  one[400] = 1;
  EXPECT_EQ(index.search(v.row(0), {.top = 3, .allowed = one}, 16).front().front().row, 400U);
}

// Whoever can write a file can write its checksums: what walking relies on is checked by itself.
TEST_P(ApproximateFile, HostileValuesWithTheirChecksumsAreErrors) {
  const TemporaryFolder folder;
  const Vectors v = as_vectors(clustered(200, kWidth, 10), kWidth, GetParam());
  ApproximateIndex::build(v, {.links = 3}).save(folder.file("g"));
  const std::string good = read_text(folder.file("g"));
  GraphHeader header;
  std::memcpy(&header, good.data(), sizeof header);
  ASSERT_GT(header.upper_nodes, 3U);
  const size_t nodes = sizeof header, upper = nodes + header.nodes * node_bytes(3),
               lists = upper + header.upper_nodes * sizeof(UpperNode);
  const auto refused = [&](size_t offset, uint64_t value, size_t size) {
    SCOPED_TRACE(std::to_string(offset) + " = " + std::to_string(value));
    std::string bad = good;
    std::memcpy(bad.data() + offset, &value, size);
    // As the writer does, but with the sizes that the forged header says.
    GraphHeader forged;
    std::memcpy(&forged, bad.data(), sizeof forged);
    seal({reinterpret_cast<std::byte*>(bad.data()), bad.size()});
    write_text(folder.file("bad"), bad);
    expect_error(ErrorCode::damaged, [&] { ApproximateIndex::open(folder.file("bad"), v); });
  };
  for (const uint64_t value : {uint64_t{0}, uint64_t{1}, uint64_t{199}, uint64_t{201}, uint64_t{1} << 31U,
                               uint64_t{1} << 63U, ~uint64_t{0}}) {
    refused(offsetof(GraphHeader, rows), value, 8);
    if (value != 199) refused(offsetof(GraphHeader, upper_nodes), value, 8);
    refused(offsetof(GraphHeader, nodes), value, 8);
    if (value != 199) refused(offsetof(GraphHeader, lists), value, 8);
  }
  for (const uint64_t value : {0U, 1U, 2U, 4U, 257U, 0xFFFFFFFFU})
    refused(offsetof(GraphHeader, links), value, 4);
  for (const uint64_t value : {0U, 33U, 0xFFFFFFFFU}) refused(offsetof(GraphHeader, floors), value, 4);
  for (const uint64_t value : {200U, 0xFFFFFFFFU}) refused(offsetof(GraphHeader, entry), value, 4);
  refused(offsetof(GraphHeader, width), 0, 8);
  refused(offsetof(GraphHeader, row_type), 3, 4);
  refused(offsetof(GraphHeader, reserved), 1, 8);
  for (const size_t row : {0U, 100U, 199U}) {
    const size_t node = nodes + row * node_bytes(3);
    for (const uint64_t count : {7U, 0x10003U, 0xFFFFFFFFU})
      refused(node, count, 4);  // 0x10000: hnswlib's mark of deleted rows
    for (const uint64_t neighbour : {200U, 0x80000000U, 0xFFFFFFFFU}) refused(node + 4, neighbour, 4);
    refused(node + node_bytes(3) - 8, row + 1, 8);
  }
  for (const uint64_t row : {200U, 0xFFFFFFFFU}) refused(upper, row, 4);
  for (const uint64_t floors : {0U, 33U, 0xFFFFFFFFU}) refused(upper + 4, floors, 4);
  refused(lists, 4, 4);
  refused(lists + 4, 200, 4);
  std::vector<char> upper_node(200);
  for (size_t i = 0; i < header.upper_nodes; ++i) {
    uint32_t row = 0;
    std::memcpy(&row, good.data() + upper + i * sizeof(UpperNode), sizeof row);
    upper_node[row] = 1;
  }
  for (uint64_t row = 0; row < 200; ++row) {
    if (upper_node[row] != 0) continue;
    refused(lists + 4, row, 4);  // a neighbour upstairs that stands on the ground
    refused(offsetof(GraphHeader, entry), row, 4);
    break;
  }
}

TEST(ApproximateOptions, WrongOnesAreErrors) {
  if (!ApproximateIndex::available()) {
    expect_error(ErrorCode::unsupported, [] { ApproximateIndex::build(Vectors(3, RowType::f32)); },
                 {"libhnswlib-dev"});
    GTEST_SKIP() << "built without hnswlib";
  }
  Vectors v(3, RowType::f32);
  expect_error(ErrorCode::invalid_argument, [&] { ApproximateIndex::build(v); }, {"no rows"});
  v.append(std::vector<float>{1, 0, 0});
  for (const unsigned links : {0U, 1U, 257U})
    expect_error(ErrorCode::invalid_argument, [&] { ApproximateIndex::build(v, {.links = links}); });
  expect_error(ErrorCode::invalid_argument, [&] { ApproximateIndex::build(v, {.effort = 0}); });
  const ApproximateIndex index = ApproximateIndex::build(v);
  expect_error(ErrorCode::invalid_argument, [&] { index.search(std::vector<float>(4)); });
  const Vectors more = as_vectors(clustered(500, kWidth, 11), kWidth, RowType::f32);
  EXPECT_THROW(ApproximateIndex::build(
                   more, {.threads = 3, .on_progress = [](size_t) { throw std::runtime_error("enough"); }}),
               std::runtime_error);
}

}  // namespace
}  // namespace simdclip::tests
