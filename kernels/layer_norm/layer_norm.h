// Layer normalisation of rows: y = (x - mean) / sqrt(var + eps) * gamma + beta, biased variance, two passes.
// Sums run in 16 virtual lanes (element i goes to lane i % 16, in order), the lanes are added in a fixed
// tree: the same bits everywhere.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

struct LayerNormInput {
  size_t rows = 0, width = 0;
  const float* x = nullptr;  // [rows, width], row stride ldx
  size_t ldx = 0;
  const float* gamma = nullptr;  // [width]
  const float* beta = nullptr;   // [width]
  float eps = 0;
};

struct LayerNormArgs : LayerNormInput {
  float* y = nullptr;  // [rows, width], row stride ldy; may be x itself
  size_t ldy = 0;
};

// The same values rounded to bf16 (nearest even).
struct LayerNormBf16Args : LayerNormInput {
  uint16_t* y = nullptr;  // [rows, width], row stride ldy
  size_t ldy = 0;
};

// The same values quantized row by row as quantize/quantize.h has it: the input of the next int8 product.
struct LayerNormS8Args : LayerNormInput {
  int8_t* y = nullptr;  // [rows, width], row stride ldy
  size_t ldy = 0;
  float* scale = nullptr;  // [rows]
};

using LayerNormFn = void(const LayerNormArgs& args) noexcept;
using LayerNormBf16Fn = void(const LayerNormBf16Args& args) noexcept;
using LayerNormS8Fn = void(const LayerNormS8Args& args) noexcept;

}  // namespace simdclip::kernels
