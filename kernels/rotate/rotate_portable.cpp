#include "kernels/common/vec_portable.h"
// On these vectors:
#include "kernels/rotate/rotate.inl"

namespace simdclip::kernels {

void rotate_f32_portable(const RotateArgs& args) noexcept { rotate(args); }
void rotate_bf16_portable(const RotateBf16Args& args) noexcept { rotate(args); }

}  // namespace simdclip::kernels
