// int8 GEMM on the tiles of AMX.
#include "kernels/common/vec_avx512.h"
#include "kernels/gemm/gemm_tiles.inl"

namespace simdclip::kernels {

void gemm_i8_32x32_amx(const GemmI8Args& args) noexcept { gemm_i8_tiles<HardwareTiles>(args); }

}  // namespace simdclip::kernels
