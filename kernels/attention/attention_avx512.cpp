#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/attention/attention_order.inl"

namespace simdclip::kernels {

void attention_f32_avx512(const AttentionArgs& args) noexcept { attention(args); }
void attention_bf16_avx512(const AttentionBf16Args& args) noexcept { attention(args); }
void attention_i8_avx512(const AttentionBf16Args& args) noexcept { attention_in_tile_order(args); }

}  // namespace simdclip::kernels
