// GEMM: C[M,N] = act(A[M,K] * B[N,K]^T + bias[N]) + residual[M,N], B packed by gemm/pack.h.
//
// One accumulator sums k = 0, 1, 2, ... by fused multiply-adds, starting at zero; the bias is added after the
// whole of K, then the activation, then the residual; relu alone comes last: relu(A B^T + bias + residual),
// as residual networks of convolutions have it. So a row's bits depend neither on M, nor on the thread
// count, nor on the instruction set. Kernels see raw pointers only: no allocation, no exception, no thread.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/activation/activation.h"

namespace simdclip::kernels {

// The row stride to give A and C, in elements: whole cache lines, an odd number of them. Rows a multiple of 4
// KB apart share one set of L1, of 12 lines, and a tile of 14 or 16 rows evicts itself (6 % at K = 3072).
static constexpr size_t gemm_row_stride(size_t columns, size_t element_bytes = sizeof(float)) {
  const size_t line = 64, lines = (columns * element_bytes + line - 1) / line;
  return (lines | 1) * line / element_bytes;
}

// Letters: M rows (tokens), N output columns, K inputs. Strides count elements.
struct GemmArgs {
  size_t m = 0, n = 0, k = 0;
  const float* a = nullptr;  // [M, K], row stride lda
  size_t lda = 0;
  // Packed panels; a range of columns may begin at any panel (a multiple of 16 columns)
  const void* b = nullptr;
  float* c = nullptr;  // [M, N], row stride ldc; may not overlap A
  // Or this: where it is not null C is rounded to bf16 and goes here, c is not used
  uint16_t* c_bf16 = nullptr;
  size_t ldc = 0;
  const float* bias = nullptr;      // [N] or null
  const float* residual = nullptr;  // [M, N], row stride ldr, or null; may be C itself
  size_t ldr = 0;
  Act act = Act::none;
};

// Threads: split columns first, at multiples of 32, so that each reads its part of B once; rows only where
// columns run out.
using GemmFn = void(const GemmArgs& args) noexcept;

}  // namespace simdclip::kernels
