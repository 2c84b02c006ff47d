// The one source of the rotation kernels; see rotate.h. Include after vec_*.h.
#pragma once

#include "kernels/rotate/rotate.h"

namespace simdclip::kernels {
namespace {

SIMDCLIP_INLINE F16 load_elements(const float* p, size_t n) { return n == kLanes ? load(p) : load_n(p, n); }
SIMDCLIP_INLINE F16 load_elements(const uint16_t* p, size_t n) { return load_bf16(p, n); }
SIMDCLIP_INLINE void store_elements(float* p, F16 x, size_t n) {
  if (n == kLanes) return store(p, x);
  store_n(p, x, n);
}
SIMDCLIP_INLINE void store_elements(uint16_t* p, F16 x, size_t n) { store_bf16(p, x, n); }

template <typename Element>
SIMDCLIP_INLINE void rotate(const RotateOperands<Element>& args) {
  for (size_t r = 0; r < args.rows; ++r) {
    const float* cosine = args.angles + r * args.ldangles;
    const float* sine = cosine + args.half;
    Element* head = args.x + r * args.ldx;
    for (size_t h = 0; h < args.heads; ++h, head += 2 * args.half) {
      for (size_t i = 0; i < args.half; i += kLanes) {
        const size_t n = args.half - i < kLanes ? args.half - i : kLanes;
        const F16 c = load_elements(cosine + i, n), s = load_elements(sine + i, n);
        const F16 a = load_elements(head + i, n), b = load_elements(head + args.half + i, n);
        store_elements(head + i, a * c - b * s, n);
        store_elements(head + args.half + i, b * c + a * s, n);
      }
    }
  }
}

}  // namespace
}  // namespace simdclip::kernels
