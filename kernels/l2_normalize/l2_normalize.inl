// The one source of the l2_normalize kernels; see l2_normalize.h. Include after vec_*.h.
#pragma once

#include "kernels/l2_normalize/l2_normalize.h"

namespace simdclip::kernels {
namespace {

SIMDCLIP_INLINE void l2_normalize(float* x, size_t rows, size_t width, size_t ldx) {
  const size_t whole = width / kLanes * kLanes, tail = width - whole;
  for (size_t row = 0; row < rows; ++row, x += ldx) {
    F16 squares = zero();
    for (size_t i = 0; i < whole; i += kLanes) squares = fma(load(x + i), load(x + i), squares);
    if (tail != 0) squares = fma(load_n(x + whole, tail), load_n(x + whole, tail), squares);
    const F16 norm = max(broadcast(1e-12F), sqrt(broadcast(horizontal_sum(squares))));
    for (size_t i = 0; i < whole; i += kLanes) store(x + i, load(x + i) / norm);
    if (tail != 0) store_n(x + whole, load_n(x + whole, tail) / norm, tail);
  }
}

}  // namespace
}  // namespace simdclip::kernels
