#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

SIMDCLIP_KERNEL_SUITE(Softmax, softmax_f32, SoftmaxFn);

TEST_P(Softmax, MatchesFp64AtEveryTail) {
  for (size_t columns = 1; columns <= 70; ++columns) {
    for (const Edge edge : kEdges) {
      const size_t rows = 1 + columns % 4, ld = columns + columns % 3;
      SCOPED_TRACE("seed and columns " + std::to_string(columns));
      Guarded<float> x((rows - 1) * ld + columns, edge);
      Random random(columns);
      random.fill({x.data(), x.size()}, -30, 30);
      const std::vector<float> before(x.begin(), x.end());
      GetParam().fn(x.data(), rows, columns, ld);
      ASSERT_TRUE(x.intact());
      for (size_t row = 0; row < rows; ++row) {
        double top = -INFINITY, sum = 0, total = 0;
        for (size_t j = 0; j < columns; ++j) top = std::max(top, double{before[row * ld + j]});
        for (size_t j = 0; j < columns; ++j) sum += std::exp(double{before[row * ld + j]} - top);
        for (size_t j = 0; j < columns; ++j) {
          const double difference = double{before[row * ld + j]} - top, want = std::exp(difference) / sum;
          // The difference itself is rounded once, which the exponential turns into a relative error.
          ASSERT_NEAR(x[row * ld + j], want,
                      want * kEps * (std::fabs(difference) + static_cast<double>(columns) / 16 + 12));
          total += double{x[row * ld + j]};
        }
        EXPECT_NEAR(total, 1, 1e-6);
        if (row + 1 < rows) {
          for (size_t j = columns; j < ld; ++j) EXPECT_EQ(x[row * ld + j], before[row * ld + j]);
        }
      }
    }
  }
}

TEST_P(Softmax, SumsToOne) {
  for (const size_t columns : {1000U, 1025U, 21843U}) {
    for (const float range : {0.01F, 10.0F, 1000.0F}) {
      std::vector<float> x(columns);
      Random(columns).fill(x, -range, range);
      GetParam().fn(x.data(), 1, columns, columns);
      double total = 0;
      for (const float p : x) total += double{p};
      EXPECT_NEAR(total, 1, 1e-6) << columns << " columns of +-" << range;
    }
  }
}

// Softmax of {0, x} is e^x / (1 + e^x), and e^x itself where that is below half a unit of 1.
TEST_P(Softmax, ExpWithin2Ulp) {
  constexpr int kSamples = 500'000;
  double worst = 0, worst_x = 0;
  for (int i = 0; i < kSamples; ++i) {
    float pair[2] = {0, -17.4F - 69.9F * static_cast<float>(i) / kSamples};
    const double want = std::exp(double{pair[1]});
    GetParam().fn(pair, 1, 2, 2);
    const double error = std::fabs(pair[1] - want) / ulp_of(want);
    if (error > worst) worst = error, worst_x = std::log(want);
  }
  EXPECT_LE(worst, 2) << "at " << worst_x;
  for (int i = 0; i < kSamples; ++i) {
    float pair[2] = {0, -17.4F * static_cast<float>(i) / kSamples};
    const double e = std::exp(double{pair[1]}), want = e / (1 + e);
    GetParam().fn(pair, 1, 2, 2);
    ASSERT_NEAR(pair[1], want, 4 * ulp_of(want)) << "2 of e^x, and a sum and a quotient; x = " << std::log(e);
  }
}

TEST_P(Softmax, ExtremesSaturate) {
  const auto of = [](float a, float b) {
    std::vector<float> x{a, b};
    GetParam().fn(x.data(), 1, 2, 2);
    return x;
  };
  EXPECT_EQ(of(0, -INFINITY), (std::vector<float>{1, 0}));
  EXPECT_EQ(of(-1e30F, 1e30F), (std::vector<float>{0, 1}));
  EXPECT_EQ(of(3e38F, 3e38F), (std::vector<float>{0.5F, 0.5F}));
  EXPECT_EQ(of(-88, 0), (std::vector<float>{0, 1}));
  EXPECT_GT(of(-87, 0)[0], 0);
  for (const float x : of(std::nanf(""), 0)) EXPECT_TRUE(std::isnan(x));
  for (const float x : of(0, std::nanf(""))) EXPECT_TRUE(std::isnan(x));
  for (const float x : of(INFINITY, 0)) EXPECT_TRUE(std::isnan(x) || x == 0);  // as torch: inf - inf
}

TEST(SoftmaxBits, AgreeAcrossInstructionSets) {
  const auto all = fused(kernels::softmax_f32_kernels());
  for (size_t columns = 1; columns <= 200; ++columns) {
    std::vector<float> first(3 * columns);
    Random(columns).fill(first, -100, 20);
    std::vector<float> start = first;
    if (!all.empty()) all[0].fn(first.data(), 3, columns, columns);
    for (const auto& kernel : all) {
      std::vector<float> other = start;
      kernel.fn(other.data(), 3, columns, columns);
      ASSERT_TRUE(same_bits(first, other))
          << all[0].name << " against " << kernel.name << ", seed " << columns;
    }
  }
}

}  // namespace
}  // namespace simdclip::test
