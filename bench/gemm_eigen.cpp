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
  void prepare(const GemmShape& shape, const float* a, const std::vector<const float*>& weights,
               unsigned threads) override {
    shape_ = shape;
    a_ = a;
    c_ = AlignedBuffer<float>(shape.m * shape.ldc());
    std::fill_n(c_.data(), c_.size(), 0.0F);
    weights_ = weights;
    Eigen::setNbThreads(static_cast<int>(threads));
  }
  void run(size_t which) override {
    const auto rows = [](size_t x) { return static_cast<Eigen::Index>(x); };
    using Strided = Eigen::OuterStride<>;
    const Eigen::Map<const Matrix, 0, Strided> left(a_, rows(shape_.m), rows(shape_.k),
                                                    Strided(rows(shape_.lda())));
    const Eigen::Map<const Matrix> right(weights_[which], rows(shape_.n), rows(shape_.k));
    Eigen::Map<Matrix, 0, Strided>(c_.data(), rows(shape_.m), rows(shape_.n), Strided(rows(shape_.ldc())))
        .noalias() = left * right.transpose();
  }
  std::vector<float> result() const override { return dense(c_.data(), shape_); }

 private:
  GemmShape shape_{};
  const float* a_ = nullptr;
  AlignedBuffer<float> c_;
  std::vector<const float*> weights_;
};

}  // namespace

std::unique_ptr<GemmPeer> eigen_gemm() { return std::make_unique<EigenGemm>(); }

}  // namespace simdclip::bench
