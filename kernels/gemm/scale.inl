// The end of an int8 tile: integers become f32, take their scales, and go through the epilogue that all GEMMs
// share.
#pragma once

#include "kernels/gemm/epilogue.inl"
#include "kernels/gemm/gemm_i8.h"

namespace simdclip::kernels {
namespace {

inline GemmArgs output_of(const GemmI8Args& args) noexcept {
  return {.c = args.c,
          .ldc = args.ldc,
          .bias = args.bias,
          .residual = args.residual,
          .ldr = args.ldr,
          .act = args.act};
}

// C[rows, columns] at (row, column) from sums[rows][kStride]; `scaled` is room for as many floats.
template <size_t kStride>
SIMDCLIP_INLINE void finish_scaled(const GemmI8Args& args, const GemmArgs& output, FinishFn* finish_tile,
                                   const int32_t* sums, float* scaled, size_t row, size_t rows, size_t column,
                                   size_t columns) noexcept {
  for (size_t i = 0; i < rows; ++i) {
    const float a_scale = args.a_scale[row + i];
    for (size_t j = 0; j < columns; ++j) {
      scaled[i * kStride + j] =
          static_cast<float>(sums[i * kStride + j]) * (a_scale * args.b_scale[column + j]);
    }
  }
  finish_tile(output, scaled, kStride, row, rows, column, columns);
}

}  // namespace
}  // namespace simdclip::kernels
