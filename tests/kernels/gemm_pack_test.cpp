// The packed layout, element by element, and the rounding to bf16.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "kernels/gemm/pack.h"
#include "kernels/guarded.h"

namespace simdclip::testing {
namespace {

using namespace kernels;

// Packs and unpacks 1, 2, 3, ... so that every element says where it came from.
template <typename T, typename Pack, typename Unpack>
void check_layout(size_t n, size_t k, Edge edge, Pack pack, Unpack unpack) {
  SCOPED_TRACE(::testing::Message() << "N=" << n << " K=" << k << " element bytes=" << sizeof(T));
  Guarded<T> b(n * k, edge), back(n * k, edge);
  std::iota(b.begin(), b.end(), T{1});
  Guarded<T> packed(packed_bytes(n, k, sizeof(T)) / sizeof(T), edge);
  std::fill(packed.begin(), packed.end(), T{77});
  pack(b.data(), n, k, packed.data());
  constexpr size_t kGroup = kGroupBytes / sizeof(T);
  const size_t groups = (k + kGroup - 1) / kGroup;
  for (size_t i = 0; i < packed.size(); ++i) {
    const size_t element = i % kGroup, column = i / kGroup % 16, group = i / kGroup / 16 % groups,
                 panel = i / kGroup / 16 / groups;
    const size_t row = panel * 16 + column, at = group * kGroup + element;
    ASSERT_EQ(packed[i], row < n && at < k ? b[row * k + at] : T{0}) << "packed element " << i;
  }
  unpack(packed.data(), n, k, back.data());
  EXPECT_TRUE(std::equal(b.begin(), b.end(), back.begin()));
}

TEST(GemmPack, LayoutAndBack) {
  for (const Edge edge : {Edge::end, Edge::begin}) {
    for (const size_t n : {1, 2, 15, 16, 17, 31, 33, 48}) {
      for (const size_t k : {1, 2, 3, 4, 5, 15, 16, 17, 31, 33, 64, 67}) {
        check_layout<float>(n, k, edge, pack_b_f32, unpack_b_f32);
        check_layout<uint16_t>(n, k, edge, pack_b_bf16, unpack_b_bf16);
        check_layout<int8_t>(n, k, edge, pack_b_s8, unpack_b_s8);
      }
    }
  }
}

TEST(GemmPack, Sizes) {
  EXPECT_EQ(panel_bytes(768, 4), 768U * 64);
  EXPECT_EQ(panel_bytes(768, 2), 384U * 64);
  EXPECT_EQ(panel_bytes(769, 2), 385U * 64);
  EXPECT_EQ(packed_bytes(17, 5, 1), 2U * 2 * 64);
  EXPECT_EQ(packed_bytes(0, 5, 4), 0U);
}

TEST(Bf16, EveryBf16ComesBackUnchanged) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const float value = from_bf16(static_cast<uint16_t>(bits));
    ASSERT_EQ(std::bit_cast<uint32_t>(value), bits << 16);
    if (std::isnan(value))
      ASSERT_TRUE(std::isnan(from_bf16(to_bf16(value)))) << bits;
    else
      ASSERT_EQ(to_bf16(value), bits);
  }
}

// Between two neighbours: nearest, ties to the even one; beyond the largest: infinity.
TEST(Bf16, RoundsToNearestEven) {
  for (uint32_t bits = 0; bits < 0x7F80; ++bits) {
    for (const uint32_t sign : {0U, 0x8000U}) {
      const uint32_t low = sign | bits;
      const auto rounded = [&](uint32_t rest) { return to_bf16(std::bit_cast<float>(low << 16 | rest)); };
      ASSERT_EQ(rounded(1), low);
      ASSERT_EQ(rounded(0x7FFF), low);
      ASSERT_EQ(rounded(0x8000), low + (bits & 1U));
      ASSERT_EQ(rounded(0x8001), low + 1);
      ASSERT_EQ(rounded(0xFFFF), low + 1);
    }
  }
}

TEST(Bf16, NanWhosePayloadIsCutOffStaysNan) {
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::bit_cast<float>(0x7F800001U)))));
  EXPECT_TRUE(std::isnan(from_bf16(to_bf16(std::bit_cast<float>(0xFFFFFFFFU)))));
}

TEST(Bf16, ArraysAsElements) {
  for (const size_t count : {0, 1, 7, 8, 33, 1000}) {
    Guarded<float> values(count), back(count);
    Guarded<uint16_t> bits(count);
    for (size_t i = 0; i < count; ++i)
      values[i] = std::bit_cast<float>(static_cast<uint32_t>(i * 2654435761U));
    to_bf16(values.data(), count, bits.data());
    from_bf16(bits.data(), count, back.data());
    for (size_t i = 0; i < count; ++i) {
      ASSERT_EQ(bits[i], to_bf16(values[i]));
      ASSERT_EQ(std::bit_cast<uint32_t>(back[i]), static_cast<uint32_t>(bits[i]) << 16);
    }
  }
}

}  // namespace
}  // namespace simdclip::testing
