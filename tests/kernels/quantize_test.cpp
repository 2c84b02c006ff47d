// Rows to bytes: quantize, and the layer norms that end in bytes or bf16, against the f32 layer norm.
#include "kernels/gemm/pack.h"
#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

SIMDCLIP_KERNEL_SUITE(Quantize, quantize_s8, QuantizeFn);
SIMDCLIP_KERNEL_SUITE(LayerNormS8, layer_norm_s8, LayerNormS8Fn);
SIMDCLIP_KERNEL_SUITE(LayerNormBf16, layer_norm_bf16, LayerNormBf16Fn);

// The contract of quantize.h, element by element.
void expect_quantized(std::span<const float> x, std::span<const int8_t> q, float scale) {
  float top = 0;
  for (const float v : x) top = std::max(top, std::fabs(v));
  ASSERT_NEAR(scale, double{top} / 127, double{top} / 127 * 0x1p-23);
  bool reaches_127 = top == 0;
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_LE(std::abs(int{q[i]}), 127);
    ASSERT_NEAR(double{scale} * q[i], x[i], 0.51 * double{scale}) << "element " << i;
    reaches_127 |= std::abs(int{q[i]}) == 127;
  }
  ASSERT_TRUE(reaches_127);
}

SIMDCLIP_KERNEL_SUITE(QuantizeBf16, quantize_bf16_s8, QuantizeBf16Fn);

