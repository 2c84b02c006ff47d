#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/layer_norm/layer_norm.inl"

namespace simdclip::kernels {

void layer_norm_f32_avx512(const LayerNormArgs& args) noexcept { layer_norm(args); }

}  // namespace simdclip::kernels
