#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/layer_norm/layer_norm.inl"

namespace simdclip::kernels {

void layer_norm_f32_avx512(const LayerNormArgs& args) noexcept { layer_norm(args); }
void layer_norm_bf16_avx512(const LayerNormBf16Args& args) noexcept { layer_norm(args); }
void layer_norm_s8_avx512(const LayerNormS8Args& args) noexcept { layer_norm(args); }

}  // namespace simdclip::kernels
