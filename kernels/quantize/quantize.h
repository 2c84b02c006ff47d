// Rows of floats in the type of the next product.
//
// Signed bytes with one scale a row: x = scale * q, q = round(x * 127 / max|x|), scale =
// max|x| / 127. So |x - scale q| <= 0.51 scale, and |q| <= 127. A row below 2^-100 gives q = 0, scale = 0;
// one with NaN or infinity gives scale = NaN.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

template <typename Element>
struct QuantizeOperands {
  size_t rows = 0, width = 0;
  const Element* x = nullptr;  // [rows, width], row stride ldx
  size_t ldx = 0;
  int8_t* q = nullptr;  // [rows, width], row stride ldq
  size_t ldq = 0;
  float* scale = nullptr;  // [rows]
};

using QuantizeArgs = QuantizeOperands<float>;
using QuantizeFn = void(const QuantizeArgs& args) noexcept;

// The same of rows of bf16, x * 127 / max|x| and its rounding to an integer in one. The bytes of a row with
// NaN or infinity are zero where x is finite.
using QuantizeBf16Args = QuantizeOperands<uint16_t>;
using QuantizeBf16Fn = void(const QuantizeBf16Args& args) noexcept;

// Rows whose bytes share one scale that the caller has: q = round(x * inverse), |x * inverse| < 127.5.
struct QuantizeByArgs {
  size_t rows = 0, width = 0;
  const float* x = nullptr;  // [rows, width], row stride ldx
  size_t ldx = 0;
  float inverse = 0;
  int8_t* q = nullptr;  // [rows, width], row stride ldq
  size_t ldq = 0;
};

using QuantizeByFn = void(const QuantizeByArgs& args) noexcept;

// Rows of floats rounded to bf16 (nearest even; NaN stays NaN).
struct RoundBf16Args {
  size_t rows = 0, width = 0;
  const float* x = nullptr;  // [rows, width], row stride ldx
  size_t ldx = 0;
  uint16_t* y = nullptr;  // [rows, width], row stride ldy
  size_t ldy = 0;
};

using RoundBf16Fn = void(const RoundBf16Args& args) noexcept;

}  // namespace simdclip::kernels
