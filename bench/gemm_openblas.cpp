#include <cblas.h>

#include <algorithm>

#include "bench/gemm_peers.h"

extern "C" void openblas_set_num_threads(int threads);

namespace simdclip::bench {
namespace {

class OpenBlasGemm : public GemmPeer {
 public:
  std::string name() const override { return "openblas"; }
  void prepare(const GemmShape& shape, const float* a, const std::vector<const float*>& weights,
               unsigned threads) override {
    shape_ = shape;
    a_ = a;
    c_ = AlignedBuffer<float>(shape.m * shape.ldc());
    std::fill_n(c_.data(), c_.size(), 0.0F);
    weights_ = weights;
    openblas_set_num_threads(static_cast<int>(threads));
  }
  void run(size_t which) override {
    const auto i = [](size_t x) { return static_cast<int>(x); };
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, i(shape_.m), i(shape_.n), i(shape_.k), 1, a_,
                i(shape_.lda()), weights_[which], i(shape_.k), 0, c_.data(), i(shape_.ldc()));
  }
  std::vector<float> result() const override { return dense(c_.data(), shape_); }

 private:
  GemmShape shape_{};
  const float* a_ = nullptr;
  AlignedBuffer<float> c_;
  std::vector<const float*> weights_;
};

}  // namespace

std::unique_ptr<GemmPeer> openblas_gemm() { return std::make_unique<OpenBlasGemm>(); }

}  // namespace simdclip::bench
