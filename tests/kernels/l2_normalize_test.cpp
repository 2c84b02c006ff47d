#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

SIMDCLIP_KERNEL_SUITE(L2Normalize, l2_normalize_f32, L2NormalizeFn);

TEST_P(L2Normalize, MatchesFp64AtEveryTail) {
  for (size_t width = 1; width <= 70; ++width) {
    for (const Edge edge : kEdges) {
      const size_t rows = 1 + width % 4, ld = width + width % 3;
      SCOPED_TRACE("seed and width " + std::to_string(width));
      Guarded<float> x((rows - 1) * ld + width, edge);
      Random random(width);
      random.fill({x.data(), x.size()}, -10, 10);
      const std::vector<float> before(x.begin(), x.end());
      GetParam().fn(x.data(), rows, width, ld);
      ASSERT_TRUE(x.intact());
      for (size_t row = 0; row < rows; ++row) {
        double squares = 0;
        for (size_t i = 0; i < width; ++i)
          squares += double{before[row * ld + i]} * double{before[row * ld + i]};
        for (size_t i = 0; i < width; ++i) {
          const double want = double{before[row * ld + i]} / std::sqrt(squares);
          ASSERT_NEAR(x[row * ld + i], want, std::fabs(want) * kEps * 16);
        }
        for (size_t i = width; i < ld && row + 1 < rows; ++i)
          EXPECT_EQ(x[row * ld + i], before[row * ld + i]);
      }
    }
  }
}

TEST_P(L2Normalize, ZeroStaysZeroAndNanPropagates) {
  std::vector<float> x(40, 0.0F);
  GetParam().fn(x.data(), 1, 40, 40);
  for (const float v : x) EXPECT_EQ(v, 0.0F);
  std::vector<float> bad(40, 1.0F);
  bad[33] = std::nanf("");
  GetParam().fn(bad.data(), 1, 40, 40);
  for (const float v : bad) EXPECT_TRUE(std::isnan(v));
}

TEST(L2NormalizeBits, AgreeAcrossInstructionSets) {
  const auto all = fused(kernels::l2_normalize_f32_kernels());
  for (const size_t width : {1U, 15U, 16U, 17U, 512U, 768U, 1000U}) {
    std::vector<float> start(3 * width);
    Random(width).fill(start);
    std::vector<float> first = start;
    if (!all.empty()) all[0].fn(first.data(), 3, width, width);
    for (const auto& kernel : all) {
      std::vector<float> other = start;
      kernel.fn(other.data(), 3, width, width);
      EXPECT_TRUE(same_bits(first, other)) << all[0].name << " against " << kernel.name << ", seed " << width;
    }
  }
}

}  // namespace
}  // namespace simdclip::test
