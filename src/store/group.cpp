// Near-duplicates and clusters.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/fail.h"
#include "simdclip/search.h"
#include "store/vectors.h"

namespace simdclip {
namespace {

// Union-find whose roots are the smallest rows.
class Groups {
 public:
  explicit Groups(size_t n) : parent_(n) { std::iota(parent_.begin(), parent_.end(), size_t{0}); }
  size_t root(size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(size_t a, size_t b) {
    a = root(a);
    b = root(b);
    parent_[std::max(a, b)] = std::min(a, b);
  }

 private:
  std::vector<size_t> parent_;
};

constexpr size_t kQueriesAtOnce = 64;

std::vector<float> rows_of(const Vectors& vectors, size_t begin, size_t end) {
  std::vector<float> out((end - begin) * vectors.width());
  for (size_t i = begin; i < end; ++i) {
    decode_row(vectors.encoded_row(i), vectors.type(),
               std::span(out).subspan((i - begin) * vectors.width(), vectors.width()));
  }
  return out;
}

// The row farthest from every centre so far, again and again. Quadratic in neither: one pass over the rows
// for each centre.
std::vector<size_t> spread_rows(const Vectors& vectors, size_t clusters) {
  std::vector<size_t> chosen = {0};
  std::vector<float> nearest(vectors.size(), -2);  // best cosine with a chosen row
  while (chosen.size() < clusters) {
    const std::vector<float> query = vectors.row(chosen.back());
    const auto hits = search(vectors, query, {.top = vectors.size()});
    for (const Hit& hit : hits.front()) {
      nearest[hit.row] = std::max(nearest[hit.row], hit.score);
    }
    chosen.push_back(static_cast<size_t>(std::min_element(nearest.begin(), nearest.end()) - nearest.begin()));
  }
  return chosen;
}

// Assigns each row to its best centre. Centres are the searched set here, rows the queries. True where one
// moved.
bool assign(const Vectors& vectors, const Vectors& centres, Clusters& out) {
  bool moved = false;
  for (size_t begin = 0; begin < vectors.size(); begin += kQueriesAtOnce * 16) {
    const size_t end = std::min(vectors.size(), begin + kQueriesAtOnce * 16);
    const auto hits = search(centres, rows_of(vectors, begin, end), {.top = 1});
    for (size_t i = begin; i < end; ++i) {
      const auto& best = hits[i - begin];
      // NaN rows have no hit
      const auto centre = best.empty() ? 0U : static_cast<uint32_t>(best.front().row);
      moved = moved || centre != out.of_row[i];
      out.of_row[i] = centre;
      out.score[i] = best.empty() ? 0.0F : best.front().score;
    }
  }
  return moved;
}

// Each centre moves to the mean of its rows; one without rows stays where it is.
Vectors settle(const Vectors& vectors, const Vectors& centres, const Clusters& clusters) {
  const size_t width = vectors.width();
  std::vector<double> sums(centres.size() * width);
  std::vector<float> row(width);
  for (size_t i = 0; i < vectors.size(); ++i) {
    decode_row(vectors.encoded_row(i), vectors.type(), row);
    double* sum = sums.data() + clusters.of_row[i] * width;
    for (size_t k = 0; k < width; ++k) sum[k] += double{row[k]};
  }
  Vectors out(width, RowType::f32);
  for (size_t c = 0; c < centres.size(); ++c) {
    const std::span<const double> sum = std::span(sums).subspan(c * width, width);
    const double squares = std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0);
    row = centres.row(c);
    for (size_t k = 0; k < width && squares > 1e-24; ++k)
      row[k] = static_cast<float>(sum[k] / std::sqrt(squares));
    out.append(row);
  }
  return out;
}

// Numbers clusters by falling size and drops empty ones.
void number_by_size(size_t clusters, Clusters& out) {
  std::vector<size_t> sizes(clusters), order(clusters);
  for (const uint32_t c : out.of_row) ++sizes[c];
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return sizes[a] > sizes[b]; });
  std::vector<uint32_t> number(clusters);
  for (size_t i = 0; i < clusters; ++i) number[order[i]] = static_cast<uint32_t>(i);
  for (uint32_t& c : out.of_row) c = number[c];
  out.count = static_cast<size_t>(std::count_if(sizes.begin(), sizes.end(), [](size_t n) { return n > 0; }));
}

}  // namespace

std::vector<std::vector<size_t>> find_duplicates(const Vectors& vectors, float lowest,
                                                 void (*progress)(void*, size_t), void* context) {
  if (!(lowest > -1))
    fail(ErrorCode::invalid_argument, "a threshold of ", lowest, " would make everything a duplicate");
  Groups groups(vectors.size());
  std::vector<uint8_t> later(vectors.size(), 1);  // each pair is looked at once
  for (size_t begin = 0; begin < vectors.size(); begin += kQueriesAtOnce) {
    const size_t end = std::min(vectors.size(), begin + kQueriesAtOnce);
    const auto hits = search(vectors, rows_of(vectors, begin, end),
                             {.top = vectors.size(), .lowest = lowest, .allowed = later});
    for (size_t i = begin; i < end; ++i) {
      later[i] = 0;
      for (const Hit& hit : hits[i - begin]) groups.join(i, hit.row);
    }
    if (progress != nullptr) progress(context, end);
  }
  std::vector<std::vector<size_t>> members(vectors.size()), out;
  for (size_t i = 0; i < vectors.size(); ++i) members[groups.root(i)].push_back(i);
  for (std::vector<size_t>& group : members) {
    if (group.size() > 1) out.push_back(std::move(group));
  }
  return out;
}

Clusters cluster(const Vectors& vectors, size_t clusters, size_t rounds) {
  Clusters out;
  if (vectors.size() == 0) return out;
  if (clusters == 0) fail(ErrorCode::invalid_argument, "no cluster asked for; ask for 1 or more");
  clusters = std::min(clusters, vectors.size());
  out.of_row.assign(vectors.size(), 0);
  out.score.assign(vectors.size(), 0);
  Vectors centres(vectors.width(), RowType::f32);
  for (const size_t row : spread_rows(vectors, clusters)) centres.append(vectors.row(row));
  for (size_t round = 0; round < std::max<size_t>(rounds, 1); ++round) {
    if (!assign(vectors, centres, out) && round > 0) break;
    if (round + 1 < rounds) centres = settle(vectors, centres, out);
  }
  number_by_size(clusters, out);
  return out;
}

}  // namespace simdclip
