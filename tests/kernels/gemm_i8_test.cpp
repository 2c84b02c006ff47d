// Every registered int8 GEMM, and the AMX one's source on emulated tiles, against exact integers at every
// tail.
#include <bit>
#include <random>
#include <string>
#include <vector>

#include "kernels/common/vec_portable.h"
#define SIMDCLIP_FINISH_ROW __attribute__((noinline))
#include "kernels/gemm/gemm_tiles.inl"
#include "kernels/gemm/pack.h"
#include "kernels/kernel_test.h"
#include "kernels/registry.h"

namespace simdclip::test {
namespace {

using kernels::Act;
using kernels::GemmI8Args;
using testing::Edge;
using testing::Guarded;

void on_emulated_tiles(const GemmI8Args& args) noexcept { kernels::gemm_tiles<kernels::EmulatedTiles>(args); }

std::vector<kernels::Kernel<kernels::GemmI8Fn>> every_kernel() {
  const auto registered = kernels::gemm_i8_kernels();
  std::vector<kernels::Kernel<kernels::GemmI8Fn>> all(registered.begin(), registered.end());
  all.push_back({"gemm_i8_32x32_amx_emulated", Isa::portable, &on_emulated_tiles});
  return all;
}

struct Case {
  size_t m, n, k;
  bool bias = true, residual = false;
  Act act = Act::none;
  Edge edge = Edge::end;
};

struct Problem {
  Case shape;
  size_t lda;
  std::vector<int8_t> a, b;  // a: rows of lda bytes, zeros beyond K
  std::vector<float> a_scale, b_scale, bias, residual;

  explicit Problem(const Case& c)
      : shape(c), lda(kernels::gemm_i8_row_bytes(c.k)), a(c.m * lda), b(c.n * c.k) {
    std::mt19937 random(static_cast<uint32_t>(c.m * 1000003 + c.n * 1009 + c.k));
    // Extremes are common: they saturate where a kernel adds pairs in 16 bits.
    const auto byte = [&] {
      return static_cast<int8_t>(random() % 4 == 0 ? (random() % 2 == 0 ? 127 : -127)
                                                   : static_cast<int>(random() % 255) - 127);
    };
    for (size_t i = 0; i < c.m; ++i) {
      for (size_t k = 0; k < c.k; ++k) a[i * lda + k] = byte();
    }
    for (int8_t& x : b) x = byte();
    std::uniform_real_distribution<float> uniform(0.5F, 1);
    for (auto [values, count] :
         {std::pair{&a_scale, c.m}, {&b_scale, c.n}, {&bias, c.n}, {&residual, c.m * c.n}}) {
      for (size_t i = 0; i < count; ++i) values->push_back(uniform(random) / 64);
    }
  }

