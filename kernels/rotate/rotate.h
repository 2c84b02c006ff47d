// Rotary positions (Su 2021): of each head, channels i and half + i are a complex number that is turned by
// the row's angle i. In place: (a, b) -> (a cos - b sin, b cos + a sin), each product and sum rounded by
// itself.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

// Element: float, or the bits of a bf16, computed in f32 and rounded once.
template <typename Element>
struct RotateOperands {
  size_t rows = 0, heads = 0, half = 0;
  Element* x = nullptr;  // [rows, heads * 2 * half], row stride ldx
  size_t ldx = 0;
  const float* angles = nullptr;  // [rows, 2 * half]: cosines, then sines; row stride ldangles
  size_t ldangles = 0;
};

using RotateArgs = RotateOperands<float>;
using RotateBf16Args = RotateOperands<uint16_t>;
using RotateFn = void(const RotateArgs& args) noexcept;
using RotateBf16Fn = void(const RotateBf16Args& args) noexcept;

}  // namespace simdclip::kernels
