// What follows the whole of K: C = act(sums + bias) + residual, or relu(sums + bias + residual), each a
// rounding of its own; integer sums first become f32 and take their scales. Include after
// kernels/common/vec_*.h.
#pragma once

#include "kernels/common/math.inl"
#include "kernels/gemm/gemm.h"

namespace simdclip::kernels {
namespace {

// Where a product ends, whatever the type of its operands.
struct Output {
  float* c;
  uint16_t* c_bf16;
  size_t ldc;
  const float *bias, *residual;
  const uint16_t* residual_bf16;
  size_t ldr;
  const float *a_scale, *b_scale;  // of integer sums
};
template <typename Args>
SIMDCLIP_INLINE Output output_of(const Args& args) noexcept {
  const uint16_t* narrow = nullptr;
  if constexpr (requires { args.residual_bf16; }) narrow = args.residual_bf16;
  return {args.c, args.c_bf16, args.ldc, args.bias, args.residual, narrow, args.ldr, nullptr, nullptr};
}

// An activation stands before the residual, relu behind it.
template <Act act>
SIMDCLIP_INLINE F16 before_residual(F16 x) noexcept {
  return act == Act::relu ? x : activate<act>(x);
}
template <Act act>
SIMDCLIP_INLINE F16 behind_residual(F16 x) noexcept {
  return act == Act::relu ? activate<act>(x) : x;
}

template <typename Sum>
inline constexpr bool kInteger = false;
template <>
inline constexpr bool kInteger<int32_t> = true;

SIMDCLIP_INLINE F16 as_f32(const float* sums, F16) { return load(sums); }
SIMDCLIP_INLINE F16 as_f32(const int32_t* sums, F16 scale) { return load_i32(sums) * scale; }

// 16 columns of a tile, `n` of them inside C. Whole panels do without masks, which are slow to store on AVX2.
template <Act act, bool kWhole, typename Sum>
SIMDCLIP_INLINE void finish_panel(const Output& out, const Sum* sums, size_t stride, size_t row, size_t rows,
                                  size_t column, size_t n) noexcept {
  constexpr bool kScaled = kInteger<Sum>;
  const auto read = [&](const float* p) { return kWhole ? load(p) : load_n(p, n); };
  const bool has_bias = out.bias != nullptr;
  const F16 bias = has_bias ? read(out.bias + column) : zero();
  const F16 b_scale = kScaled ? read(out.b_scale + column) : zero();
  const float* const a_scale = kScaled ? out.a_scale + row : nullptr;
  const size_t ldc = out.ldc, ldr = out.ldr, at = row * ldc + column;
  const float* residual = out.residual == nullptr ? nullptr : out.residual + row * ldr + column;
  const uint16_t* narrow_residual =
      out.residual_bf16 == nullptr ? nullptr : out.residual_bf16 + row * ldr + column;
  uint16_t* narrow = out.c_bf16 == nullptr ? nullptr : out.c_bf16 + at;
  float* c = narrow == nullptr ? out.c + at : nullptr;
  for (size_t i = 0; i < rows; ++i) {
    F16 x = as_f32(sums + i * stride, kScaled ? broadcast(a_scale[i]) * b_scale : zero());
    if (has_bias) x = x + bias;
    x = before_residual<act>(x);
    if (residual != nullptr) {
      x = x + read(residual);
      residual += ldr;
    } else if (narrow_residual != nullptr) {
      x = x + load_bf16(narrow_residual, kWhole ? kLanes : n);
      narrow_residual += ldr;
    }
    x = behind_residual<act>(x);
    if (narrow != nullptr) {
      store_bf16(narrow, x, kWhole ? kLanes : n);
      narrow += ldc;
    } else {
      kWhole ? store(c, x) : store_n(c, x, n);
      c += ldc;
    }
  }
}

// C[rows, columns] at (row, column) from sums[rows][stride].
template <Act act, typename Sum>
void finish(const Output& out, const Sum* sums, size_t stride, size_t row, size_t rows, size_t column,
            size_t columns) noexcept {
  size_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    finish_panel<act, true>(out, sums + j, stride, row, rows, column + j, kLanes);
  }
  if (j < columns) finish_panel<act, false>(out, sums + j, stride, row, rows, column + j, columns - j);
}

// C's lines come into L2 while their tile is computed. Not into L1: its few fill buffers, held
// for as long as memory takes, would keep the loads of A waiting, as the stores of C themselves do (3 % of
// the f32 product at M = 800, N = 3072).
SIMDCLIP_INLINE void fetch_output(const Output& out, size_t row, size_t rows, size_t column,
                                  size_t panels) noexcept {
  const bool narrow = out.c_bf16 != nullptr;
  const size_t bytes = narrow ? sizeof(uint16_t) : sizeof(float);
  const char* c = narrow ? reinterpret_cast<const char*>(out.c_bf16) : reinterpret_cast<const char*>(out.c);
  c += (row * out.ldc + column) * bytes;
  for (size_t i = 0; i < rows; ++i, c += out.ldc * bytes) {
    for (size_t at = 0; at < panels * kLanes * bytes; at += 64) __builtin_prefetch(c + at, 0, 2);
  }
}

template <typename Sum>
using FinishFn = void(const Output& out, const Sum* sums, size_t stride, size_t row, size_t rows,
                      size_t column, size_t columns) noexcept;

template <typename Sum>
FinishFn<Sum>* finish_of(Act act) noexcept {
  switch (act) {
    case Act::gelu: return &finish<Act::gelu, Sum>;
    case Act::gelu_tanh: return &finish<Act::gelu_tanh, Sum>;
    case Act::quick_gelu: return &finish<Act::quick_gelu, Sum>;
    case Act::relu: return &finish<Act::relu, Sum>;
    case Act::none: break;
  }
  return &finish<Act::none, Sum>;
}

}  // namespace
}  // namespace simdclip::kernels