TEST_P(QuantizeBf16, EveryTail) {
  for (size_t width = 1; width <= 140; ++width) {
    for (const Edge edge : kEdges) {
      SCOPED_TRACE("seed and width " + std::to_string(width));
      const size_t rows = 1 + width % 4, ld = width + width % 3;
      Guarded<float> wide((rows - 1) * ld + width, edge);
      Guarded<uint16_t> x(wide.size(), edge);
      Guarded<int8_t> q(wide.size(), edge);
      Random(width).fill(wide.span(), -3, 3);
      kernels::to_bf16(wide.data(), wide.size(), x.data());
      kernels::from_bf16(x.data(), x.size(), wide.data());
      std::fill(q.begin(), q.end(), int8_t{99});
      std::vector<float> scale(rows);
      GetParam().fn({rows, width, x.data(), ld, q.data(), ld, scale.data()});
      ASSERT_TRUE(x.intact() && q.intact());
      for (size_t row = 0; row < rows; ++row) {
        expect_quantized(wide.span().subspan(row * ld, width), q.span().subspan(row * ld, width), scale[row]);
        for (size_t i = width; i < ld && row + 1 < rows; ++i)
          ASSERT_EQ(q[row * ld + i], 99) << "between the rows";
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(QuantizeBf16, TinyRowsAreZeroAndBrokenOnesNaN) {
  const uint16_t tiny = kernels::to_bf16(0x1p-101F);
  for (const uint16_t bits :
       {uint16_t{0}, uint16_t{0x8000}, uint16_t{1}, tiny, kernels::to_bf16(std::nanf("")),
        kernels::to_bf16(INFINITY), kernels::to_bf16(-INFINITY)}) {
    std::vector<uint16_t> x(50, bits == 0 || bits == 0x8000 ? bits : tiny);
    x[37] = bits;
    std::vector<int8_t> q(50, 99);
    float scale = 7;
    GetParam().fn({1, 50, x.data(), 50, q.data(), 50, &scale});
    if (std::isfinite(kernels::from_bf16(bits))) {
      EXPECT_EQ(scale, 0);
    } else {
      EXPECT_TRUE(std::isnan(scale));
    }
    q[37] = 0;
    EXPECT_EQ(q, std::vector<int8_t>(50));
  }
}

TEST(QuantizeBf16Bits, AgreeAcrossInstructionSets) {
  const auto all = fused(kernels::quantize_bf16_s8_kernels());
  std::vector<float> wide(4 * 3072);
  Random(5).fill(wide, -7, 7);
  std::vector<uint16_t> x(wide.size());
  kernels::to_bf16(wide.data(), wide.size(), x.data());
  std::vector<int8_t> first;
  for (const auto& kernel : all) {
    std::vector<int8_t> q(x.size());
    std::vector<float> scale(4);
    kernel.fn({4, 3072, x.data(), 3072, q.data(), 3072, scale.data()});
    if (first.empty()) first = q;
    EXPECT_EQ(first, q) << kernel.name;
  }
}

SIMDCLIP_KERNEL_SUITE(RoundBf16, round_bf16, RoundBf16Fn);

TEST_P(RoundBf16, EveryTailAndTies) {
  for (size_t width = 1; width <= 70; ++width) {
    for (const Edge edge : kEdges) {
      SCOPED_TRACE("seed and width " + std::to_string(width));
      const size_t rows = 1 + width % 4, ld = width + width % 3;
      Guarded<float> x((rows - 1) * ld + width, edge);
      Guarded<uint16_t> y((rows - 1) * ld + width, edge);
      Random(width).fill(x.span(), -3, 3);
      x[0] = 0x1.01p0F;          // halfway: to even, down
      x[width - 1] = 0x1.03p0F;  // halfway: to even, up
      GetParam().fn({rows, width, x.data(), ld, y.data(), ld});
      ASSERT_TRUE(x.intact() && y.intact());
      for (size_t row = 0; row < rows; ++row) {
        for (size_t i = 0; i < width; ++i) {
          ASSERT_EQ(y[row * ld + i], kernels::to_bf16(x[row * ld + i])) << "row " << row << ", element " << i;
        }
      }
    }
  }
}

TEST_P(RoundBf16, NotANumberStaysOne) {
  const float x[2] = {std::nanf(""), INFINITY};
  uint16_t y[2] = {};
  GetParam().fn({1, 2, x, 2, y, 2});
  EXPECT_TRUE(std::isnan(kernels::from_bf16(y[0])));
  EXPECT_EQ(kernels::from_bf16(y[1]), INFINITY);
}

TEST_P(Quantize, EveryTail) {
  for (size_t width = 1; width <= 70; ++width) {
    for (const Edge edge : kEdges) {
      SCOPED_TRACE("seed and width " + std::to_string(width));
      const size_t rows = 1 + width % 4, ld = width + width % 3;
      Guarded<float> x((rows - 1) * ld + width, edge), scale(rows, edge);
      Guarded<int8_t> q((rows - 1) * ld + width, edge);
      Random(width).fill(x.span(), -3, 3);
      GetParam().fn({rows, width, x.data(), ld, q.data(), ld, scale.data()});
      ASSERT_TRUE(x.intact() && q.intact() && scale.intact());
      for (size_t row = 0; row < rows; ++row) {
        expect_quantized(x.span().subspan(row * ld, width), q.span().subspan(row * ld, width), scale[row]);
        if (HasFatalFailure()) return;
      }
    }
  }
}

TEST_P(Quantize, Extremes) {
  const auto of = [](std::vector<float> x) {
    std::vector<int8_t> q(x.size(), 99);
    float scale = -1;
    GetParam().fn({1, x.size(), x.data(), x.size(), q.data(), x.size(), &scale});
    return std::pair(scale, q);
  };
  EXPECT_EQ(of({0, -0.0F, 0}), (std::pair(0.0F, std::vector<int8_t>{0, 0, 0})));
  EXPECT_EQ(of({1e-40F, -1e-33F}), (std::pair(0.0F, std::vector<int8_t>{0, 0})));
  EXPECT_EQ(of({127, -127, 0.5F, 1.5F, -2.5F}).second, (std::vector<int8_t>{127, -127, 0, 2, -2}))
      << "ties to even";
  EXPECT_EQ(of({3e38F, -3e38F}).second, (std::vector<int8_t>{127, -127}));
  for (const float bad : {std::nanf(""), INFINITY, -INFINITY}) {
    for (const size_t place : {0U, 5U, 16U, 19U}) {
      std::vector<float> x(20, 1.0F);
      x[place] = bad;
      EXPECT_TRUE(std::isnan(of(x).first)) << bad << " at " << place;
    }
  }
}

struct Normed {
  size_t rows, width, ld;
  Guarded<float> x, gamma, beta;
  std::vector<float> want;  // by the portable or fused f32 kernel of the same instruction set

  Normed(size_t rows_in, size_t width_in, Edge edge, Isa isa)
      : rows(rows_in),
        width(width_in),
        ld(width + width % 3),
        x((rows - 1) * ld + width, edge),
        gamma(width, edge),
        beta(width, edge),
        want(rows * ld) {
    Random random(rows * 1000 + width);
    random.fill(x.span(), -2, 5);
    random.fill(gamma.span(), 0.1F, 3);
    random.fill(beta.span());
    kernels::LayerNormArgs args;
    static_cast<kernels::LayerNormInput&>(args) = input();
    args.y = want.data();
    args.ldy = ld;
    kernels::select_kernels(isa).layer_norm_f32(args);
  }
  kernels::LayerNormInput input() const {
    return {rows, width, x.data(), ld, gamma.data(), beta.data(), 1e-5F};
  }
};

SIMDCLIP_KERNEL_SUITE(QuantizeBy, quantize_by_s8, QuantizeByFn);

TEST_P(QuantizeBy, EveryTailByTheCallersScale) {
  for (size_t width = 1; width <= 67; ++width) {
    for (const Edge edge : kEdges) {
      const size_t rows = 1 + width % 3, ldx = width + width % 4, ldq = width + width % 2;
      Guarded<float> x((rows - 1) * ldx + width, edge);
      Guarded<int8_t> q((rows - 1) * ldq + width, edge);
      Random(width).fill({x.data(), x.size()}, -3, 3);
      for (int8_t& v : q) v = 99;
      const float inverse = 127.0F / 3;
      GetParam().fn({rows, width, x.data(), ldx, inverse, q.data(), ldq});
      ASSERT_TRUE(x.intact() && q.intact());
      for (size_t r = 0; r < rows; ++r) {
        for (size_t i = 0; i < width; ++i) {
          volatile float product = x[r * ldx + i] * inverse;
          ASSERT_EQ(q[r * ldq + i], static_cast<int>(std::nearbyint(product))) << width;
        }
        for (size_t i = width; i < ldq && r + 1 < rows; ++i) ASSERT_EQ(q[r * ldq + i], 99);
      }
    }
  }
}

TEST_P(LayerNormS8, IsTheQuantizedLayerNorm) {
  for (const size_t width : {1U, 7U, 15U, 16U, 17U, 33U, 64U, 100U, 768U}) {
    for (const size_t rows : {1U, 3U, 4U, 5U, 9U}) {
      for (const Edge edge : kEdges) {
        SCOPED_TRACE("rows " + std::to_string(rows) + ", width " + std::to_string(width));
        Normed n(rows, width, edge, GetParam().isa);
        Guarded<int8_t> q((rows - 1) * n.ld + width, edge);
        Guarded<float> scale(rows, edge);
        kernels::LayerNormS8Args args;
        static_cast<kernels::LayerNormInput&>(args) = n.input();
        args.y = q.data();
        args.ldy = n.ld;
        args.scale = scale.data();
        GetParam().fn(args);
        ASSERT_TRUE(q.intact() && scale.intact());
        std::vector<int8_t> same(rows * n.ld);
        std::vector<float> same_scale(rows);
        kernels::select_kernels(GetParam().isa)
            .quantize_s8({rows, width, n.want.data(), n.ld, same.data(), n.ld, same_scale.data()});
        ASSERT_TRUE(same_bits(scale.span(), same_scale));
        for (size_t row = 0; row < rows; ++row) {
          ASSERT_EQ(0, std::memcmp(q.data() + row * n.ld, same.data() + row * n.ld, width)) << "row " << row;
        }
      }
    }
  }
}

TEST_P(LayerNormBf16, IsTheRoundedLayerNorm) {
  for (const size_t width : {1U, 7U, 15U, 16U, 17U, 33U, 64U, 100U, 768U}) {
    for (const size_t rows : {1U, 3U, 4U, 5U, 9U}) {
      for (const Edge edge : kEdges) {
        SCOPED_TRACE("rows " + std::to_string(rows) + ", width " + std::to_string(width));
        Normed n(rows, width, edge, GetParam().isa);
        Guarded<uint16_t> y((rows - 1) * n.ld + width, edge);
        kernels::LayerNormBf16Args args;
        static_cast<kernels::LayerNormInput&>(args) = n.input();
        args.y = y.data();
        args.ldy = n.ld;
        GetParam().fn(args);
        ASSERT_TRUE(y.intact());
        for (size_t row = 0; row < rows; ++row) {
          for (size_t i = 0; i < width; ++i) {
            ASSERT_EQ(y[row * n.ld + i], kernels::to_bf16(n.want[row * n.ld + i]))
                << "row " << row << ", column " << i;
          }
        }
      }
    }
  }
}

TEST_P(LayerNormBf16, NanStaysNan) {
  Normed n(1, 40, Edge::end, GetParam().isa);
  n.beta[17] = std::nanf("");
  uint16_t y[40];
  kernels::LayerNormBf16Args args;
  static_cast<kernels::LayerNormInput&>(args) = n.input();
  args.y = y;
  args.ldy = 40;
  GetParam().fn(args);
  for (size_t i = 0; i < 40; ++i) EXPECT_EQ(std::isnan(kernels::from_bf16(y[i])), i == 17);
}

TEST(QuantizeBits, AgreeAcrossInstructionSets) {
  const auto all = fused(kernels::quantize_s8_kernels());
  for (const size_t width : {1U, 16U, 31U, 768U, 3072U}) {
    std::vector<float> x(5 * width);
    Random(width).fill(x, -9, 4);
    std::vector<int8_t> first(x.size()), other(x.size());
    std::vector<float> scale(5), other_scale(5);
    if (!all.empty()) all[0].fn({5, width, x.data(), width, first.data(), width, scale.data()});
    for (const auto& kernel : all) {
      kernel.fn({5, width, x.data(), width, other.data(), width, other_scale.data()});
      EXPECT_TRUE(same_bits(scale, other_scale) && first == other) << kernel.name << ", seed " << width;
    }
  }
}

}  // namespace
}  // namespace simdclip::test
