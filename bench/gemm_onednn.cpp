// oneDNN's matmul with the weights in the layout it asks for, packed before the clock starts. int8 is signed
// x signed.
#include <omp.h>

#include <cmath>
#include <dnnl.hpp>

#include "bench/gemm_peers.h"

namespace simdclip::bench {
namespace {

class OneDnnGemm : public GemmPeer {
  using Tag = dnnl::memory::format_tag;
  using Type = dnnl::memory::data_type;

 public:
  explicit OneDnnGemm(Arithmetic arithmetic) : arithmetic_(arithmetic) {}
  std::string name() const override {
    return arithmetic_ == Arithmetic::f32    ? "onednn"
           : arithmetic_ == Arithmetic::bf16 ? "onednn_bf16"
                                             : "onednn_i8";
  }
  Arithmetic arithmetic() const override { return arithmetic_; }

  void prepare(const GemmShape& shape, const float* a, const std::vector<const float*>& weights,
               unsigned threads) override {
    omp_set_num_threads(static_cast<int>(threads));
    const auto d = [](size_t x) { return static_cast<dnnl::memory::dim>(x); };
    const bool bytes = arithmetic_ == Arithmetic::int8;
    const Type type = bytes ? Type::s8 : arithmetic_ == Arithmetic::bf16 ? Type::bf16 : Type::f32;
    const dnnl::memory::dims a_dims = {d(shape.m), d(shape.k)}, b_dims = {d(shape.k), d(shape.n)},
                             c_dims = {d(shape.m), d(shape.n)};
    // Narrow rows are dense: between gaps it takes twice as long.
    const bool gaps = type == Type::f32;
    const dnnl::memory::dims a_rows = {d(gaps ? shape.lda() : shape.k), 1},
                             c_rows = {d(gaps ? shape.ldc() : shape.n), 1};
    const dnnl::matmul::primitive_desc plan(
        dnnl::matmul::desc({a_dims, type, a_rows}, {b_dims, type, Tag::any},
                           {c_dims, bytes ? Type::f32 : type, c_rows}),
        engine_);
    matmul_ = dnnl::matmul(plan);
    a_ = made(a, shape.m * shape.lda(), {a_dims, type, a_rows}, {a_dims, Type::f32, {d(shape.lda()), 1}});
    c_ = dnnl::memory(plan.dst_desc(), engine_);
    packed_.clear();
    for (const float* weight : weights)
      packed_.push_back(made(weight, shape.n * shape.k, plan.weights_desc(), {b_dims, Type::f32, Tag::ba}));
    shape_ = shape;
  }
  void run(size_t which) override {
    matmul_.execute(stream_, {{DNNL_ARG_SRC, a_}, {DNNL_ARG_WEIGHTS, packed_[which]}, {DNNL_ARG_DST, c_}});
    stream_.wait();
  }
  std::vector<float> result() const override {
    const bool bytes = arithmetic_ == Arithmetic::int8;
    std::vector<float> out(shape_.m * shape_.n);
    const dnnl::memory::desc desc(c_.get_desc().dims(), Type::f32, Tag::ab);
    dnnl::memory from = c_, to(desc, engine_, out.data());
    dnnl::stream stream(engine_);
    dnnl::reorder(from, to).execute(stream, from, to);
    stream.wait();
    for (float& x : out) x *= bytes ? 1 / (127.0F * 127.0F) : 1;
    return out;
  }

 private:
  // `count` floats that lie as `given` says, in the type and layout of `wanted`.
  dnnl::memory made(const float* values, size_t count, const dnnl::memory::desc& wanted,
                    const dnnl::memory::desc& given) {
    std::vector<float> scaled(values, values + count);
    if (arithmetic_ == Arithmetic::int8) {
      for (float& x : scaled) x = std::nearbyint(x * 127);
    }
    dnnl::memory from(given, engine_, scaled.data()), to(wanted, engine_);
    dnnl::reorder(from, to).execute(stream_, from, to);
    stream_.wait();
    return to;
  }

  Arithmetic arithmetic_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  dnnl::matmul matmul_;
  dnnl::memory a_, c_;
  std::vector<dnnl::memory> packed_;
  GemmShape shape_{};
};

}  // namespace

std::unique_ptr<GemmPeer> onednn_gemm(Arithmetic arithmetic) {
  return std::make_unique<OneDnnGemm>(arithmetic);
}

}  // namespace simdclip::bench
