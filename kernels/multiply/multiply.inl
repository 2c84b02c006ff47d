// The one source of the multiplication kernels; see multiply.h. Include after vec_*.h.
#pragma once

#include "kernels/multiply/multiply.h"

namespace simdclip::kernels {
namespace {

SIMDCLIP_INLINE F16 load_elements(const float* p, size_t n) { return n == kLanes ? load(p) : load_n(p, n); }
SIMDCLIP_INLINE F16 load_elements(const uint16_t* p, size_t n) { return load_bf16(p, n); }

template <typename Element>
SIMDCLIP_INLINE void multiply(const MultiplyOperands<Element>& args) {
  for (size_t i = 0; i < args.n; i += kLanes) {
    const size_t n = args.n - i < kLanes ? args.n - i : kLanes;
    const F16 product = load_elements(args.a + i, n) * load_elements(args.b + i, n);
    if (n == kLanes)
      store(args.y + i, product);
    else
      store_n(args.y + i, product, n);
  }
}

}  // namespace
}  // namespace simdclip::kernels
