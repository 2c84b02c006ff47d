#include "kernels/common/vec_portable.h"
// On these vectors:
#include "kernels/activation/activation.inl"

namespace simdclip::kernels {

void activation_f32_portable(Act act, float* x, size_t n) noexcept { activation(act, x, n); }

}  // namespace simdclip::kernels
