// f32 and f16 rows. Include after vec_*.h and after kDotRows, kDotQueries, load_half() and horizontal_sums().
#pragma once

#include "kernels/dot/dot.inl"

namespace simdclip::kernels {
namespace {

template <typename Element>
struct FloatRows {
  static constexpr size_t kRows = kDotRows, kQueries = kDotQueries, kStep = kLanes;
  using Sum = F16;
  using Row = F16;
  using Query = F16;
  using Total = float;
  SIMDCLIP_INLINE static F16 zero_sum() { return zero(); }
  SIMDCLIP_INLINE static F16 load_row(const float* p) { return load(p); }
  SIMDCLIP_INLINE static F16 load_row_n(const float* p, size_t n) { return load_n(p, n); }
  SIMDCLIP_INLINE static F16 load_row(const uint16_t* p) { return load_half(p); }
  SIMDCLIP_INLINE static F16 load_row_n(const uint16_t* p, size_t n) {
    uint16_t lanes[kLanes] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load_half(lanes);
  }
  SIMDCLIP_INLINE static F16 load_query(const float* p) { return load(p); }
  SIMDCLIP_INLINE static F16 load_query_n(const float* p, size_t n) { return load_n(p, n); }
  SIMDCLIP_INLINE static F16 dot(F16 sum, F16 row, F16 query) { return fma(row, query, sum); }
  template <size_t R>
  SIMDCLIP_INLINE static void finish(const F16 (&sums)[R], float (&totals)[R]) {
    if constexpr (R == 4) {
      horizontal_sums(sums, totals);
    } else {
#pragma GCC unroll 8
      for (size_t r = 0; r < R; ++r) totals[r] = horizontal_sum(sums[r]);
    }
  }
};

template <typename Element>
SIMDCLIP_INLINE void dot_float(const DotArgs<Element>& args) {
  const DotOutput out = args.out;
  dot_blocks<FloatRows<Element>>(
      args, [out](size_t query, size_t row, float total) { out.scores[query * out.lds + row] = total; });
}

}  // namespace
}  // namespace simdclip::kernels
