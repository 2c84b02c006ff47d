// Rows to unit length in place: x / max(||x||, 1e-12) as torch.nn.functional.normalize. Row stride ldx.
#pragma once

#include <cstddef>

namespace simdclip::kernels {

using L2NormalizeFn = void(float* x, size_t rows, size_t width, size_t ldx) noexcept;

}  // namespace simdclip::kernels
