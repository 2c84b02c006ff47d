// What follows the whole of K: C = act(sums + bias) + residual, each a rounding of its own. Include after
// kernels/common/vec_*.h.
#pragma once

#include "kernels/common/math.inl"
#include "kernels/gemm/gemm.h"

namespace simdclip::kernels {
namespace {

// 16 columns of a tile, `n` of them inside C. Whole panels do without masks, which are slow to store on AVX2.
template <Act act, bool kWhole>
SIMDCLIP_INLINE void finish_panel(const GemmArgs& args, const float* sums, size_t stride, size_t row,
                                  size_t rows, size_t column, size_t n) noexcept {
  const auto read = [&](const float* p) { return kWhole ? load(p) : load_n(p, n); };
  const F16 bias = args.bias == nullptr ? zero() : read(args.bias + column);
  for (size_t i = 0; i < rows; ++i) {
    F16 x = load(sums + i * stride);
    if (args.bias != nullptr) x = x + bias;
    x = activate<act>(x);
    if (args.residual != nullptr) x = x + read(args.residual + (row + i) * args.ldr + column);
    float* const c = args.c + (row + i) * args.ldc + column;
    kWhole ? store(c, x) : store_n(c, x, n);
  }
}

// C[rows, columns] at (row, column) from sums[rows][stride].
template <Act act>
void finish(const GemmArgs& args, const float* sums, size_t stride, size_t row, size_t rows, size_t column,
            size_t columns) noexcept {
  size_t j = 0;
  for (; j + kLanes <= columns; j += kLanes) {
    finish_panel<act, true>(args, sums + j, stride, row, rows, column + j, kLanes);
  }
  if (j < columns) finish_panel<act, false>(args, sums + j, stride, row, rows, column + j, columns - j);
}

using FinishFn = void(const GemmArgs& args, const float* sums, size_t stride, size_t row, size_t rows,
                      size_t column, size_t columns) noexcept;

FinishFn* finish_of(Act act) noexcept {
  switch (act) {
    case Act::gelu: return &finish<Act::gelu>;
    case Act::gelu_tanh: return &finish<Act::gelu_tanh>;
    case Act::quick_gelu: return &finish<Act::quick_gelu>;
    case Act::none: break;
  }
  return &finish<Act::none>;
}

}  // namespace
}  // namespace simdclip::kernels
