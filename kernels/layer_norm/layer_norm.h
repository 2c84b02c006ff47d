// Layer normalisation of rows: y = (x - mean) / sqrt(var + eps) * gamma + beta, biased variance, two passes.
// Sums run in 16 virtual lanes (element i goes to lane i % 16, in order), the lanes are added in a fixed
// tree: the same bits everywhere.
#pragma once

#include <cstddef>

namespace simdclip::kernels {

struct LayerNormArgs {
  size_t rows = 0, width = 0;
  const float* x = nullptr;  // [rows, width], row stride ldx
  size_t ldx = 0;
  const float* gamma = nullptr;  // [width]
  const float* beta = nullptr;   // [width]
  float eps = 0;
  float* y = nullptr;  // [rows, width], row stride ldy; may be x itself
  size_t ldy = 0;
};

using LayerNormFn = void(const LayerNormArgs& args) noexcept;

}  // namespace simdclip::kernels
