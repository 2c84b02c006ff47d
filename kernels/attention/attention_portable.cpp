#include "kernels/common/vec_portable.h"
// On these vectors:
#include "kernels/attention/attention_order.inl"

namespace simdclip::kernels {

void attention_f32_portable(const AttentionArgs& args) noexcept { attention(args); }
void attention_bf16_portable(const AttentionBf16Args& args) noexcept { attention(args); }
void attention_i8_portable(const AttentionBf16Args& args) noexcept { attention_in_tile_order(args); }

}  // namespace simdclip::kernels