  // C before the activation and the residual: the exact sum, one rounding to f32, and the roundings of
  // gemm_i8.h.
  float before_activation(size_t i, size_t j) const {
    int32_t sum = 0;
    for (size_t k = 0; k < shape.k; ++k) sum += a[i * lda + k] * b[j * shape.k + k];
    const float scale = a_scale[i] * b_scale[j];
    volatile float x = static_cast<float>(sum) * scale;
    if (shape.bias) x = x + bias[j];
    return x;
  }
};

std::vector<float> run(kernels::GemmI8Fn* kernel, const Problem& p) {
  const Case& c = p.shape;
  std::vector<int8_t> bytes(kernels::packed_bytes(c.n, c.k, 1));
  kernels::pack_b_s8(p.b.data(), c.n, c.k, bytes.data());
  const Guarded<int8_t> a(p.a, c.edge), b(bytes, c.edge);
  const Guarded<float> a_scale(p.a_scale, c.edge), b_scale(p.b_scale, c.edge), bias(p.bias, c.edge);
  Guarded<float> out(p.residual, c.edge);
  kernel({.m = c.m,
          .n = c.n,
          .k = c.k,
          .a = a.data(),
          .lda = p.lda,
          .a_scale = a_scale.data(),
          .b = b.data(),
          .b_scale = b_scale.data(),
          .c = out.data(),
          .ldc = c.n,
          .bias = c.bias ? bias.data() : nullptr,
          .residual = c.residual ? out.data() : nullptr,
          .ldr = c.n,
          .act = c.act});
  EXPECT_TRUE(out.intact());
  return {out.begin(), out.end()};
}

class GemmI8 : public ::testing::TestWithParam<kernels::Kernel<kernels::GemmI8Fn>> {
 protected:
  void SetUp() override {
    if (!cpu_has(GetParam().isa)) GTEST_SKIP() << "this CPU lacks " << to_string(GetParam().isa);
    RecordProperty("tiles",
                   std::string(GetParam().name).ends_with("emulated") ? "emulated" : "hardware or none");
  }
  static void check(const Case& c) {
    SCOPED_TRACE(::testing::Message() << GetParam().name << " M=" << c.m << " N=" << c.n << " K=" << c.k);
    const Problem p(c);
    const std::vector<float> out = run(GetParam().fn, p);
    for (size_t i = 0; i < c.m; ++i) {
      for (size_t j = 0; j < c.n; ++j) {
        volatile float want = p.before_activation(i, j);
        if (c.residual) want = want + p.residual[i * c.n + j];
        if (c.act == Act::relu && want < 0) want = 0;
        ASSERT_EQ(std::bit_cast<uint32_t>(out[i * c.n + j]), std::bit_cast<uint32_t>(want)) << i << "," << j;
      }
    }
  }
};

TEST_P(GemmI8, EveryTailOfM) {
  for (size_t m = 0; m <= 70; ++m) {
    for (const size_t n : {1, 17, 48}) check({m, n, 21});
  }
}

TEST_P(GemmI8, EveryTailOfN) {
  for (size_t n = 0; n <= 70; ++n) {
    for (const size_t m : {1, 15, 33}) check({.m = m, .n = n, .k = 70, .edge = Edge::begin});
  }
}

TEST_P(GemmI8, EveryTailOfKAndItsBlocks) {
  std::vector<size_t> depths = {127, 128, 129, 1020, 1023, 1024, 1025, 1028, 2049, 4096};
  for (size_t k = 0; k <= 70; ++k) depths.push_back(k);
  for (const size_t k : depths) {
    for (const size_t m : {1, 29}) check({.m = m, .n = 35, .k = k, .residual = true});
  }
}

TEST_P(GemmI8, BlocksOfRows) {
  for (const size_t m : {63, 64, 65, 223, 224, 225, 500}) check({.m = m, .n = 37, .k = 19, .bias = false});
  check({.m = 150, .n = 33, .k = 16384});  // A beyond L2
}

TEST_P(GemmI8, ReluComesBehindTheResidual) {
  for (const bool residual : {false, true}) {
    for (const size_t m : {1, 40, 64})
      check({.m = m, .n = 75, .k = 576, .residual = residual, .act = Act::relu});
  }
}

TEST_P(GemmI8, ActivationsCloseToFp64) {
  for (const Act act : {Act::gelu, Act::gelu_tanh, Act::quick_gelu}) {
    const Problem p({.m = 21, .n = 45, .k = 99, .residual = true, .act = act});
    const std::vector<float> out = run(GetParam().fn, p);
    for (size_t i = 0; i < out.size(); ++i) {
      const double x = static_cast<double>(p.before_activation(i / 45, i % 45));
      double want = x / (1 + std::exp(-1.702 * x));
      if (act == Act::gelu) want = 0.5 * x * std::erfc(-x / std::sqrt(2.0));
      if (act == Act::gelu_tanh)
        want = 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
      ASSERT_NEAR(static_cast<double>(out[i]), want + static_cast<double>(p.residual[i]),
                  1e-6 * (1 + std::fabs(x)))
          << i;
    }
  }
}

std::string name_of(const ::testing::TestParamInfo<kernels::Kernel<kernels::GemmI8Fn>>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Kernels, GemmI8, ::testing::ValuesIn(every_kernel()), name_of);

TEST(GemmI8Bits, EqualOnEveryInstructionSetWithFma) {
  const Problem p({.m = 50, .n = 200, .k = 768, .residual = true, .act = Act::gelu});
  std::vector<float> first;
  for (const auto& kernel : kernels::gemm_i8_kernels()) {
#if !defined(__aarch64__)
    if (kernel.isa == Isa::portable) continue;  // SSE2 does not fuse
#endif
    if (!cpu_has(kernel.isa)) continue;
    const std::vector<float> out = run(kernel.fn, p);
    if (first.empty()) first = out;
    EXPECT_EQ(std::memcmp(out.data(), first.data(), out.size() * sizeof(float)), 0) << kernel.name;
  }
}

}  // namespace
}  // namespace simdclip::test
