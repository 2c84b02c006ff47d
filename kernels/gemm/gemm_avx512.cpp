// f32 GEMM for AVX-512: 14 x 32 tile, 28 accumulators + 2 of B + 1 of A of the 32 registers. Two panels halve
// the loads of A, which bind a 28 x 16 tile: 2 + 14 loads for 28 multiply-adds.
#include "kernels/common/vec_avx512.h"

namespace simdclip::kernels {
namespace {
inline constexpr size_t kRows = 14, kPanels = 2;
inline constexpr size_t kWholeDepth = 768;  // 96 KB of B
}  // namespace
}  // namespace simdclip::kernels

#include "kernels/gemm/gemm_f32.inl"

namespace simdclip::kernels {

void gemm_f32_14x32_avx512(const GemmArgs& args) noexcept { gemm<F32Weights>(args); }
void gemm_bf16w_14x32_avx512(const GemmArgs& args) noexcept { gemm<Bf16Weights>(args); }
void gemm_bf16_14x32_avx512(const GemmBf16Args& args) noexcept { gemm<Bf16Weights, Bf16Rows>(args); }

}  // namespace simdclip::kernels
