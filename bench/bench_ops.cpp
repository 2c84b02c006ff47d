// The kernels beside GEMM, every registered one that this CPU runs, at the shapes of the towers:
//   build/bench/bench_ops --benchmark_filter=attention
// Attention reports floating-point operations (two products of T x T x d a head); the others bytes read and
// written, and elements.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels/gemm/pack.h"
#include "kernels/registry.h"

namespace simdclip {
namespace {

using benchmark::Counter;

std::vector<float> numbers(size_t count, float range) {
  std::vector<float> out(count);
  uint32_t state = 1;
  for (float& x : out) {
    state = state * 1664525U + 1013904223U;
    x = range * (static_cast<float>(state >> 8) * 0x1p-23F - 1);
  }
  return out;
}

Counter rate(double per_iteration) {
  return Counter(per_iteration, Counter::kIsIterationInvariantRate, Counter::kIs1000);
}

// 12 heads of one sequence, laid out as the QKV product leaves them.
std::vector<float> as_elements(std::vector<float> x, float) { return x; }
std::vector<uint16_t> as_elements(const std::vector<float>& x, uint16_t) {
  std::vector<uint16_t> out(x.size());
  kernels::to_bf16(x.data(), x.size(), out.data());
  return out;
}

template <typename Element>
void attention(benchmark::State& state, void (*fn)(const kernels::AttentionOperands<Element>&) noexcept,
               size_t tokens, size_t d, bool causal) {
  constexpr size_t kHeads = 12;
  const size_t width = kHeads * d;
  const std::vector<Element> qkv = as_elements(numbers(tokens * 3 * width, 1), Element{});
  std::vector<Element> out(tokens * width);
  std::vector<float> scratch(kernels::attention_scratch_floats(tokens, d) + 16);
  const size_t skew = reinterpret_cast<uintptr_t>(scratch.data()) % 64 / sizeof(float);
  for (auto _ : state) {
    for (size_t head = 0; head < kHeads; ++head) {
      kernels::AttentionOperands<Element> args;
      args.queries = args.keys = tokens;
      args.head_dim = d;
      args.q = qkv.data() + head * d;
      args.k = args.q + width;
      args.v = args.k + width;
      args.ldq = args.ldkv = 3 * width;
      args.out = out.data() + head * d;
      args.ldo = width;
      args.scale = 1 / std::sqrt(static_cast<float>(d));
      args.causal = causal;
      args.scratch = scratch.data() + (16 - skew) % 16;
      fn(args);
    }
    benchmark::ClobberMemory();
  }
  const double pairs = static_cast<double>(causal ? tokens * (tokens + 1) / 2 : tokens * tokens);
  state.counters["FLOPS"] = rate(4 * pairs * static_cast<double>(d * kHeads));
}

void layer_norm(benchmark::State& state, kernels::LayerNormFn* fn, size_t rows, size_t width) {
  const std::vector<float> x = numbers(rows * width, 3), gamma = numbers(width, 1), beta = numbers(width, 1);
  std::vector<float> y(x.size());
  const kernels::LayerNormArgs args{rows,        width, x.data(), width, gamma.data(),
                                    beta.data(), 1e-5F, y.data(), width};
  for (auto _ : state) {
    fn(args);
    benchmark::ClobberMemory();
  }
  state.counters["bytes"] = rate(static_cast<double>(2 * sizeof(float) * x.size()));
}

// The layer norms that end in the next product's input, and quantization by itself.
struct Narrow {
  size_t rows, width;
  std::vector<float> x = numbers(rows * width, 3), gamma = numbers(width, 1), beta = numbers(width, 1);
  std::vector<float> scale = std::vector<float>(rows);
  std::vector<int8_t> bytes = std::vector<int8_t>(rows * width);
  std::vector<uint16_t> halves = std::vector<uint16_t>(rows * width);

