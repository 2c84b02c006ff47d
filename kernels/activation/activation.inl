// The one source of the activation kernels; see activation.h. Include after vec_*.h.
#pragma once

#include "kernels/common/math.inl"

namespace simdclip::kernels {
namespace {

template <Act act>
SIMDCLIP_INLINE void activate_all(float* x, size_t n) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(x + i, activate<act>(load(x + i)));
  if (i < n) store_n(x + i, activate<act>(load_n(x + i, n - i)), n - i);
}

SIMDCLIP_INLINE void activation(Act act, float* x, size_t n) {
  switch (act) {
    case Act::none: return;
    case Act::gelu: return activate_all<Act::gelu>(x, n);
    case Act::gelu_tanh: return activate_all<Act::gelu_tanh>(x, n);
    case Act::quick_gelu: return activate_all<Act::quick_gelu>(x, n);
    case Act::relu: return activate_all<Act::relu>(x, n);
  }
}

}  // namespace
}  // namespace simdclip::kernels
