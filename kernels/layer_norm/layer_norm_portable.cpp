#include "kernels/common/vec_portable.h"
// On these vectors:
#include "kernels/layer_norm/layer_norm.inl"

namespace simdclip::kernels {

void layer_norm_f32_portable(const LayerNormArgs& args) noexcept { layer_norm(args); }
void layer_norm_bf16_portable(const LayerNormBf16Args& args) noexcept { layer_norm(args); }
void layer_norm_s8_portable(const LayerNormS8Args& args) noexcept { layer_norm(args); }

}  // namespace simdclip::kernels
