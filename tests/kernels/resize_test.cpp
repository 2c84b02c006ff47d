// Every resize kernel against the definition in 64-bit integers, at every tail, with each operand against a
// forbidden page.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "image/coefficients.h"
#include "kernels/guarded.h"
#include "kernels/registry.h"

namespace simdclip {
namespace {

using kernels::Kernel;
using kernels::ResizeCoefficients;
using testing::Edge;
using testing::Guarded;

struct Case {
  uint32_t in, out, begin, end;
  Interpolation interpolation;
};

// Down and up, sizes around each vector's width, crops, and rows too short for a window.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (const Interpolation interpolation : {Interpolation::bicubic, Interpolation::bilinear}) {
    for (const uint32_t in :
         {1U, 2U, 3U, 4U, 5U, 7U, 8U, 9U, 15U, 16U, 17U, 31U, 33U, 64U, 100U, 257U, 640U}) {
      for (const uint32_t out : {1U, 2U, 3U, 8U, 17U, 64U, 224U}) {
        if (in != out) all.push_back({in, out, 0, out, interpolation});
      }
    }
    all.push_back({640, 299, 37, 261, interpolation});
    all.push_back({4001, 300, 11, 12, interpolation});
    all.push_back({4001, 300, 290, 300, interpolation});
  }
  return all;
}

uint8_t expected(const ResizeCoefficients& c, size_t i, const auto& sample) {
  int64_t sum = 1 << 21;
  for (int32_t j = 0; j < c.count[i]; ++j)
    sum += int64_t{sample(static_cast<size_t>(j))} * c.weights[i * c.taps + static_cast<size_t>(j)];
  return static_cast<uint8_t>(std::clamp<int64_t>(sum >> 22, 0, 255));
}

// Mostly extremes: overshoot must be clamped, and the largest sums must not overflow.
void fill(std::span<uint8_t> bytes, uint32_t seed) {
  std::mt19937 random(seed);
  for (uint8_t& b : bytes)
    b = static_cast<uint8_t>(random() % 3 == 0 ? random() & 255 : (random() & 1) * 255);
}

class Horizontal : public ::testing::TestWithParam<Kernel<kernels::ResizeHorizontalFn>> {};

