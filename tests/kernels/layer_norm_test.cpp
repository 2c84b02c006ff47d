#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

SIMDCLIP_KERNEL_SUITE(LayerNorm, layer_norm_f32, LayerNormFn);

struct Case {
  size_t rows, width;
  float mean = 0, spread = 1;
  bool in_place = false;
  uint64_t seed = 1;
};

class Operands {
 public:
  Operands(const Case& c, Edge edge)
      : shape(c),
        ld(c.width + c.seed % 3),
        x((c.rows - 1) * ld + c.width, edge),
        y((c.rows - 1) * ld + c.width, edge),
        gamma(c.width, edge),
        beta(c.width, edge) {
    Random random(c.seed);
    random.fill({x.data(), x.size()}, c.mean - c.spread, c.mean + c.spread);
    random.fill({gamma.data(), c.width}, 0.5F, 2);
    random.fill({beta.data(), c.width});
    std::copy(x.begin(), x.end(), y.begin());
  }
  void run(kernels::LayerNormFn* fn) {
    kernels::LayerNormArgs args;
    args.rows = shape.rows;
    args.width = shape.width;
    args.x = shape.in_place ? y.data() : x.data();
    args.ldx = args.ldy = ld;
    args.gamma = gamma.data();
    args.beta = beta.data();
    args.eps = 1e-5F;
    args.y = y.data();
    fn(args);
  }

  Case shape;
  size_t ld;
  Guarded<float> x, y, gamma, beta;
};

// In fp64 from the same floats. What f32 may lose: a rounding of each difference x - mean (of the size of x),
// and a few of the result.
void expect_right(Operands& o) {
  const double n = static_cast<double>(o.shape.width);
  for (size_t row = 0; row < o.shape.rows; ++row) {
    const float* x = o.x.data() + row * o.ld;
    double mean = 0, variance = 0, largest = 0;
    for (size_t i = 0; i < o.shape.width; ++i) mean += double{x[i]} / n;
    for (size_t i = 0; i < o.shape.width; ++i) {
      variance += (double{x[i]} - mean) * (double{x[i]} - mean) / n;
      largest = std::max(largest, std::fabs(double{x[i]}));
    }
    const double scale = 1 / std::sqrt(variance + double{1e-5F});
    for (size_t i = 0; i < o.shape.width; ++i) {
      const double z = (double{x[i]} - mean) * scale, gamma = double{o.gamma[i]}, beta = double{o.beta[i]};
      const double bound =
          kEps * (gamma * (3 * largest * scale + (n / 16 + 16) * std::fabs(z)) + 2 * std::fabs(beta) + 1);
      ASSERT_NEAR(o.y[row * o.ld + i], z * gamma + beta, bound) << "row " << row << ", column " << i;
    }
  }
}

std::vector<Case> cases() {
  std::vector<Case> out;
  uint64_t seed = 1;
  for (size_t width = 1; width <= 67; ++width)
    out.push_back({1 + width % 6, width, 0, 1, width % 2 == 0, seed++});
  for (const size_t width : {384U, 768U, 1000U, 1024U, 1664U}) {
    for (size_t rows = 1; rows <= 9; ++rows) out.push_back({rows, width, 0.1F, 3, rows % 2 == 0, seed++});
    out.push_back({5, width, 1e4F, 1, false, seed++});  // a mean far above the deviation
    out.push_back({5, width, -1e5F, 1, false, seed++});
    out.push_back({5, width, 1e6F, 10, false, seed++});
    out.push_back({5, width, 0, 1e-6F, false, seed++});  // below eps
    out.push_back({5, width, 0, 1e15F, false, seed++});
  }
  return out;
}

std::string describe(const Case& c) {
  return "rows " + std::to_string(c.rows) + ", width " + std::to_string(c.width) + ", mean " +
         std::to_string(c.mean) + (c.in_place ? ", in place" : "") + ", seed " + std::to_string(c.seed);
}

TEST_P(LayerNorm, MatchesFp64AtEveryTail) {
  for (const Case& c : cases()) {
    for (const Edge edge : kEdges) {
      SCOPED_TRACE(describe(c));
      Operands o(c, edge);
      o.run(GetParam().fn);
      expect_right(o);
      ASSERT_TRUE(o.x.intact() && o.y.intact() && o.gamma.intact() && o.beta.intact());
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(LayerNorm, RowsDoNotDependOnEachOther) {
  const Case c{11, 100, 0, 1, false, 3};
  Operands whole(c, Edge::end);
  whole.run(GetParam().fn);
  for (size_t row = 0; row < c.rows; ++row) {
    Operands one(c, Edge::end);
    kernels::LayerNormArgs args{1,
                                c.width,
                                one.x.data() + row * one.ld,
                                one.ld,
                                one.gamma.data(),
                                one.beta.data(),
                                1e-5F,
                                one.y.data() + row * one.ld,
                                one.ld};
    GetParam().fn(args);
    EXPECT_TRUE(same_bits(one.y.span().subspan(row * one.ld, c.width),
                          whole.y.span().subspan(row * one.ld, c.width)));
  }
}

TEST_P(LayerNorm, NanAndInfinityStayInTheirRow) {
  for (const float bad : {std::nanf(""), INFINITY}) {
    Operands o({6, 50, 0, 1, false, 3}, Edge::end);
    o.x[2 * o.ld + 49] = bad;
    o.run(GetParam().fn);
    for (size_t row = 0; row < 6; ++row) {
      for (size_t i = 0; i < 50; ++i) EXPECT_EQ(std::isnan(o.y[row * o.ld + i]), row == 2);
    }
  }
}

// No spread at all: (x - mean) is zero and eps keeps the division finite.
TEST_P(LayerNorm, ConstantRowGivesBeta) {
  for (const float value : {0.0F, 3.5F, -1e6F}) {
    Operands o({3, 97, 0, 1, false, 3}, Edge::end);
    std::fill(o.x.begin(), o.x.end(), value);
    o.run(GetParam().fn);
    for (size_t i = 0; i < 97; ++i) EXPECT_EQ(o.y[i], o.beta[i]);
  }
}

TEST(LayerNormBits, AgreeAcrossInstructionSets) {
  const auto all = fused(kernels::layer_norm_f32_kernels());
  for (const Case& c : cases()) {
    SCOPED_TRACE(describe(c));
    for (size_t i = 1; i < all.size(); ++i) {
      Operands first(c, Edge::end), other(c, Edge::end);
      first.run(all[0].fn);
      other.run(all[i].fn);
      ASSERT_TRUE(same_bits(first.y.span(), other.y.span())) << all[0].name << " against " << all[i].name;
    }
  }
}

}  // namespace
}  // namespace simdclip::test
