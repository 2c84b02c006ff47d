// The one source of the layer norm kernels; see layer_norm.h. Include after vec_*.h.
#pragma once

#include "kernels/layer_norm/layer_norm.h"

namespace simdclip::kernels {
namespace {

// Applies step(vector index, lanes) to every 16 elements of a row; `lanes` is a constant 16 but for the tail.
template <typename Step>
SIMDCLIP_INLINE void for_each_16(size_t width, const Step& step) {
  size_t i = 0;
  for (; i + kLanes <= width; i += kLanes) step(i, kLanes);
  if (i < width) step(i, width - i);
}
SIMDCLIP_INLINE F16 load_lanes(const float* p, size_t lanes) {
  return lanes == kLanes ? load(p) : load_n(p, lanes);
}
SIMDCLIP_INLINE void store_lanes(float* p, F16 x, size_t lanes) {
  if (lanes == kLanes) return store(p, x);
  store_n(p, x, lanes);
}

// R rows at once: the sums of one row are a chain of additions, several rows hide its latency.
// The second pass also sums what rounding left in the mean: with a mean far above the deviation, it is not
// small against it.
template <int R>
SIMDCLIP_INLINE void layer_norm_rows(const LayerNormArgs& args, size_t row) {
  const float* x[R];
  F16 sum[R], squares[R], mean[R], rest[R], scale[R];
  const float count = static_cast<float>(args.width);
  for (int r = 0; r < R; ++r) {
    x[r] = args.x + (row + static_cast<size_t>(r)) * args.ldx;
    sum[r] = zero();
  }
  for_each_16(args.width, [&](size_t i, size_t lanes) {
    for (int r = 0; r < R; ++r) sum[r] = sum[r] + load_lanes(x[r] + i, lanes);
  });
  for (int r = 0; r < R; ++r) {
    mean[r] = broadcast(horizontal_sum(sum[r]) / count);
    sum[r] = squares[r] = zero();
  }
  for_each_16(args.width, [&](size_t i, size_t lanes) {
    for (int r = 0; r < R; ++r) {
      F16 d = load_lanes(x[r] + i, lanes) - mean[r];
      if (lanes != kLanes) d = select(first_lanes(lanes), d, zero());
      sum[r] = sum[r] + d;
      squares[r] = fma(d, d, squares[r]);
    }
  });
  for (int r = 0; r < R; ++r) {
    const float left = horizontal_sum(sum[r]) / count;
    const float variance = horizontal_sum(squares[r]) / count - left * left;
    rest[r] = broadcast(left);
    scale[r] = broadcast(1.0F) / sqrt(broadcast(variance + args.eps));
  }
  for_each_16(args.width, [&](size_t i, size_t lanes) {
    const F16 gamma = load_lanes(args.gamma + i, lanes), beta = load_lanes(args.beta + i, lanes);
    for (int r = 0; r < R; ++r) {
      const F16 d = (load_lanes(x[r] + i, lanes) - mean[r]) - rest[r];
      store_lanes(args.y + (row + static_cast<size_t>(r)) * args.ldy + i, fma(d * scale[r], gamma, beta),
                  lanes);
    }
  });
}

SIMDCLIP_INLINE void layer_norm(const LayerNormArgs& args) {
  constexpr int kRows = 4;
  size_t row = 0;
  for (; row + kRows <= args.rows; row += kRows) layer_norm_rows<kRows>(args, row);
  for (; row < args.rows; ++row) layer_norm_rows<1>(args, row);
}

}  // namespace
}  // namespace simdclip::kernels
