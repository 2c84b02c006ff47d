#include "simdclip/search.h"

#include <algorithm>
#include <cmath>

#include "base/aligned.h"
#include "base/checked.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/thread_pool.h"
#include "kernels/registry.h"
#include "store/queries.h"
#include "store/vectors.h"

namespace simdclip {
namespace {

constexpr size_t kBlockRows = 256;  // scored before they are looked at; 64 queries' scores are 64 KB
constexpr size_t kBlockQueries = 64;
constexpr size_t kWorthAThread = size_t{1}
                                 << 20U;  // multiply-adds; waking a thread costs tens of microseconds

// The best `top` of what is offered, in a heap whose front is the worst of them.
class TopHits {
 public:
  TopHits(size_t top, float lowest) : top_(top), bound_(lowest) {}

  // No row of this score or less needs to be offered... but equal ones while the heap is not full.
  float bound() const noexcept { return bound_; }
  void offer(Hit hit) {
    if (hits_.size() == top_) {
      if (!better(hit, hits_.front())) return;
      std::pop_heap(hits_.begin(), hits_.end(), better);
      hits_.back() = hit;
    } else {
      hits_.push_back(hit);
    }
    std::push_heap(hits_.begin(), hits_.end(), better);
    if (hits_.size() == top_) bound_ = std::max(bound_, hits_.front().score);
  }
  const std::vector<Hit>& hits() const noexcept { return hits_; }

 private:
  size_t top_;
  float bound_;
  std::vector<Hit> hits_;
};

void score_block(const Vectors::State& s, const Queries& queries, size_t first_query, size_t query_count,
                 size_t first_row, size_t rows, const kernels::Kernels& k, float* scores) {
  const std::byte* row = s.rows + first_row * s.bytes();
  const kernels::DotOutput out{scores, kBlockRows};
  const float* floats = queries.floats.data() + first_query * s.width;
  if (s.type == RowType::f32) {
    k.dot_f32(
        {query_count, rows, s.width, floats, s.width, reinterpret_cast<const float*>(row), s.width, out});
  } else if (s.type == RowType::f16) {
    k.dot_f16(
        {query_count, rows, s.width, floats, s.width, reinterpret_cast<const uint16_t*>(row), s.width, out});
  } else {
    k.dot_i8({query_count, rows, s.width, queries.words.data() + first_query * s.width, s.width,
              queries.scale.data() + first_query, reinterpret_cast<const int8_t*>(row), s.width,
              s.scale.data() + first_row, out});
  }
}

// Offers what is not below the bound; most groups of 16 hold nothing.
void collect(const float* scores, size_t rows, size_t first_row, std::span<const uint8_t> allowed,
             TopHits& hits) {
  constexpr size_t kGroup = 16;
  for (size_t begin = 0; begin < rows; begin += kGroup) {
    const size_t end = std::min(begin + kGroup, rows);
    const float bound = hits.bound();
    int any = 0;
    for (size_t i = begin; i < end; ++i) any |= static_cast<int>(scores[i] >= bound);
    if (any == 0) continue;
    for (size_t i = begin; i < end; ++i) {
      if (scores[i] >= hits.bound() && (allowed.empty() || allowed[first_row + i] != 0))
        hits.offer({first_row + i, scores[i]});
    }
  }
}

// Rows [begin, end) against all queries.
void search_part(const Vectors::State& s, const Queries& queries, const SearchOptions& options,
                 const kernels::Kernels& k, size_t begin, size_t end, std::vector<TopHits>& hits) {
  AlignedBuffer<float> scores(kBlockRows * std::min(kBlockQueries, hits.size()));
  for (size_t row = begin; row < end; row += kBlockRows) {
    const size_t rows = std::min(kBlockRows, end - row);
    for (size_t query = 0; query < hits.size(); query += kBlockQueries) {
      const size_t count = std::min(kBlockQueries, hits.size() - query);
      score_block(s, queries, query, count, row, rows, k, scores.data());
      for (size_t q = 0; q < count; ++q)
        collect(scores.data() + q * kBlockRows, rows, row, options.allowed, hits[query + q]);
    }
  }
}

}  // namespace

std::vector<std::vector<Hit>> search(const Vectors& vectors, std::span<const float> queries,
                                     const SearchOptions& options) {
  return search_rows(vectors.state(), queries, options);
}

std::vector<std::vector<Hit>> search_rows(const Vectors::State& s, std::span<const float> queries,
                                          const SearchOptions& options) {
  check_search(s.size, s.width, queries, options);
  const size_t n = queries.size() / s.width;
  std::vector<std::vector<Hit>> out(n);
  if (n == 0 || s.size == 0 || options.top == 0) return out;
  const kernels::Kernels& k =
      kernels::select_kernels(options.isa.empty() ? default_isa() : parse_isa(options.isa));
  const Queries prepared(queries, s.width, s.type);
  const size_t work = s.size * s.width / kWorthAThread * n + 1, blocks = ceil_div(s.size, kBlockRows);
  const size_t threads =
      std::min({size_t{options.threads == 0 ? usable_cores() : options.threads}, work, blocks});
  std::vector<std::vector<TopHits>> parts(threads,
                                          std::vector<TopHits>(n, TopHits(options.top, options.lowest)));
  ThreadPool pool(static_cast<unsigned>(threads));
  pool.parallel_for(threads, [&](size_t part) {
    search_part(s, prepared, options, k, blocks * part / threads * kBlockRows,
                std::min(s.size, blocks * (part + 1) / threads * kBlockRows), parts[part]);
  });
  for (size_t q = 0; q < n; ++q) {
    for (const std::vector<TopHits>& part : parts)
      out[q].insert(out[q].end(), part[q].hits().begin(), part[q].hits().end());
    std::sort(out[q].begin(), out[q].end(), better);
    if (out[q].size() > options.top) out[q].resize(options.top);
  }
  return out;
}

std::vector<float> combine(std::span<const float> rows, std::span<const float> weights) {
  if (weights.empty() || rows.size() % weights.size() != 0) {
    fail(ErrorCode::invalid_argument, rows.size(), " values do not fill ", weights.size(), " rows");
  }
  const size_t width = rows.size() / weights.size();
  std::vector<double> sum(width);
  for (size_t i = 0; i < weights.size(); ++i) {
    for (size_t k = 0; k < width; ++k) sum[k] += double{weights[i]} * double{rows[i * width + k]};
  }
  double squares = 0;
  for (const double x : sum) squares += x * x;
  if (!(squares > 1e-24)) {
    fail(ErrorCode::invalid_argument, "the weighted queries cancel each other out; change a weight");
  }
  std::vector<float> out(width);
  for (size_t k = 0; k < width; ++k) out[k] = static_cast<float>(sum[k] / std::sqrt(squares));
  return out;
}

}  // namespace simdclip
