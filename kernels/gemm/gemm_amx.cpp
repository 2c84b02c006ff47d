// GEMMs on the tiles of AMX.
#include "kernels/common/vec_avx512.h"
#include "kernels/gemm/gemm_tiles.inl"

namespace simdclip::kernels {

void gemm_i8_32x32_amx(const GemmI8Args& args) noexcept { gemm_tiles<HardwareTiles>(args); }
void gemm_bf16_32x32_amx(const GemmBf16Args& args) noexcept { gemm_tiles<HardwareTiles>(args); }

}  // namespace simdclip::kernels
