// The one source of the quantize kernels; see quantize.h. Include after vec_*.h.
#pragma once

#include "kernels/common/quantize.inl"
#include "kernels/quantize/quantize.h"

namespace simdclip::kernels {
namespace {

SIMDCLIP_INLINE void quantize(const QuantizeArgs& args) {
  const size_t whole = args.width / kLanes * kLanes, tail = args.width - whole;
  for (size_t row = 0; row < args.rows; ++row) {
    const float* x = args.x + row * args.ldx;
    int8_t* q = args.q + row * args.ldq;
    RowRange range;
    for (size_t i = 0; i < whole; i += kLanes) extend(range, load(x + i));
    if (tail != 0) extend(range, load_n(x + whole, tail));
    const RowScale scale = row_scale(range);
    const F16 inverse = broadcast(scale.inverse);
    for (size_t i = 0; i < whole; i += kLanes) store_quantized(q + i, load(x + i), inverse, kLanes);
    if (tail != 0) store_quantized(q + whole, load_n(x + whole, tail), inverse, tail);
    args.scale[row] = scale.scale;
  }
}

// Magnitudes of bf16 are ordered as their bits are: the largest, NaN and infinity above all, without a
// conversion.
SIMDCLIP_INLINE int16_t largest_magnitude(const uint16_t* x, size_t n) {
  int16_t top = 0;
  for (size_t i = 0; i < n; ++i) {
    const auto magnitude = static_cast<int16_t>(x[i] & 0x7FFF);
    top = magnitude > top ? magnitude : top;
  }
  return top;
}

// 32 elements to bytes; quantize_avx512.cpp has it by other instructions.
struct PlainBytes {
  static SIMDCLIP_INLINE void store_32(int8_t* q, const uint16_t* x, F16 inverse) {
    for (size_t i = 0; i < 2 * kLanes; i += kLanes)
      store_s8(q + i, fma(load_bf16(x + i, kLanes), inverse, broadcast(kRoundMagic)), kLanes);
  }
};

template <typename Bytes>
SIMDCLIP_INLINE void quantize_bf16(const QuantizeBf16Args& args) {
  constexpr size_t kStep = 2 * kLanes;
  const size_t whole = args.width / kStep * kStep;
  for (size_t row = 0; row < args.rows; ++row) {
    const uint16_t* x = args.x + row * args.ldx;
    int8_t* q = args.q + row * args.ldq;
    const uint32_t bits = static_cast<uint32_t>(largest_magnitude(x, args.width)) << 16;
    const float top = __builtin_bit_cast(float, bits);
    const bool finite = bits < 0x7F800000U;
    const float inverse = finite && top >= 0x1p-100F ? 127.0F / top : 0.0F;  // 127 / top could overflow
    for (size_t i = 0; i < whole; i += kStep) Bytes::store_32(q + i, x + i, broadcast(inverse));
    for (size_t i = whole; i < args.width; i += kLanes) {
      const size_t left = args.width - i, lanes = left < kLanes ? left : kLanes;
      store_s8(q + i, fma(load_bf16(x + i, lanes), broadcast(inverse), broadcast(kRoundMagic)), lanes);
    }
    args.scale[row] = !finite ? __builtin_nanf("") : inverse == 0.0F ? 0.0F : top / 127.0F;
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
