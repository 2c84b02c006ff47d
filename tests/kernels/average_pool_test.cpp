#include "kernels/gemm/pack.h"
#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

SIMDCLIP_KERNEL_SUITE(AveragePool, average_pool_f32, AveragePoolFn);

// The rule of average_pool.h, exactly.
float average(float a, float b, float c, float d) {
  volatile float sum = a + b;
  sum = sum + c;
  sum = sum + d;
  return sum * 0.25F;
}

TEST_P(AveragePool, EveryTailExactly) {
  for (size_t channels = 1; channels <= 67; ++channels) {
    for (const Edge edge : kEdges) {
      const size_t pixels = 1 + channels % 4, ldx = channels + channels % 3, ldy = channels + channels % 2;
      Guarded<float> above((2 * pixels - 1) * ldx + channels, edge), below(above.size(), edge),
          y((pixels - 1) * ldy + channels, edge);
      Random random(channels);
      random.fill({above.data(), above.size()}, -9, 9);
      random.fill({below.data(), below.size()}, -9, 9);
      for (float& v : y) v = 77;
      GetParam().fn({pixels, channels, above.data(), below.data(), ldx, y.data(), ldy});
      ASSERT_TRUE(above.intact() && below.intact() && y.intact());
      for (size_t i = 0; i < pixels; ++i) {
        for (size_t c = 0; c < channels; ++c) {
          const size_t at = 2 * i * ldx + c;
          ASSERT_EQ(y[i * ldy + c], average(above[at], above[at + ldx], below[at], below[at + ldx]));
        }
        for (size_t c = channels; c < ldy && i + 1 < pixels; ++c) ASSERT_EQ(y[i * ldy + c], 77);
      }
    }
  }
}

TEST_P(AveragePool, NanAndInfinityPropagate) {
  std::vector<float> above(40, 1.0F), below(40, 1.0F), y(20);
  above[3] = std::nanf("");
  below[20 + 7] = INFINITY;
  GetParam().fn({1, 20, above.data(), below.data(), 20, y.data(), 20});
  for (size_t c = 0; c < 20; ++c) {
    if (c == 3) {
      EXPECT_TRUE(std::isnan(y[c]));
    } else {
      EXPECT_EQ(y[c], c == 7 ? INFINITY : 1.0F);
    }
  }
}

SIMDCLIP_KERNEL_SUITE(AveragePoolNarrow, average_pool_bf16, AveragePoolBf16Fn);

TEST_P(AveragePoolNarrow, IsTheRoundedAverageOfTheWidened) {
  for (size_t channels = 1; channels <= 67; ++channels) {
    for (const Edge edge : kEdges) {
      const size_t pixels = 1 + channels % 3, ld = channels + channels % 2;
      Guarded<uint16_t> above((2 * pixels - 1) * ld + channels, edge), below(above.size(), edge),
          y((pixels - 1) * ld + channels, edge);
      std::vector<float> values(above.size());
      for (auto [seed, room] : {std::pair{1, &above}, {2, &below}}) {
        Random(channels * 2 + static_cast<size_t>(seed)).fill(values, -9, 9);
        kernels::to_bf16(values.data(), values.size(), room->data());
      }
      GetParam().fn({pixels, channels, above.data(), below.data(), ld, y.data(), ld});
      ASSERT_TRUE(above.intact() && below.intact() && y.intact());
      const auto wide = [](const Guarded<uint16_t>& from, size_t at) {
        return kernels::from_bf16(from.data()[at]);
      };
      for (size_t i = 0; i < pixels; ++i) {
        for (size_t c = 0; c < channels; ++c) {
          const size_t at = 2 * i * ld + c;
          const float want =
              average(wide(above, at), wide(above, at + ld), wide(below, at), wide(below, at + ld));
          ASSERT_EQ(y.data()[i * ld + c], kernels::to_bf16(want)) << channels;
        }
      }
    }
  }
}

}  // namespace
}  // namespace simdclip::test
