#include "kernels/common/vec_avx2.h"
// On these vectors:
#include "kernels/multiply/multiply.inl"

namespace simdclip::kernels {

void multiply_f32_avx2(const MultiplyArgs& args) noexcept { multiply(args); }
void multiply_bf16_avx2(const MultiplyBf16Args& args) noexcept { multiply(args); }

}  // namespace simdclip::kernels
