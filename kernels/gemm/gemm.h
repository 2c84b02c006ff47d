// GEMM: C[M,N] = act(A[M,K] * B[N,K]^T + bias[N]) + residual[M,N], B packed by gemm/pack.h.
//
// One accumulator sums k = 0, 1, 2, ... by fused multiply-adds, starting at zero; the bias is added after the
// whole of K, then the activation, then the residual. So a row's bits depend neither on M, nor on the thread
// count, nor on the instruction set. Kernels see raw pointers only: no allocation, no exception, no thread.
#pragma once

#include <cstddef>

#include "kernels/activation/activation.h"

namespace simdclip::kernels {

// Letters: M rows (tokens), N output columns, K inputs. Strides count elements.
struct GemmArgs {
  size_t m = 0, n = 0, k = 0;
  const float* a = nullptr;  // [M, K], row stride lda
  size_t lda = 0;
  const void* b =
      nullptr;         // packed panels; a range of columns may begin at any panel (a multiple of 16 columns)
  float* c = nullptr;  // [M, N], row stride ldc; may not overlap A
  size_t ldc = 0;
  const float* bias = nullptr;      // [N] or null
  const float* residual = nullptr;  // [M, N], row stride ldr, or null; may be C itself
  size_t ldr = 0;
  Act act = Act::none;
};

// The row stride to give A. Rows a multiple of 4 KB apart share the few lines of one set of L1, and a tile of
// 14 rows evicts itself (6 % at K = 3072); one cache line more and they do not. Threads: split columns
// first, at multiples of 32, so that each reads its part of B once; rows only where columns run out.
static constexpr size_t gemm_row_stride(size_t k) { return k != 0 && k % 1024 == 0 ? k + 16 : k; }

using GemmFn = void(const GemmArgs& args) noexcept;

}  // namespace simdclip::kernels
