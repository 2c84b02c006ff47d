#include "base/checked.h"

#include <gtest/gtest.h>

#include <random>

namespace simdclip {
namespace {

constexpr uint64_t kMax = UINT64_MAX;
__extension__ typedef unsigned __int128 Wide;

TEST(Checked, ProductsAgreeWithWideArithmetic) {
  const uint64_t edges[] = {0,           1,        2,   3, (1ULL << 32U) - 1, 1ULL << 32U, (1ULL << 32U) + 1,
                            1ULL << 63U, kMax - 1, kMax};
  for (const uint64_t a : edges) {
    for (const uint64_t b : edges) {
      const Wide product = static_cast<Wide>(a) * b, sum = static_cast<Wide>(a) + b;
      EXPECT_EQ(checked_mul(a, b).has_value(), product <= kMax) << a << " * " << b;
      EXPECT_EQ(checked_add(a, b).has_value(), sum <= kMax) << a << " + " << b;
      if (product <= kMax) {
        EXPECT_EQ(*checked_mul(a, b), static_cast<uint64_t>(product));
      }
      if (sum <= kMax) {
        EXPECT_EQ(*checked_add(a, b), static_cast<uint64_t>(sum));
      }
    }
  }
}

TEST(Checked, RandomProductsAgreeWithWideArithmetic) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 100'000; ++i) {
    const uint64_t a = random() >> (random() % 64), b = random() >> (random() % 64);
    const Wide product = static_cast<Wide>(a) * b;
    const auto checked = checked_mul(a, b);
    ASSERT_EQ(checked.has_value(), product <= kMax) << a << " * " << b;
    if (checked) {
      ASSERT_EQ(*checked, static_cast<uint64_t>(product));
    }
  }
}

TEST(Checked, BytesOfATensor) {
  const uint64_t plain[] = {3, 5, 7}, zero[] = {0, kMax, kMax}, huge[] = {1ULL << 32U, 1ULL << 32U},
                 edge[] = {1ULL << 31U, 1ULL << 31U};
  EXPECT_EQ(checked_bytes(plain, 4), 420U);
  EXPECT_EQ(checked_bytes({}, 4), 4U);
  EXPECT_EQ(checked_bytes(zero, 4), 0U);  // no byte, whatever stands behind the zero
  EXPECT_EQ(checked_bytes(huge, 1), std::nullopt);
  EXPECT_EQ(checked_bytes(edge, 2), 1ULL << 63U);
  EXPECT_EQ(checked_bytes(edge, 4), std::nullopt);
}

TEST(Checked, Rounding) {
  EXPECT_EQ(ceil_div(0, 16), 0U);
  EXPECT_EQ(ceil_div(1, 16), 1U);
  EXPECT_EQ(ceil_div(16, 16), 1U);
  EXPECT_EQ(ceil_div(kMax, 1), kMax);
  EXPECT_EQ(ceil_div(kMax, 2), 1ULL << 63U);
  EXPECT_EQ(round_up(0, 64), 0U);
  EXPECT_EQ(round_up(1, 64), 64U);
  EXPECT_EQ(round_up(64, 64), 64U);
  EXPECT_EQ(checked_round_up(65, 64), 128U);
  EXPECT_EQ(checked_round_up(kMax - 63, 64), kMax - 63);
  EXPECT_EQ(checked_round_up(kMax - 62, 64), std::nullopt);
  EXPECT_EQ(checked_round_up(kMax, 16), std::nullopt);
}

}  // namespace
}  // namespace simdclip
