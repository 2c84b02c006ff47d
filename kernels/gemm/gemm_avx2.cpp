// f32 GEMM for AVX2: 6 x 16 tile, 12 accumulators + 2 of B + 1 of A of the 16 registers; 12 > latency 4 x 2
// ports.
#include "kernels/common/vec_avx2.h"

namespace simdclip::kernels {
namespace {
inline constexpr size_t kRows = 6, kPanels = 1;
}  // namespace
}  // namespace simdclip::kernels

#include "kernels/gemm/gemm_f32.inl"

namespace simdclip::kernels {

void gemm_f32_6x16_avx2(const GemmArgs& args) noexcept { gemm<F32Weights>(args); }
void gemm_bf16w_6x16_avx2(const GemmArgs& args) noexcept { gemm<Bf16Weights>(args); }

}  // namespace simdclip::kernels
