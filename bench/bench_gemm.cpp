// The f32 GEMMs at the shapes of ViT-B/32, B/16 and L/14, ours and the peers' side by side:
//   build/bench/bench_gemm --benchmark_filter=768x3072
// Names are LIBRARY/MxNxK/THREADS. Every call takes other weights (more of them than L3 gives one core), as a
// tower does. `best` and `median` are 1e9 operations a second, `of_peak` is best over the peak of the fastest
// instruction set, measured just before. A wrong result is an error, not a figure.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "bench/gemm_peers.h"
#include "base/peak.h"
#include "kernels/gemm/gemm.h"
#include "kernels/gemm/pack.h"
#include "kernels/registry.h"

namespace simdclip::bench {
namespace {

std::vector<float> numbers(size_t count, uint32_t seed) {
  std::vector<float> out(count);
  for (float& x : out) {
    seed = seed * 1664525U + 1013904223U;
    x = static_cast<float>(seed >> 8) * 0x1p-23F - 1;
  }
  return out;
}

// The kernel of one instruction set behind the peers' interface: columns split over the pool in whole tiles.
class OurGemm : public GemmPeer {
 public:
  explicit OurGemm(const kernels::Kernel<kernels::GemmFn>& kernel) : kernel_(kernel) {}
  std::string name() const override { return kernel_.name; }

  void prepare(const GemmShape& shape, const std::vector<const float*>& weights, unsigned threads) override {
    shape_ = shape;
    pool_ = std::make_unique<ThreadPool>(threads);
    stride_ = kernels::gemm_row_stride(shape.k);
    a_.assign(shape.m * stride_, 0);
    packed_.clear();
    for (const float* weight : weights) {
      packed_.emplace_back(kernels::packed_bytes(shape.n, shape.k, 4) / sizeof(float) + kAlign);
      kernels::pack_b_f32(weight, shape.n, shape.k, aligned(packed_.back()));
    }
  }

  size_t row_stride(size_t columns) const override { return kernels::gemm_row_stride(columns); }

  // The rows of A lie in the stride that a layer would give them.
  void take(const float* a) {
    for (size_t i = 0; i < shape_.m; ++i) std::copy_n(a + i * shape_.k, shape_.k, a_.data() + i * stride_);
  }

  void run(const float* /*a*/, size_t which, float* c) override {
    const size_t pairs = (shape_.n + 31) / 32, threads = pool_->size();
    pool_->parallel_for(threads, [&](size_t i) {
      const size_t begin = pairs * i / threads * 32, end = std::min(pairs * (i + 1) / threads * 32, shape_.n);
      if (begin >= end) return;
      kernel_.fn(
          {.m = shape_.m,
           .n = end - begin,
           .k = shape_.k,
           .a = a_.data(),
           .lda = stride_,
           .b = aligned(packed_[which]) + begin / 16 * kernels::panel_bytes(shape_.k, 4) / sizeof(float),
           .c = c + begin,
           .ldc = row_stride(shape_.n)});
    });
  }

 private:
  static constexpr size_t kAlign = 16;
  static float* aligned(std::vector<float>& v) {
    const size_t skew = reinterpret_cast<uintptr_t>(v.data()) % 64 / sizeof(float);
    return v.data() + (kAlign - skew) % kAlign;
  }
  kernels::Kernel<kernels::GemmFn> kernel_;
  GemmShape shape_{};
  size_t stride_ = 0;
  std::unique_ptr<ThreadPool> pool_;
  std::vector<float> a_;
  std::vector<std::vector<float>> packed_;
};

// Weights and inputs of one shape, made once for all contenders.
struct Problem {
  std::vector<std::vector<float>> weights;
  std::vector<float> a;
  std::vector<double> expected, bound;  // of the first weights, for three rows

  explicit Problem(const GemmShape& s) : a(numbers(s.m * s.k, 7)) {
    const size_t copies = std::max<size_t>(2, 64'000'000 / (s.n * s.k * sizeof(float)));
    for (size_t i = 0; i < copies; ++i) weights.push_back(numbers(s.n * s.k, static_cast<uint32_t>(i + 100)));
    for (const size_t row : rows(s)) {
      for (size_t j = 0; j < s.n; ++j) {
        double sum = 0, magnitude = 0;
        for (size_t k = 0; k < s.k; ++k) {
          const double x =
              static_cast<double>(a[row * s.k + k]) * static_cast<double>(weights[0][j * s.k + k]);
          sum += x;
          magnitude += std::fabs(x);
        }
        expected.push_back(sum);
        bound.push_back(magnitude * static_cast<double>(s.k + 8) * std::numeric_limits<float>::epsilon());
      }
    }
  }
  static std::vector<size_t> rows(const GemmShape& s) { return {0, s.m / 2, s.m - 1}; }

