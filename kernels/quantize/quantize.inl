// The one source of the quantize kernels; see quantize.h. Include after vec_*.h.
#pragma once

#include "kernels/common/quantize.inl"
#include "kernels/quantize/quantize.h"

namespace simdclip::kernels {
namespace {

SIMDCLIP_INLINE F16 load_elements(const float* p, size_t n) { return n == kLanes ? load(p) : load_n(p, n); }
SIMDCLIP_INLINE F16 load_elements(const uint16_t* p, size_t n) { return load_bf16(p, n); }

template <typename Args>
SIMDCLIP_INLINE void quantize(const Args& args) {
  const size_t whole = args.width / kLanes * kLanes, tail = args.width - whole;
  for (size_t row = 0; row < args.rows; ++row) {
    const auto* x = args.x + row * args.ldx;
    int8_t* q = args.q + row * args.ldq;
    RowRange range;
    for (size_t i = 0; i < whole; i += kLanes) extend(range, load_elements(x + i, kLanes));
    if (tail != 0) extend(range, load_elements(x + whole, tail));
    const RowScale scale = row_scale(range);
    const F16 inverse = broadcast(scale.inverse);
    for (size_t i = 0; i < whole; i += kLanes) store_quantized(q + i, load_elements(x + i, kLanes), inverse, kLanes);
    if (tail != 0) store_quantized(q + whole, load_elements(x + whole, tail), inverse, tail);
    args.scale[row] = scale.scale;
  }
}

SIMDCLIP_INLINE void quantize_by(const QuantizeByArgs& args) {
  const size_t whole = args.width / kLanes * kLanes, tail = args.width - whole;
  const F16 inverse = broadcast(args.inverse);
  for (size_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + row * args.ldx;
    int8_t* q = args.q + row * args.ldq;
    for (size_t i = 0; i < whole; i += kLanes) store_quantized(q + i, load(x + i), inverse, kLanes);
    if (tail != 0) store_quantized(q + whole, load_n(x + whole, tail), inverse, tail);
  }
}

SIMDCLIP_INLINE void round_bf16(const RoundBf16Args& args) {
  const size_t whole = args.width / kLanes * kLanes, tail = args.width - whole;
  for (size_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + row * args.ldx;
    uint16_t* y = args.y + row * args.ldy;
    for (size_t i = 0; i < whole; i += kLanes) store_bf16(y + i, load(x + i), kLanes);
    if (tail != 0) store_bf16(y + whole, load_n(x + whole, tail), tail);
  }
}

}  // namespace
}  // namespace simdclip::kernels
