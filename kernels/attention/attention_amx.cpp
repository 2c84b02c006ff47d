// bf16 attention on the tiles of AMX.
#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/attention/attention_tiles.inl"

namespace simdclip::kernels {

void attention_bf16_amx(const AttentionBf16Args& args) noexcept { attention_tiles<HardwareTiles>(args); }

}  // namespace simdclip::kernels
