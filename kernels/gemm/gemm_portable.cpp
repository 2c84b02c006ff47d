// f32 GEMM on 128-bit registers through xsimd: 6 x 16 on NEON (24 accumulators of 32 registers), 2 x 16 on
// SSE2 (8 of 16).
#include "kernels/common/vec_portable.h"

namespace simdclip::kernels {
namespace {
inline constexpr size_t kRows = kVectorRegisters == 32 ? 6 : 2, kPanels = 1;
}  // namespace
}  // namespace simdclip::kernels

#include "kernels/gemm/gemm_f32.inl"

namespace simdclip::kernels {

void gemm_f32_portable(const GemmArgs& args) noexcept { gemm<F32Weights>(args); }
void gemm_bf16w_portable(const GemmArgs& args) noexcept { gemm<Bf16Weights>(args); }

}  // namespace simdclip::kernels
