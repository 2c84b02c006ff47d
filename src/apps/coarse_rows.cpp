#include "apps/coarse_rows.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/checked.h"
#include "base/thread_pool.h"
#include "kernels/registry.h"
#include "store/queries.h"

namespace simdclip {
namespace {

constexpr double kLongest = 1.01;  // of a unit vector rounded to half precision, with room
constexpr double kUlp = 0x1p-24;

constexpr size_t kBounds = 3;

float check_of(std::span<const std::byte> row) {
  return std::bit_cast<float>(static_cast<uint32_t>(XXH3_64bits(row.data(), row.size())));
}

double length_of(std::span<const float> x) {
  double squares = 0;
  for (const float value : x) squares += double{value} * double{value};
  return std::sqrt(squares);
}

float rounded_up(double x) {
  return std::nextafter(static_cast<float>(x), std::numeric_limits<float>::infinity());
}

// What one byte of encode_row() is worth, and |x - byte * worth|; infinite where nothing can be promised.
void bound_of(std::span<const float> x, std::span<const std::byte> bytes, std::span<float> out) {
  float top = 0;
  for (const float value : x) top = std::max(top, std::fabs(value));
  const float worth = top / 127;
  double squares = 0;
  for (size_t k = 0; k < x.size(); ++k) {
    const double lost = double{x[k]} - double{worth} * static_cast<int8_t>(bytes[k]);
    squares += lost * lost;
  }
  const bool sound = std::isfinite(squares) && length_of(x) <= kLongest;
  out[0] = sound ? worth : 0.0F;
  out[1] = sound ? rounded_up(std::sqrt(squares)) : std::numeric_limits<float>::infinity();
}

}  // namespace

void Estimates::append(const Estimates& other) {
  score.insert(score.end(), other.score.begin(), other.score.end());
  error.insert(error.end(), other.error.begin(), other.error.end());
}

CoarseRows::CoarseRows(const CachedRows& rows, const std::function<const CachedRows&()>& sound,
                       const std::string& kind, const Model& model, const CacheOptions& cache) {
  const size_t n = rows.rows(), width = rows.width();
  const auto get = [&](const std::string& what, RowType type, size_t columns, const auto& compute) {
    RowKey key(kind + what, model);
    key.add_number(rows.checksum());
    return CachedRows::get(cache, key, type, n, columns, compute);
  };
  bytes_ = get("-bytes", RowType::int8, width, [&](std::span<float> out) {
    const CachedRows& from = sound();
    for (size_t i = 0; i < n; ++i) {
      const std::vector<float> row = from.row(i);
      std::copy(row.begin(), row.end(), out.begin() + static_cast<ptrdiff_t>(i * width));
    }
  });
  bounds_ = get("-bounds", RowType::f32, kBounds, [&](std::span<float> out) {
    const CachedRows& from = sound();
    const size_t size = row_bytes(RowType::f16, width);
    for (size_t i = 0; i < n; ++i) {
      const std::span<float> bound = out.subspan(kBounds * i, kBounds);
      bound_of(from.row(i), bytes_.bytes().subspan(i * width, width), bound);
      bound[2] = check_of(from.bytes().subspan(i * size, size));
    }
  });
}

bool CoarseRows::made_of(size_t i, std::span<const std::byte> row) const noexcept {
  return std::bit_cast<uint32_t>(check_of(row)) == std::bit_cast<uint32_t>(bounds_.f32()[kBounds * i + 2]);
}

// x = w q + e (a row), y = v p + f (the query), both rounded to integers:
// <y, x> - v w <p, q> = <f, x> + <y - f, e>, at most |f| |x| + (|y| + |f|) |e|.
Estimates CoarseRows::estimate(std::span<const float> query, Isa isa, unsigned threads) const {
  const size_t n = size(), width = bytes_.width();
  Estimates out{std::vector<float>(n), std::vector<float>(n)};
  const kernels::Kernels& kernels = kernels::select_kernels(isa);
  const Queries prepared(query, width, RowType::int8);
  double lost = 0;
  for (size_t k = 0; k < width; ++k) {
    const double f = double{query[k]} - double{prepared.scale[0]} * prepared.words[k];
    lost += f * f;
  }
  lost = std::sqrt(lost);
  const double length = length_of(query);
  // Beside it what sums of floats lose: the exact score's, and three roundings of this one.
  const double always =
      lost * kLongest + (static_cast<double>(width) + 8) * kUlp * (length + lost) * kLongest;
  in_row_blocks(n, threads, [&](size_t first, size_t count) {
    std::vector<float> worth(count);
    for (size_t i = 0; i < count; ++i) {
      const float* const bound = bounds_.f32().data() + kBounds * (first + i);
      worth[i] = bound[0];
      out.error[first + i] = rounded_up(always + (length + lost) * double{bound[1]});
    }
    kernels::DotI8Args args;
    args.queries = 1;
    args.rows = count;
    args.width = width;
    args.query = prepared.words.data();
    args.ldq = width;
    args.query_scale = prepared.scale.data();
    args.row = reinterpret_cast<const int8_t*>(bytes_.bytes().data()) + first * width;
    args.ldr = width;
    args.row_scale = worth.data();
    args.out = {out.score.data() + first, count};
    kernels.dot_i8(args);
  });
  return out;
}

std::vector<Ranked> exact_top(const Estimates& estimates, size_t first, size_t count, size_t k, bool reverse,
                              const std::function<float(size_t)>& exact) {
  k = std::min(k, count);
  if (k == 0) return {};
  const float sign = reverse ? -1.0F : 1.0F;
  // At least k entries have an exact score of `bound` or more.
  std::vector<double> lowest(count);
  for (size_t i = 0; i < count; ++i)
    lowest[i] = double{sign * estimates.score[first + i]} - double{estimates.error[first + i]};
  std::vector<double> sorted = lowest;
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<ptrdiff_t>(k - 1), sorted.end(),
                   std::greater<>());
  const double bound = sorted[k - 1];
  std::vector<Ranked> out;
  for (size_t i = first; i < first + count; ++i) {
    if (double{sign * estimates.score[i]} + double{estimates.error[i]} < bound) continue;
    out.push_back({i, estimates.error[i] == 0 ? estimates.score[i] : exact(i)});
  }
  std::partial_sort(out.begin(), out.begin() + static_cast<ptrdiff_t>(k), out.end(),
                    [&](const Ranked& a, const Ranked& b) {
                      const float x = sign * a.score, y = sign * b.score;
                      return x > y || (x == y && a.index < b.index);
                    });
  out.resize(k);
  return out;
}

void in_row_blocks(size_t rows, unsigned threads, const std::function<void(size_t, size_t)>& body) {
  constexpr size_t kRows = 2048;
  const auto block = [&](size_t i) { body(i * kRows, std::min(kRows, rows - i * kRows)); };
  const size_t blocks = ceil_div(rows, kRows);
  if (blocks == 1) block(0);
  if (blocks <= 1) return;
  ThreadPool pool(threads);
  pool.parallel_for(blocks, block);
}

}  // namespace simdclip
