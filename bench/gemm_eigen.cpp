// Compiled for the machine it is built on (bench/CMakeLists.txt): Eigen has no dispatch at run time.
#include <omp.h>

#include <Eigen/Core>

#include "bench/gemm_peers.h"

namespace simdclip::bench {
namespace {

class EigenGemm : public GemmPeer {
  using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

 public:
  std::string name() const override { return "eigen"; }
  void prepare(const GemmShape& shape, const std::vector<const float*>& weights, unsigned threads) override {
    shape_ = shape;
    weights_ = weights;
    Eigen::setNbThreads(static_cast<int>(threads));
  }
  void run(const float* a, size_t which, float* c) override {
    const auto rows = [](size_t x) { return static_cast<Eigen::Index>(x); };
    const Eigen::Map<const Matrix> left(a, rows(shape_.m), rows(shape_.k));
    const Eigen::Map<const Matrix> right(weights_[which], rows(shape_.n), rows(shape_.k));
    Eigen::Map<Matrix>(c, rows(shape_.m), rows(shape_.n)).noalias() = left * right.transpose();
  }

 private:
  GemmShape shape_{};
  std::vector<const float*> weights_;
};

}  // namespace

std::unique_ptr<GemmPeer> eigen_gemm() { return std::make_unique<EigenGemm>(); }

}  // namespace simdclip::bench
