#include "kernels/common/vec_portable.h"
// On these vectors:
#include "kernels/multiply/multiply.inl"

namespace simdclip::kernels {

void multiply_f32_portable(const MultiplyArgs& args) noexcept { multiply(args); }
void multiply_bf16_portable(const MultiplyBf16Args& args) noexcept { multiply(args); }

}  // namespace simdclip::kernels
