// Averages over 2 x 2 pixels, the step down between the stages of residual networks: pixels are rows of
// channels, y[i] = (above[2 i] + above[2 i + 1] + below[2 i] + below[2 i + 1]) / 4, added in that order in
// f32.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

// One row of pixels of the result. Element: float, or the bits of a bf16: then the average is rounded
// (nearest even). Strides count elements, from one pixel to the next.
template <typename Element>
struct AveragePoolOperands {
  size_t pixels = 0, channels = 0;                   // of y
  const Element *above = nullptr, *below = nullptr;  // [2 pixels, channels], row stride ldx
  size_t ldx = 0;
  Element* y = nullptr;  // [pixels, channels], row stride ldy
  size_t ldy = 0;
};

using AveragePoolArgs = AveragePoolOperands<float>;
using AveragePoolBf16Args = AveragePoolOperands<uint16_t>;
using AveragePoolFn = void(const AveragePoolArgs& args) noexcept;
using AveragePoolBf16Fn = void(const AveragePoolBf16Args& args) noexcept;

}  // namespace simdclip::kernels
