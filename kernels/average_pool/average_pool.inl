// The one source of the average_pool kernels; see average_pool.h. Include after vec_*.h.
#pragma once

#include "kernels/average_pool/average_pool.h"

namespace simdclip::kernels {
namespace {

SIMDCLIP_INLINE F16 read_lanes(const float* p, size_t n) { return n == kLanes ? load(p) : load_n(p, n); }
SIMDCLIP_INLINE F16 read_lanes(const uint16_t* p, size_t n) { return load_bf16(p, n); }
SIMDCLIP_INLINE void write_lanes(float* p, F16 x, size_t n) { n == kLanes ? store(p, x) : store_n(p, x, n); }
SIMDCLIP_INLINE void write_lanes(uint16_t* p, F16 x, size_t n) { store_bf16(p, x, n); }

template <typename Element>
SIMDCLIP_INLINE void average_lanes(const AveragePoolOperands<Element>& args, const Element* above,
                                   const Element* below, Element* y, size_t n) {
  F16 sum = read_lanes(above, n) + read_lanes(above + args.ldx, n);
  sum = sum + read_lanes(below, n);
  sum = sum + read_lanes(below + args.ldx, n);
  write_lanes(y, sum * broadcast(0.25F), n);
}

template <typename Element>
SIMDCLIP_INLINE void average_pool(const AveragePoolOperands<Element>& args) {
  const size_t whole = args.channels / kLanes * kLanes, tail = args.channels - whole;
  for (size_t i = 0; i < args.pixels; ++i) {
    const Element *above = args.above + 2 * i * args.ldx, *below = args.below + 2 * i * args.ldx;
    Element* y = args.y + i * args.ldy;
    for (size_t c = 0; c < whole; c += kLanes) average_lanes(args, above + c, below + c, y + c, kLanes);
    if (tail != 0) average_lanes(args, above + whole, below + whole, y + whole, tail);
  }
}

}  // namespace
}  // namespace simdclip::kernels
