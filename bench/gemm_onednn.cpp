// oneDNN's matmul with the weights in the layout it asks for, packed before the clock starts.
#include <omp.h>

#include <dnnl.hpp>

#include "bench/gemm_peers.h"

namespace simdclip::bench {
namespace {

class OneDnnGemm : public GemmPeer {
  using Tag = dnnl::memory::format_tag;

 public:
  std::string name() const override { return "onednn"; }
  void prepare(const GemmShape& shape, const std::vector<const float*>& weights, unsigned threads) override {
    omp_set_num_threads(static_cast<int>(threads));
    const auto d = [](size_t x) { return static_cast<dnnl::memory::dim>(x); };
    const auto f32 = dnnl::memory::data_type::f32;
    const dnnl::memory::dims b_dims = {d(shape.k), d(shape.n)};
    const dnnl::memory::desc a({d(shape.m), d(shape.k)}, f32, Tag::ab),
        c({d(shape.m), d(shape.n)}, f32, Tag::ab);
    const dnnl::memory::desc any(b_dims, f32, Tag::any), stored(b_dims, f32, Tag::ba);
    const dnnl::matmul::primitive_desc plan(dnnl::matmul::desc(a, any, c), engine_);
    matmul_ = dnnl::matmul(plan);
    a_ = dnnl::memory(plan.src_desc(), engine_, nullptr);
    c_ = dnnl::memory(plan.dst_desc(), engine_, nullptr);
    packed_.clear();
    for (const float* weight : weights) {
      dnnl::memory from(stored, engine_, const_cast<float*>(weight));
      packed_.emplace_back(plan.weights_desc(), engine_);
      dnnl::reorder(from, packed_.back()).execute(stream_, from, packed_.back());
    }
    stream_.wait();
  }
  void run(const float* a, size_t which, float* c) override {
    a_.set_data_handle(const_cast<float*>(a));
    c_.set_data_handle(c);
    matmul_.execute(stream_, {{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, packed_[which]}, {DNNL_ARG_DST, c_}});
    stream_.wait();
  }

 private:
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::matmul matmul_;
  dnnl::memory a_, c_;
  std::vector<dnnl::memory> packed_;
};

}  // namespace

std::unique_ptr<GemmPeer> onednn_gemm() { return std::make_unique<OneDnnGemm>(); }

}  // namespace simdclip::bench
