// Softmax of rows in place: exp(x - max) / sum, the sum in 16 virtual lanes as in layer_norm.h, by parts of
// 1,024 elements. Row stride ldx.
#pragma once

#include <cstddef>

namespace simdclip::kernels {

using SoftmaxFn = void(float* x, size_t rows, size_t columns, size_t ldx) noexcept;

}  // namespace simdclip::kernels
