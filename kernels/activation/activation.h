// Element-wise activations of the MLP; the same polynomials are fused into the GEMM epilogue.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

enum class Act : uint8_t {
  none,
  gelu,        // x * Phi(x), by erf
  gelu_tanh,   // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
  quick_gelu,  // x * sigmoid(1.702 x)
  relu,        // max(x, 0); NaN and -0 stay
};

// In place over x[n].
using ActivationFn = void(Act act, float* x, size_t n) noexcept;

}  // namespace simdclip::kernels
