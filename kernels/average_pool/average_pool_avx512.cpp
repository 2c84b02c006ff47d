#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/average_pool/average_pool.inl"

namespace simdclip::kernels {

void average_pool_f32_avx512(const AveragePoolArgs& args) noexcept { average_pool(args); }
void average_pool_bf16_avx512(const AveragePoolBf16Args& args) noexcept { average_pool(args); }

}  // namespace simdclip::kernels