  bool right(const GemmShape& s, const std::vector<float>& c, size_t stride) const {
    size_t at = 0;
    for (const size_t row : rows(s)) {
      for (size_t j = 0; j < s.n; ++j, ++at) {
        if (!(std::fabs(static_cast<double>(c[row * stride + j]) - expected[at]) <= bound[at])) return false;
      }
    }
    return true;
  }
};

// Made again only when the shape changes: benchmarks of one shape follow each other.
const Problem& problem(const GemmShape& s) {
  static std::unique_ptr<Problem> made;
  static std::string of;
  const std::string key = std::to_string(s.m) + "x" + std::to_string(s.n) + "x" + std::to_string(s.k);
  if (made == nullptr || key != of) {
    made.reset();
    made = std::make_unique<Problem>(s);
    of = key;
  }
  return *made;
}

void gemm(benchmark::State& state, GemmPeer* contender, const GemmShape& shape, unsigned threads) {
  const Problem& p = problem(shape);
  std::vector<const float*> weights;
  for (const std::vector<float>& w : p.weights) weights.push_back(w.data());
  contender->prepare(shape, weights, threads);
  if (auto* ours = dynamic_cast<OurGemm*>(contender)) ours->take(p.a.data());
  const size_t stride = contender->row_stride(shape.n);
  std::vector<float> c(shape.m * stride, std::numeric_limits<float>::quiet_NaN());
  contender->run(p.a.data(), 0, c.data());
  if (!p.right(shape, c, stride)) {
    state.SkipWithError("wrong result");
    return;
  }
  const double peak = measured_peak(cpu_has(Isa::avx512) ? Isa::avx512 : Isa::avx2, Arithmetic::f32, threads);
  std::vector<double> seconds;
  size_t which = 0;
  for (auto _ : state) {
    which = (which + 1) % weights.size();
    const auto begin = std::chrono::steady_clock::now();
    contender->run(p.a.data(), which, c.data());
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    state.SetIterationTime(seconds.back());
  }
  std::sort(seconds.begin(), seconds.end());
  const double operations = 2e-9 * static_cast<double>(shape.m * shape.n * shape.k);
  state.counters["best"] = operations / seconds.front();
  state.counters["median"] = operations / seconds[seconds.size() / 2];
  state.counters["peak"] = peak;
  state.counters["of_peak"] = operations / seconds.front() / peak;
}

void register_shapes(const std::vector<std::unique_ptr<GemmPeer>>& contenders) {
  const std::pair<size_t, size_t> layers[] = {{768, 768},   {3072, 768},  {768, 3072},
                                              {1024, 1024}, {4096, 1024}, {1024, 4096}};
  for (const auto& [n, k] : layers) {
    for (const size_t m : n % 768 == 0 ? std::vector<size_t>{50, 197, 800} : std::vector<size_t>{257}) {
      for (const unsigned threads :
           usable_cores() > 1 ? std::vector<unsigned>{1, 2} : std::vector<unsigned>{1}) {
        for (const auto& contender : contenders) {
          const GemmShape shape{m, n, k};
          const std::string name = contender->name() + "/" + std::to_string(m) + "x" + std::to_string(n) +
                                   "x" + std::to_string(k) + "/" + std::to_string(threads);
          benchmark::RegisterBenchmark(name.c_str(), gemm, contender.get(), shape, threads)
              ->UseManualTime()
              ->MinTime(0.15);
        }
      }
    }
  }
}

}  // namespace

std::vector<std::unique_ptr<GemmPeer>> gemm_peers() {
  std::vector<std::unique_ptr<GemmPeer>> peers;
#if defined(SIMDCLIP_WITH_EIGEN)
  peers.push_back(eigen_gemm());
#endif
#if defined(SIMDCLIP_WITH_OPENBLAS)
  peers.push_back(openblas_gemm());
#endif
#if defined(SIMDCLIP_WITH_ONEDNN)
  peers.push_back(onednn_gemm());
#endif
  return peers;
}

}  // namespace simdclip::bench

int main(int argc, char** argv) {
  using namespace simdclip;
  benchmark::Initialize(&argc, argv);
  std::vector<std::unique_ptr<bench::GemmPeer>> contenders;
  for (const auto& kernel : kernels::gemm_f32_kernels()) {
    if (cpu_has(kernel.isa)) contenders.push_back(std::make_unique<bench::OurGemm>(kernel));
  }
  for (auto& peer : bench::gemm_peers()) contenders.push_back(std::move(peer));
  bench::register_shapes(contenders);
  benchmark::AddCustomContext("cpu", cpu_name());
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