TEST_P(Horizontal, EqualsItsDefinitionAtEveryTail) {
  if (!cpu_has(GetParam().isa)) GTEST_SKIP() << "this CPU has no " << to_string(GetParam().isa);
  uint32_t seed = 0;
  for (const Case& k : cases()) {
    const Coefficients owner(k.in, k.out, k.interpolation, k.begin, k.end, true);
    const ResizeCoefficients c = owner.view();
    for (const size_t channels : {1U, 3U, 4U}) {
      const size_t rows = ++seed % 9 + 1;
      const Edge edge = seed % 2 == 0 ? Edge::begin : Edge::end;
      const size_t in_stride = k.in * channels, out_stride = c.size * channels;
      Guarded<uint8_t> in(rows * in_stride, edge), out(rows * out_stride, edge);
      fill({in.data(), in.size()}, seed);
      GetParam().fn(c, in.data(), in_stride, k.in, rows, channels, out.data(), out_stride);
      ASSERT_TRUE(out.intact()) << "seed " << seed;
      for (size_t r = 0; r < rows; ++r) {
        for (size_t i = 0; i < c.size; ++i) {
          for (size_t ch = 0; ch < channels; ++ch) {
            const uint8_t* row = in.data() + r * in_stride;
            const auto sample = [&](size_t j) {
              return row[(static_cast<size_t>(c.first[i]) + j) * channels + ch];
            };
            ASSERT_EQ(out[r * out_stride + i * channels + ch], expected(c, i, sample))
                << k.in << " -> " << k.out << " channels " << channels << " rows " << rows << " row " << r
                << " sample " << i << " seed " << seed;
          }
        }
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Kernels, Horizontal,
                         ::testing::ValuesIn(kernels::resize_horizontal_u8_kernels().begin(),
                                             kernels::resize_horizontal_u8_kernels().end()),
                         [](const auto& instance) { return std::string(instance.param.name); });

class Vertical : public ::testing::TestWithParam<Kernel<kernels::ResizeVerticalFn>> {};

TEST_P(Vertical, EqualsItsDefinitionAtEveryTail) {
  if (!cpu_has(GetParam().isa)) GTEST_SKIP() << "this CPU has no " << to_string(GetParam().isa);
  uint32_t seed = 0;
  for (const Case& k : cases()) {
    const Coefficients owner(k.in, k.out, k.interpolation, k.begin, k.end, false);
    const ResizeCoefficients c = owner.view();
    for (size_t i = 0; i < c.size; i += 1 + c.size / 7) {
      const size_t row_bytes = ++seed % 131 + 1, count = static_cast<size_t>(c.count[i]);
      const Edge edge = seed % 2 == 0 ? Edge::begin : Edge::end;
      Guarded<uint8_t> in(count * row_bytes, edge), out(row_bytes, edge);
      fill({in.data(), in.size()}, seed);
      std::vector<const uint8_t*> rows(count);
      for (size_t j = 0; j < count; ++j) rows[j] = in.data() + j * row_bytes;
      GetParam().fn(c, i, rows.data(), row_bytes, out.data());
      ASSERT_TRUE(out.intact()) << "seed " << seed;
      for (size_t x = 0; x < row_bytes; ++x) {
        ASSERT_EQ(out[x], expected(c, i, [&](size_t j) { return rows[j][x]; }))
            << k.in << " -> " << k.out << " row " << i << " of " << row_bytes << " bytes, column " << x
            << " seed " << seed;
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Kernels, Vertical,
                         ::testing::ValuesIn(kernels::resize_vertical_u8_kernels().begin(),
                                             kernels::resize_vertical_u8_kernels().end()),
                         [](const auto& instance) { return std::string(instance.param.name); });

class ToFloat : public ::testing::TestWithParam<Kernel<kernels::PixelsToFloatFn>> {};

TEST_P(ToFloat, RoundsAfterEachOperation) {
  if (!cpu_has(GetParam().isa)) GTEST_SKIP() << "this CPU has no " << to_string(GetParam().isa);
  const float mean[3] = {0.48145466F, 0.4578275F, 0.40821073F},
              std[3] = {0.26862954F, 0.26130258F, 0.27577711F};
  for (size_t width = 1; width <= 70; ++width) {
    const Edge edge = width % 2 == 0 ? Edge::begin : Edge::end;
    Guarded<uint8_t> in(3 * width, edge);
    for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<uint8_t>(i * 89 + width);
    Guarded<float> out(3 * width,
                       edge);  // planes side by side: what a row writes too much shows in the next plane
    GetParam().fn(in.data(), width, mean, std, out.data(), width);
    ASSERT_TRUE(out.intact()) << "width " << width;
    for (size_t c = 0; c < 3; ++c) {
      for (size_t x = 0; x < width; ++x) {
        volatile float v = static_cast<float>(in[3 * x + c]);
        v = v / 255.0F;
        v = v - mean[c];
        v = v / std[c];
        const float want = v;
        ASSERT_EQ(std::memcmp(&out[c * width + x], &want, sizeof want), 0)
            << "width " << width << " channel " << c << " column " << x;
      }
    }
  }
}
INSTANTIATE_TEST_SUITE_P(Kernels, ToFloat,
                         ::testing::ValuesIn(kernels::pixels_to_float_kernels().begin(),
                                             kernels::pixels_to_float_kernels().end()),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(ResizeCoefficients, NarrowFormsHoldTheSameWeight) {
  for (const Case& k : cases()) {
    for (const bool grouped : {false, true}) {
      const Coefficients owner(k.in, k.out, k.interpolation, k.begin, k.end, grouped);
      const ResizeCoefficients c = owner.view();
      for (size_t i = 0; i < c.size; ++i) {
        ASSERT_GE(c.first[i], 0);
        ASSERT_LE(c.first[i] + c.count[i], static_cast<int32_t>(k.in));
        ASSERT_TRUE(!c.grouped || c.count[i] % 4 == 0);
        int64_t total = 0;
        for (size_t j = 0; j < c.taps; ++j) {
          const size_t at = i * c.taps + j;
          ASSERT_EQ(c.low[at] + c.high[at] * 4096, c.weights[at]);
          ASSERT_EQ(c.digits[0][at] + c.digits[1][at] * 256 + c.digits[2][at] * 65536, c.weights[at]);
          ASSERT_TRUE(j < static_cast<size_t>(c.count[i]) || c.weights[at] == 0);
          total += c.weights[at];
        }
        ASSERT_NEAR(static_cast<double>(total), 1 << 22,
                    static_cast<double>(c.taps));  // the weights of a window add up to 1
      }
    }
  }
}

}  // namespace
}  // namespace simdclip
