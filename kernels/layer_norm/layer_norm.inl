// The one source of the layer norm kernels; see layer_norm.h. Include after vec_*.h.
#pragma once

#include "kernels/common/quantize.inl"
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

template <int R>
struct RowStatistics {
  const float* x[R];
  F16 mean[R], rest[R], scale[R];  // y = ((x - mean) - rest) * scale * gamma + beta
};

// R rows at once: the sums of one row are a chain of additions, several rows hide its latency.
// The second pass also sums what rounding left in the mean: with a mean far above the deviation, it is not
// small against it.
template <int R>
SIMDCLIP_INLINE RowStatistics<R> statistics(const LayerNormInput& in, size_t row) {
  RowStatistics<R> s;
  F16 sum[R], squares[R];
  const float count = static_cast<float>(in.width);
  for (int r = 0; r < R; ++r) {
    s.x[r] = in.x + (row + static_cast<size_t>(r)) * in.ldx;
    sum[r] = zero();
  }
  for_each_16(in.width, [&](size_t i, size_t lanes) {
    for (int r = 0; r < R; ++r) sum[r] = sum[r] + load_lanes(s.x[r] + i, lanes);
  });
  for (int r = 0; r < R; ++r) {
    s.mean[r] = broadcast(horizontal_sum(sum[r]) / count);
    sum[r] = squares[r] = zero();
  }
  for_each_16(in.width, [&](size_t i, size_t lanes) {
    for (int r = 0; r < R; ++r) {
      F16 d = load_lanes(s.x[r] + i, lanes) - s.mean[r];
      if (lanes != kLanes) d = select(first_lanes(lanes), d, zero());
      sum[r] = sum[r] + d;
      squares[r] = fma(d, d, squares[r]);
    }
  });
  for (int r = 0; r < R; ++r) {
    const float left = horizontal_sum(sum[r]) / count;
    const float variance = horizontal_sum(squares[r]) / count - left * left;
    s.rest[r] = broadcast(left);
    s.scale[r] = broadcast(1.0F) / sqrt(broadcast(variance + in.eps));
  }
  return s;
}

// Calls sink(r, i, lanes, value) with the normalised elements of each row.
template <int R, typename Sink>
SIMDCLIP_INLINE void for_each_normalised(const LayerNormInput& in, const RowStatistics<R>& s,
                                         const Sink& sink) {
  for_each_16(in.width, [&](size_t i, size_t lanes) {
    const F16 gamma = load_lanes(in.gamma + i, lanes), beta = load_lanes(in.beta + i, lanes);
    for (int r = 0; r < R; ++r) {
      const F16 d = (load_lanes(s.x[r] + i, lanes) - s.mean[r]) - s.rest[r];
      sink(static_cast<size_t>(r), i, lanes, fma(d * s.scale[r], gamma, beta));
    }
  });
}

template <int R>
SIMDCLIP_INLINE void layer_norm_rows(const LayerNormArgs& args, size_t row) {
  const RowStatistics<R> s = statistics<R>(args, row);
  for_each_normalised(args, s, [&](size_t r, size_t i, size_t lanes, F16 value) {
    store_lanes(args.y + (row + r) * args.ldy + i, value, lanes);
  });
}

template <int R>
SIMDCLIP_INLINE void layer_norm_rows(const LayerNormBf16Args& args, size_t row) {
  const RowStatistics<R> s = statistics<R>(args, row);
  for_each_normalised(args, s, [&](size_t r, size_t i, size_t lanes, F16 value) {
    store_bf16(args.y + (row + r) * args.ldy + i, value, lanes);
  });
}

// The values are computed twice, for their range and for their bytes: cheaper than a pass through memory.
template <int R>
SIMDCLIP_INLINE void layer_norm_rows(const LayerNormS8Args& args, size_t row) {
  const RowStatistics<R> s = statistics<R>(args, row);
  RowRange range[R];
  for_each_normalised(args, s, [&](size_t r, size_t, size_t lanes, F16 value) {
    extend(range[r], lanes == kLanes ? value : select(first_lanes(lanes), value, zero()));
  });
  F16 inverse[R];
  for (size_t r = 0; r < R; ++r) {
    const RowScale scale = row_scale(range[r]);
    inverse[r] = broadcast(scale.inverse);
    args.scale[row + r] = scale.scale;
  }
  for_each_normalised(args, s, [&](size_t r, size_t i, size_t lanes, F16 value) {
    store_quantized(args.y + (row + r) * args.ldy + i, value, inverse[r], lanes);
  });
}

template <typename Args>
SIMDCLIP_INLINE void layer_norm(const Args& args) {
  constexpr size_t kRows = 4;
  size_t row = 0;
  for (; row + kRows <= args.rows; row += kRows) layer_norm_rows<kRows>(args, row);
  for (; row < args.rows; ++row) layer_norm_rows<1>(args, row);
}

}  // namespace
}  // namespace simdclip::kernels
