// bf16 GEMM: C[M,N] = act(A[M,K] * B[N,K]^T + bias[N]) + residual[M,N], A and B bf16, B packed by
// gemm/pack.h.
//
// Sums are f32; what follows them is that of gemm.h. How products of bf16 are added differs between
// instruction sets, so the bits do too, but on one machine they depend neither on M nor on the split:
//   portable, AVX2, AVX-512  products are exact in f32 multiply-adds, one chain in order of k: the bits of
//                            gemm_bf16w on the same (widened) A
//   AVX512-BF16              vdpbf16ps: of each pair the second element, then the first, each a multiply-add
//   AMX                      tdpbf16ps: of 32 elements, the even and the odd ones in a chain each from zero;
//   both
//                            are added to each other, then to the sum
// The last two treat denormals as zero, operands and results. Against the exact sum all stay within
// (K + 8) 2^-24 |A||B|.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/gemm/gemm.h"

namespace simdclip::kernels {

// Elements of a row of A (or of C as bf16): the rule of gemm.h.
static constexpr size_t gemm_bf16_row_stride(size_t columns) {
  return gemm_row_stride(columns, sizeof(uint16_t));
}

// Strides count elements.
struct GemmBf16Args {
  size_t m = 0, n = 0, k = 0;
  // [M, K], row stride lda; elements K .. next multiple of 32 of each row are zero, and lda is at least that.
  const uint16_t* a = nullptr;
  size_t lda = 0;
  const void* b = nullptr;  // packed panels of bf16
  float* c = nullptr;       // [M, N], row stride ldc
  // Or this: where it is not null C is rounded to bf16 and goes here, c is not used
  uint16_t* c_bf16 = nullptr;
  size_t ldc = 0;
  const float* bias = nullptr;              // [N] or null
  const float* residual = nullptr;          // [M, N], row stride ldr, or null; may be C itself
  const uint16_t* residual_bf16 = nullptr;  // or this, widened; may be C itself
  size_t ldr = 0;
  Act act = Act::none;
};

using GemmBf16Fn = void(const GemmBf16Args& args) noexcept;

}  // namespace simdclip::kernels
