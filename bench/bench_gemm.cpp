// The GEMMs at the shapes of ViT-B/32, B/16 and L/14 in f32, bf16 and int8, ours and the peers' side by side:
//   build/bench/bench_gemm --benchmark_filter=768x3072
// Names are KERNEL/MxNxK/THREADS. Every call takes other weights (more of them than L3 gives one core), as a
// tower does. `best` and `median` are 1e9 operations a second, `of_peak` is best over `peak`, that of the
// fastest instruction set for that arithmetic (tiles, where there are any), measured just before; `of_now` is
// median over `peak_now`, the median of runs as long as a product in turns with the products: at their clock.
// A wrong result is an error, not a figure.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "base/peak.h"
#include "base/thread_pool.h"
#include "bench/gemm_peers.h"
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

std::vector<uint16_t> to_bf16(const float* x, size_t count) {
  std::vector<uint16_t> out(count);
  kernels::to_bf16(x, count, out.data());
  return out;
}
std::vector<int8_t> to_bytes(const float* x, size_t count) {
  std::vector<int8_t> out(count);
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<int8_t>(std::nearbyint(x[i] * 127));
  return out;
}

// A kernel behind the peers' interface: columns split over the pool in whole tiles, rows in the stride that a
// layer would give them. T: the type of A and B.
template <typename T, typename Fn, typename Out>
class OurGemm : public GemmPeer {
  static constexpr size_t kBytes = sizeof(T);

 public:
  explicit OurGemm(const kernels::Kernel<Fn>& kernel) : kernel_(kernel) {}
  std::string name() const override { return kernel_.name; }
  Arithmetic arithmetic() const override {
    return kBytes == 4 ? Arithmetic::f32 : kBytes == 2 ? Arithmetic::bf16 : Arithmetic::int8;
  }

  void prepare(const GemmShape& shape, const float* a, const std::vector<const float*>& weights,
               unsigned threads) override {
    shape_ = shape;
    pool_ = std::make_unique<ThreadPool>(threads);
    lda_ = shape.lda(kBytes);
    ldc_ = shape.ldc(sizeof(Out));
    a_ = AlignedBuffer<T>(shape.m * lda_);
    std::fill_n(a_.data(), shape.m * lda_, T{});
    for (size_t i = 0; i < shape.m; ++i)
      std::ranges::copy(narrowed(a + i * shape.lda(), shape.k), a_.data() + i * lda_);
    c_ = AlignedBuffer<Out>(shape.m * ldc_);
    std::fill_n(c_.data(), shape.m * ldc_, Out{});
    a_scale_.assign(shape.m, 1 / 127.0F);
    b_scale_.assign(shape.n, 1 / 127.0F);
    packed_.clear();
    for (const float* weight : weights) {
      const std::vector<T> b = narrowed(weight, shape.n * shape.k);
      packed_.emplace_back(kernels::packed_bytes(shape.n, shape.k, kBytes) / kBytes);
      if constexpr (kBytes == 4) kernels::pack_b_f32(b.data(), shape.n, shape.k, packed_.back().data());
      if constexpr (kBytes == 2) kernels::pack_b_bf16(b.data(), shape.n, shape.k, packed_.back().data());
      if constexpr (kBytes == 1) kernels::pack_b_s8(b.data(), shape.n, shape.k, packed_.back().data());
    }
  }

  void run(size_t which) override {
    const size_t pairs = (shape_.n + 31) / 32, threads = pool_->size();
    pool_->parallel_for(threads, [&](size_t i) {
      const size_t begin = pairs * i / threads * 32, end = std::min(pairs * (i + 1) / threads * 32, shape_.n);
      if (begin < end) multiply(begin, end, packed_[which].data());
    });
  }

  std::vector<float> result() const override {
    std::vector<float> out(shape_.m * shape_.n);
    for (size_t i = 0; i < shape_.m; ++i) {
      for (size_t j = 0; j < shape_.n; ++j) {
        const Out x = c_.data()[i * ldc_ + j];
        if constexpr (sizeof(Out) == 2) {
          out[i * shape_.n + j] = kernels::from_bf16(x);
        } else {
          out[i * shape_.n + j] = x;
        }
      }
    }
    return out;
  }

 private:
  static std::vector<T> narrowed(const float* x, size_t count) {
    if constexpr (kBytes == 4) return {x, x + count};
    if constexpr (kBytes == 2) return to_bf16(x, count);
    if constexpr (kBytes == 1) return to_bytes(x, count);
  }

  void multiply(size_t begin, size_t end, const T* b) {
    b += begin / 16 * kernels::panel_bytes(shape_.k, kBytes) / kBytes;
    if constexpr (kBytes == 1) {
      kernel_.fn({.m = shape_.m,
                  .n = end - begin,
                  .k = shape_.k,
                  .a = a_.data(),
                  .lda = lda_,
                  .a_scale = a_scale_.data(),
                  .b = b,
                  .b_scale = b_scale_.data() + begin,
                  .c = c_.data() + begin,
                  .ldc = ldc_});
    } else {
      // Narrow rows where bf16 is multiplied, as the next product takes them.
      float* wide = nullptr;
      uint16_t* narrow = nullptr;
      if constexpr (sizeof(Out) == 2) {
        narrow = c_.data() + begin;
      } else {
        wide = c_.data() + begin;
      }
      kernel_.fn({.m = shape_.m,
                  .n = end - begin,
                  .k = shape_.k,
                  .a = a_.data(),
                  .lda = lda_,
                  .b = b,
                  .c = wide,
                  .c_bf16 = narrow,
                  .ldc = ldc_});
    }
  }

