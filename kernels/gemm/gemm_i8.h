// int8 GEMM: C[M,N] = act(A[M,K] * B[N,K]^T * a_scale[M] * b_scale[N] + bias[N]) + residual[M,N], A and B
// signed bytes, B packed by gemm/pack.h.
//
// The sum over K is an exact 32-bit integer; it is rounded to f32, multiplied by the rounded product of the
// two scales, and then goes the way of gemm.h. So every instruction set gives the same bits, whatever M and
// the split.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/gemm/gemm.h"

namespace simdclip::kernels {

// Bytes of a row of A: the rule of gemm.h.
static constexpr size_t gemm_i8_row_bytes(size_t k) { return gemm_row_stride(k, 1); }

struct GemmI8Args {
  size_t m = 0, n = 0, k = 0;  // K < 2^17, so that 127 * 127 * K fits
  const int8_t* a = nullptr;   // [M, K], row stride lda; bytes K .. next multiple of 64 of each row are zero
  size_t lda = 0;              // at least K rounded up to a multiple of 64
  const float* a_scale = nullptr;  // [M]
  const void* b = nullptr;         // packed panels of signed bytes, none of them -128
  const float* b_scale = nullptr;  // [N]
  float* c = nullptr;              // [M, N], row stride ldc
  // Or this: where it is not null C is rounded to bf16 and goes here, c is not used
  uint16_t* c_bf16 = nullptr;
  size_t ldc = 0;
  const float* bias = nullptr;      // [N] or null
  const float* residual = nullptr;  // [M, N], row stride ldr, or null; may be C itself
  size_t ldr = 0;
  Act act = Act::none;
};

using GemmI8Fn = void(const GemmI8Args& args) noexcept;

}  // namespace simdclip::kernels
