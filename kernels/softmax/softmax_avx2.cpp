#include "kernels/common/vec_avx2.h"
// On these vectors:
#include "kernels/softmax/softmax.inl"

namespace simdclip::kernels {

void softmax_f32_avx2(float* x, size_t rows, size_t columns, size_t ldx) noexcept {
  softmax(x, rows, columns, ldx);
}

}  // namespace simdclip::kernels