  kernels::LayerNormInput input() const {
    return {rows, width, x.data(), width, gamma.data(), beta.data(), 1e-5F};
  }
  void run(kernels::LayerNormBf16Fn* fn) { fn({input(), halves.data(), width}); }
  void run(kernels::LayerNormS8Fn* fn) { fn({input(), bytes.data(), width, scale.data()}); }
  void run(kernels::QuantizeBf16Fn* fn) {
    fn({rows, width, halves.data(), width, bytes.data(), width, scale.data()});
  }
  void run(kernels::QuantizeFn* fn) { fn({rows, width, x.data(), width, bytes.data(), width, scale.data()}); }
};

template <typename Fn>
void narrow(benchmark::State& state, Fn* fn) {
  Narrow data{197, 768};
  for (auto _ : state) {
    data.run(fn);
    benchmark::ClobberMemory();
  }
  state.counters["elements"] = rate(static_cast<double>(data.x.size()));
}

void softmax(benchmark::State& state, kernels::SoftmaxFn* fn, size_t rows, size_t columns) {
  std::vector<float> x = numbers(rows * columns, 10);
  for (auto _ : state) {
    fn(x.data(), rows, columns, columns);
    benchmark::ClobberMemory();
  }
  state.counters["elements"] = rate(static_cast<double>(x.size()));
}

// In place on values that stay in range: GELU of GELU tends to zero, which costs the same.
void activation(benchmark::State& state, kernels::ActivationFn* fn, kernels::Act act) {
  std::vector<float> x = numbers(3072, 4);
  for (auto _ : state) {
    fn(act, x.data(), x.size());
    benchmark::ClobberMemory();
  }
  state.counters["elements"] = rate(static_cast<double>(x.size()));
}

template <typename Fn, typename Register>
void for_each_runnable(std::span<const kernels::Kernel<Fn>> all, const Register& add) {
  for (const auto& kernel : all) {
    if (cpu_has(kernel.isa)) add(kernel);
  }
}

void register_attention() {
  struct Shape {
    size_t tokens, d;
    bool causal;
    const char* name;
  };
  for (const Shape shape :
       {Shape{50, 64, false, "B/32"}, Shape{197, 64, false, "B/16"}, Shape{257, 64, false, "L/14"},
        Shape{577, 64, false, "L/14@336"}, Shape{257, 88, false, "g/14"}, Shape{77, 64, true, "text"}}) {
    for_each_runnable(kernels::attention_f32_kernels(), [&](const auto& kernel) {
      const std::string name = std::string(kernel.name) + "/" + shape.name;
      benchmark::RegisterBenchmark(name.c_str(), attention<float>, kernel.fn, shape.tokens, shape.d,
                                   shape.causal);
    });
    const auto narrow_rows = [&](const auto& kernel) {
      const std::string name = std::string(kernel.name) + "/" + shape.name;
      benchmark::RegisterBenchmark(name.c_str(), attention<uint16_t>, kernel.fn, shape.tokens, shape.d,
                                   shape.causal);
    };
    for_each_runnable(kernels::attention_bf16_kernels(), narrow_rows);
    for_each_runnable(kernels::attention_i8_kernels(), narrow_rows);
  }
}

void register_rows() {
  for_each_runnable(kernels::layer_norm_f32_kernels(), [](const auto& kernel) {
    for (const size_t width : {768U, 1024U}) {
      const std::string name = std::string(kernel.name) + "/197x" + std::to_string(width);
      benchmark::RegisterBenchmark(name.c_str(), layer_norm, kernel.fn, size_t{197}, width);
    }
  });
  const auto add_narrow = [](const auto& kernel) {
    const std::string name = std::string(kernel.name) + "/197x768";
    benchmark::RegisterBenchmark(name.c_str(),
                                 [fn = kernel.fn](benchmark::State& state) { narrow(state, fn); });
  };
  for_each_runnable(kernels::layer_norm_bf16_kernels(), add_narrow);
  for_each_runnable(kernels::layer_norm_s8_kernels(), add_narrow);
  for_each_runnable(kernels::quantize_s8_kernels(), add_narrow);
  for_each_runnable(kernels::quantize_bf16_s8_kernels(), add_narrow);
  for_each_runnable(kernels::softmax_f32_kernels(), [](const auto& kernel) {
    const std::string name = std::string(kernel.name) + "/64x1000";
    benchmark::RegisterBenchmark(name.c_str(), softmax, kernel.fn, size_t{64}, size_t{1000});
  });
  for_each_runnable(kernels::activation_f32_kernels(), [](const auto& kernel) {
    const std::pair<kernels::Act, const char*> acts[] = {{kernels::Act::gelu, "gelu"},
                                                         {kernels::Act::gelu_tanh, "gelu_tanh"},
                                                         {kernels::Act::quick_gelu, "quick_gelu"}};
    for (const auto& [act, what] : acts) {
      const std::string name = std::string(kernel.name) + "/" + what;
      benchmark::RegisterBenchmark(name.c_str(), activation, kernel.fn, act);
    }
  });
}

}  // namespace
}  // namespace simdclip

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  simdclip::register_attention();
  simdclip::register_rows();
  benchmark::AddCustomContext("cpu", simdclip::cpu_name());
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
