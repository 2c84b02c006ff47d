// GEMMs, ours and other libraries', behind one call: C[M,N] = A[M,K] * B[N,K]^T in f32, bf16 (C bf16 too) or
// int8 (C f32), for comparison.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/peak.h"

namespace simdclip::bench {

struct GemmShape {
  size_t m, n, k;
};

class GemmPeer {
 public:
  virtual ~GemmPeer() = default;
  virtual std::string name() const = 0;
  virtual Arithmetic arithmetic() const { return Arithmetic::f32; }
  // Called once for a shape and a number of threads, with A and the weights as torch stores them; a library
  // that rounds or packs them does it here. int8 is round(127 x), |x| <= 1.
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
