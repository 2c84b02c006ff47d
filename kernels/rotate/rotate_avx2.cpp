#include "kernels/common/vec_avx2.h"
// On these vectors:
#include "kernels/rotate/rotate.inl"

namespace simdclip::kernels {

void rotate_f32_avx2(const RotateArgs& args) noexcept { rotate(args); }
void rotate_bf16_avx2(const RotateBf16Args& args) noexcept { rotate(args); }

}  // namespace simdclip::kernels
