#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

using kernels::Act;

SIMDCLIP_KERNEL_SUITE(Activation, activation_f32, ActivationFn);

constexpr Act kActs[] = {Act::gelu, Act::gelu_tanh, Act::quick_gelu};

double exact(Act act, double x) {
  switch (act) {
    case Act::none: return x;
    case Act::gelu: return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case Act::gelu_tanh: return x / (1 + std::exp(-2 * std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Act::quick_gelu: return x / (1 + std::exp(-1.702 * x));
    case Act::relu: return x < 0 ? 0 : x;
  }
  return 0;
}

// The larger of the result and its two halves (kernels/common/math.inl).
double scale_of(Act act, double x) { return std::max(std::fabs(exact(act, x)), std::fabs(x) / 2); }

void expect_within_4_ulp(Act act, std::span<const float> x, std::span<const float> y) {
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(y[i], exact(act, double{x[i]}), 4 * ulp_of(scale_of(act, double{x[i]})))
        << "activation " << static_cast<int>(act) << " of " << x[i];
  }
}

TEST_P(Activation, Within4UlpOfFp64) {
  constexpr size_t kSamples = 200'000;
  for (const Act act : kActs) {
    for (const float range : {0.01F, 1.0F, 7.0F, 60.0F}) {
      std::vector<float> x(kSamples);
      for (size_t i = 0; i < kSamples; ++i) {
        x[i] = range * (2 * static_cast<float>(i) / static_cast<float>(kSamples - 1) - 1);
      }
      std::vector<float> y = x;
      GetParam().fn(act, y.data(), y.size());
      expect_within_4_ulp(act, x, y);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(Activation, EveryTailStaysInItsMemory) {
  for (const Act act : {Act::none, Act::gelu, Act::gelu_tanh, Act::quick_gelu, Act::relu}) {
    for (size_t n = 0; n <= 67; ++n) {
      for (const Edge edge : kEdges) {
        Guarded<float> x(n, edge);
        Random random(n + 1);
        random.fill({x.data(), n}, -6, 6);
        const std::vector<float> before(x.begin(), x.end());
        GetParam().fn(act, x.data(), n);
        ASSERT_TRUE(x.intact()) << n;
        expect_within_4_ulp(act, before, x.span());
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(Activation, SaturatesAndPropagates) {
  for (const Act act : kActs) {
    std::vector<float> x{INFINITY, -INFINITY, std::nanf(""), 3e38F, -3e38F, 1e5F, -1e5F, 0.0F, -0.0F, 1e-42F};
    GetParam().fn(act, x.data(), x.size());
    EXPECT_EQ(x[0], INFINITY);
    EXPECT_LE(std::fabs(x[1]), 1e-35F) << "the limit at minus infinity is zero";
    EXPECT_TRUE(std::isnan(x[2]));
    EXPECT_EQ(x[3], 3e38F);
    EXPECT_LE(std::fabs(x[4]), 1e-35F);
    EXPECT_EQ(x[5], 1e5F);
    EXPECT_LE(std::fabs(x[6]), 1e-35F);
    EXPECT_EQ(x[7], 0.0F);
    EXPECT_EQ(x[8], 0.0F);
    EXPECT_NEAR(x[9], 5e-43F, 2e-45F);
  }
}

TEST_P(Activation, ReluIsExact) {
  std::vector<float> x{INFINITY, -INFINITY, std::nanf(""), 3e38F, -3e38F, 0.0F,
                       -0.0F,    1e-42F,    -1e-42F,       2,     -2};
  x.resize(37, -1.5F);
  const std::vector<float> before = x;
  GetParam().fn(Act::relu, x.data(), x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    const float want = before[i] < 0 ? 0.0F : before[i];
    EXPECT_TRUE(same_bits(std::span(&x[i], 1), std::span(&want, 1))) << before[i] << " gave " << x[i];
  }
}

TEST(ActivationBits, AgreeAcrossInstructionSets) {
  const auto all = fused(kernels::activation_f32_kernels());
  std::vector<float> start(100'003);
  Random(4).fill(start, -20, 20);
  for (const Act act : {Act::gelu, Act::gelu_tanh, Act::quick_gelu, Act::relu}) {
    std::vector<float> first = start;
    if (!all.empty()) all[0].fn(act, first.data(), first.size());
    for (const auto& kernel : all) {
      std::vector<float> other = start;
      kernel.fn(act, other.data(), other.size());
      EXPECT_TRUE(same_bits(first, other)) << all[0].name << " against " << kernel.name;
    }
  }
}

}  // namespace
}  // namespace simdclip::test
