#include "kernels/common/vec_portable.h"
// On these vectors:
#include "kernels/average_pool/average_pool.inl"

namespace simdclip::kernels {

void average_pool_f32_portable(const AveragePoolArgs& args) noexcept { average_pool(args); }
void average_pool_bf16_portable(const AveragePoolBf16Args& args) noexcept { average_pool(args); }

}  // namespace simdclip::kernels
