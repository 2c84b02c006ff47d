// The mean of the rows of a matrix.
#pragma once

#include <algorithm>
#include <cstddef>

#include "layers/span2.h"

namespace simdclip {

// out = mean over the rows of x, summed in order of the rows. out: [D]
inline void mean_rows(ConstSpan2f x, float* out) noexcept {
  std::copy_n(x.row(0), x.cols, out);
  for (size_t r = 1; r < x.rows; ++r) {
    const float* row = x.row(r);
    for (size_t d = 0; d < x.cols; ++d) out[d] += row[d];
  }
  const float scale = 1.0F / static_cast<float>(x.rows);
  for (size_t d = 0; d < x.cols; ++d) out[d] *= scale;
}

}  // namespace simdclip
