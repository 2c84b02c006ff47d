// The GEMMs of other libraries behind one call, C[M,N] = A[M,K] * B[N,K]^T in f32, for comparison with ours.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace simdclip::bench {

struct GemmShape {
  size_t m, n, k;
};

class GemmPeer {
 public:
  virtual ~GemmPeer() = default;
  virtual std::string name() const = 0;
  virtual size_t row_stride(size_t columns) const { return columns; }  // of C
  // Called once for a shape and a number of threads, with the weights as torch stores them; a library that
  // can pack them does it here.
  virtual void prepare(const GemmShape& shape, const std::vector<const float*>& weights,
                       unsigned threads) = 0;
  // C = A * weights[which]^T, dense rows.
  virtual void run(const float* a, size_t which, float* c) = 0;
};

std::unique_ptr<GemmPeer> eigen_gemm();
std::unique_ptr<GemmPeer> openblas_gemm();
std::unique_ptr<GemmPeer> onednn_gemm();

// Those that this build has.
std::vector<std::unique_ptr<GemmPeer>> gemm_peers();

}  // namespace simdclip::bench
