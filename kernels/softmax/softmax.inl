// The one source of the softmax kernels; see softmax.h. Include after vec_*.h.
#pragma once

#include "kernels/common/math.inl"
#include "kernels/softmax/softmax.h"

namespace simdclip::kernels {
namespace {

SIMDCLIP_INLINE F16 lowest() { return broadcast(-__builtin_inff()); }

SIMDCLIP_INLINE void softmax_row(float* x, size_t columns) {
  const size_t whole = columns / kLanes * kLanes, tail = columns - whole;
  F16 top = lowest();
  for (size_t j = 0; j < whole; j += kLanes) top = max(top, load(x + j));
  if (tail != 0) top = max(top, select(first_lanes(tail), load_n(x + whole, tail), lowest()));
  const F16 shift = broadcast(horizontal_max(top));
  F16 sum = zero();
  for (size_t j = 0; j < whole;) {
    // Partial sums of 1,024 elements, so that the rounding of long rows stays small.
    const size_t end = j + kLanes * 64 < whole ? j + kLanes * 64 : whole;
    F16 part = zero();
    for (; j < end; j += kLanes) {
      const F16 e = exp_nonpositive(load(x + j) - shift);
      store(x + j, e);
      part = part + e;
    }
    sum = sum + part;
  }
  if (tail != 0) {
    const F16 e = select(first_lanes(tail), exp_nonpositive(load_n(x + whole, tail) - shift), zero());
    store_n(x + whole, e, tail);
    sum = sum + e;
  }
  const F16 total = broadcast(horizontal_sum(sum));
  for (size_t j = 0; j < whole; j += kLanes) store(x + j, load(x + j) / total);
  if (tail != 0) store_n(x + whole, load_n(x + whole, tail) / total, tail);
}

SIMDCLIP_INLINE void softmax(float* x, size_t rows, size_t columns, size_t ldx) {
  for (size_t row = 0; row < rows; ++row) softmax_row(x + row * ldx, columns);
}

}  // namespace
}  // namespace simdclip::kernels
