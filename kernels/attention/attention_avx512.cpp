#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/attention/attention.inl"

namespace simdclip::kernels {

void attention_f32_avx512(const AttentionArgs& args) noexcept { attention(args); }
void attention_bf16_avx512(const AttentionBf16Args& args) noexcept { attention(args); }

}  // namespace simdclip::kernels
