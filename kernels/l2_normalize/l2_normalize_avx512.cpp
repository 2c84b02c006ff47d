#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/l2_normalize/l2_normalize.inl"

namespace simdclip::kernels {

void l2_normalize_f32_avx512(float* x, size_t rows, size_t width, size_t ldx) noexcept {
  l2_normalize(x, rows, width, ldx);
}

}  // namespace simdclip::kernels
