// GEMMs, ours and other libraries', behind one call: C[M,N] = A[M,K] * B[N,K]^T in f32, bf16 (C bf16 too) or
// int8 (C f32), for comparison.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "base/peak.h"
#include "kernels/gemm/gemm.h"

namespace simdclip::bench {

// Rows of A and C lie for everybody as our layers lay them out (kernels::gemm_row_stride).
struct GemmShape {
  size_t m, n, k;
  size_t lda(size_t element_bytes = sizeof(float)) const {
    return kernels::gemm_row_stride(k, element_bytes);
  }
  size_t ldc(size_t element_bytes = sizeof(float)) const {
    return kernels::gemm_row_stride(n, element_bytes);
  }
};

// C's rows of ldc() without the gaps.
inline std::vector<float> dense(const float* c, const GemmShape& shape) {
  std::vector<float> out;
  out.reserve(shape.m * shape.n);
  for (size_t i = 0; i < shape.m; ++i)
    out.insert(out.end(), c + i * shape.ldc(), c + i * shape.ldc() + shape.n);
  return out;
}

class GemmPeer {
 public:
  virtual ~GemmPeer() = default;
  virtual std::string name() const = 0;
  virtual Arithmetic arithmetic() const { return Arithmetic::f32; }
  // Called once for a shape and a number of threads, with A in rows of lda() and the weights as torch stores
  // them; a library that rounds or packs them does it here. int8 is round(127 x), |x| <= 1.
  virtual void prepare(const GemmShape& shape, const float* a, const std::vector<const float*>& weights,
                       unsigned threads) = 0;
  // C = A * weights[which]^T.
  virtual void run(size_t which) = 0;
  // The result as floats, dense; of int8 products divided by 127^2.
  virtual std::vector<float> result() const = 0;
};

std::unique_ptr<GemmPeer> eigen_gemm();
std::unique_ptr<GemmPeer> openblas_gemm();
std::unique_ptr<GemmPeer> onednn_gemm(Arithmetic arithmetic);

// Those that this build has.
std::vector<std::unique_ptr<GemmPeer>> gemm_peers();

}  // namespace simdclip::bench
