#include "simdclip/accuracy.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "apps/unit.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr size_t kTop = 5;

size_t rows_of(std::span<const float> a, std::span<const float> b, size_t width, const char* what) {
  if (width == 0 || a.size() != b.size() || a.size() % width != 0) {
    fail(ErrorCode::invalid_argument, what, ": ", a.size(), " and ", b.size(),
         " numbers, expected whole rows of ", width, ", as many of each");
  }
  return a.size() / width;
}

// The best candidates of a query, best first; equal ones in their order.
std::vector<size_t> best(const RankedRows& rows, size_t query, size_t width, size_t count) {
  const bool same = rows.queries.data() == rows.candidates.data();
  const std::span<const float> q = rows.queries.subspan(query * width, width);
  std::vector<double> scores(rows.candidates.size() / width);
  std::vector<size_t> order;
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i] = dot(q, rows.candidates.subspan(i * width, width));
    if (!same || i != query) order.push_back(i);
  }
  count = std::min(count, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count), order.end(),
      [&](size_t a, size_t b) { return scores[a] != scores[b] ? scores[a] > scores[b] : a < b; });
  order.resize(count);
  return order;
}

}  // namespace

CosineAgreement cosine_agreement(std::span<const float> a, std::span<const float> b, size_t width) {
  CosineAgreement out;
  out.rows = rows_of(a, b, width, "cosine_agreement");
  double sum = 0;
  for (size_t i = 0; i < out.rows; ++i) {
    const auto x = a.subspan(i * width, width), y = b.subspan(i * width, width);
    const double cosine = dot(x, y) / std::sqrt(dot(x, x) * dot(y, y));
    sum += cosine;
    if (i == 0 || cosine < out.lowest) {
      out.lowest = cosine;
      out.lowest_row = i;
    }
  }
  if (out.rows > 0) out.mean = sum / static_cast<double>(out.rows);
  return out;
}

RankAgreement rank_agreement(const RankedRows& a, const RankedRows& b, size_t width) {
  RankAgreement out;
  out.queries = rows_of(a.queries, b.queries, width, "rank_agreement, queries");
  rows_of(a.candidates, b.candidates, width, "rank_agreement, candidates");
  double first = 0, shared = 0;
  for (size_t i = 0; i < out.queries; ++i) {
    const std::vector<size_t> x = best(a, i, width, kTop), y = best(b, i, width, kTop);
    if (x.empty()) return {};  // no candidate: nothing to disagree about
    first += x[0] == y[0] ? 1 : 0;
    const auto common = std::count_if(x.begin(), x.end(),
                                      [&](size_t c) { return std::find(y.begin(), y.end(), c) != y.end(); });
    shared += static_cast<double>(common) / static_cast<double>(x.size());
  }
  if (out.queries > 0) {
    out.top_1 = first / static_cast<double>(out.queries);
    out.top_5 = shared / static_cast<double>(out.queries);
  }
  return out;
}

}  // namespace simdclip