  kernels::Kernel<Fn> kernel_;
  GemmShape shape_{};
  size_t lda_ = 0, ldc_ = 0;
  std::unique_ptr<ThreadPool> pool_;
  AlignedBuffer<T> a_{0};
  AlignedBuffer<Out> c_{0};
  std::vector<float> a_scale_, b_scale_;
  std::vector<AlignedBuffer<T>> packed_;
};

// Weights and inputs of one shape, made once for all contenders.
struct Problem {
  std::vector<std::vector<float>> weights;
  std::vector<float> a;
  std::vector<double> expected, bound, magnitudes;  // of the first weights, for three rows

  explicit Problem(const GemmShape& s) : a(numbers(s.m * s.lda(), 7)) {
    const size_t copies = std::max<size_t>(2, 64'000'000 / (s.n * s.k * sizeof(float)));
    for (size_t i = 0; i < copies; ++i) weights.push_back(numbers(s.n * s.k, static_cast<uint32_t>(i + 100)));
    for (const size_t row : rows(s)) {
      for (size_t j = 0; j < s.n; ++j) {
        double sum = 0, magnitude = 0;
        for (size_t k = 0; k < s.k; ++k) {
          const double x =
              static_cast<double>(a[row * s.lda() + k]) * static_cast<double>(weights[0][j * s.k + k]);
          sum += x;
          magnitude += std::fabs(x);
        }
        expected.push_back(sum);
        magnitudes.push_back(magnitude);
        bound.push_back(magnitude * static_cast<double>(s.k + 8) * std::numeric_limits<float>::epsilon());
      }
    }
  }
  static std::vector<size_t> rows(const GemmShape& s) { return {0, s.m / 2, s.m - 1}; }

  // f32 by the roundings of its sum; narrow operands by theirs, each at most 2^-8 of it.
  bool right(const GemmShape& s, const std::vector<float>& c, Arithmetic arithmetic) const {
    size_t at = 0;
    for (const size_t row : rows(s)) {
      for (size_t j = 0; j < s.n; ++j, ++at) {
        const double most = arithmetic == Arithmetic::f32 ? bound[at] : 0x1p-6 * magnitudes[at];
        if (!(std::fabs(static_cast<double>(c[row * s.n + j]) - expected[at]) <= most)) return false;
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

constexpr size_t kPeakTurn = 4;          // products to a run of the peak's loop,
constexpr double kPeakSeconds = 0.5e-3;  // which is at least so long: its threads start for it

void gemm(benchmark::State& state, GemmPeer* contender, const GemmShape& shape, unsigned threads) {
  const Problem& p = problem(shape);
  std::vector<const float*> weights;
  for (const std::vector<float>& w : p.weights) weights.push_back(w.data());
  contender->prepare(shape, p.a.data(), weights, threads);
  contender->run(0);
  if (!p.right(shape, contender->result(), contender->arithmetic())) {
    state.SkipWithError("wrong result");
    return;
  }
  const PeakMeter peak(cpu_isas().back(), contender->arithmetic(), threads);
  std::vector<double> seconds, peaks;  // in turns
  size_t which = 0;
  for (auto _ : state) {
    which = (which + 1) % weights.size();
    const auto begin = std::chrono::steady_clock::now();
    contender->run(which);
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    state.SetIterationTime(seconds.back());
    if (seconds.size() % kPeakTurn == 0) peaks.push_back(peak.now(std::max(seconds.back(), kPeakSeconds)));
  }
  std::sort(seconds.begin(), seconds.end());
  std::sort(peaks.begin(), peaks.end());
  const double operations = 2e-9 * static_cast<double>(shape.m * shape.n * shape.k);
  state.counters["best"] = operations / seconds.front();
  state.counters["median"] = operations / seconds[seconds.size() / 2];
  state.counters["peak"] = peak.best();
  state.counters["of_peak"] = operations / seconds.front() / peak.best();
  if (peaks.empty()) return;
  state.counters["peak_now"] = peaks[peaks.size() / 2];
  state.counters["of_now"] = operations / seconds[seconds.size() / 2] / peaks[peaks.size() / 2];
}

void register_shapes(const std::vector<std::unique_ptr<GemmPeer>>& contenders) {
  const std::pair<size_t, size_t> layers[] = {{768, 768},   {3072, 768},  {768, 3072},
                                              {1024, 1024}, {4096, 1024}, {1024, 4096}};
  for (const auto& [n, k] : layers) {
    for (const size_t m : n % 768 == 0 ? std::vector<size_t>{50, 197, 200, 800} : std::vector<size_t>{257}) {
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
  for (const Arithmetic arithmetic : {Arithmetic::f32, Arithmetic::bf16, Arithmetic::int8}) {
    if (arithmetic == Arithmetic::f32 || cpu_has(Isa::avx512_bf16)) peers.push_back(onednn_gemm(arithmetic));
  }
#endif
  return peers;
}

}  // namespace simdclip::bench

int main(int argc, char** argv) {
  using namespace simdclip;
  benchmark::Initialize(&argc, argv);
  std::vector<std::unique_ptr<bench::GemmPeer>> contenders;
  const auto add = [&]<typename T, typename Out, typename Fn>(std::span<const kernels::Kernel<Fn>> all) {
    for (const auto& kernel : all) {
      if (cpu_has(kernel.isa)) contenders.push_back(std::make_unique<bench::OurGemm<T, Fn, Out>>(kernel));
    }
  };
  add.operator()<float, float>(kernels::gemm_f32_kernels());
  add.operator()<uint16_t, uint16_t>(kernels::gemm_bf16_kernels());
  add.operator()<int8_t, float>(kernels::gemm_i8_kernels());
  for (auto& peer : bench::gemm_peers()) contenders.push_back(std::move(peer));
  bench::register_shapes(contenders);
  benchmark::AddCustomContext("cpu", cpu_name());
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
