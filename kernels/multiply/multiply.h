// Products of elements: a gate and what passes it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

// y[i] = a[i] * b[i] in f32. Element: float, or the bits of a bf16. y may be a or b where they are floats.
template <typename Element>
struct MultiplyOperands {
  size_t n = 0;
  const Element* a = nullptr;
  const Element* b = nullptr;
  float* y = nullptr;
};

using MultiplyArgs = MultiplyOperands<float>;
using MultiplyBf16Args = MultiplyOperands<uint16_t>;
using MultiplyFn = void(const MultiplyArgs& args) noexcept;
using MultiplyBf16Fn = void(const MultiplyBf16Args& args) noexcept;

}  // namespace simdclip::kernels
