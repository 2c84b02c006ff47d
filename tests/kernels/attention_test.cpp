#include <cstdio>

#include "kernels/common/vec_portable.h"
// On these vectors:
#include "kernels/attention/attention_tiles.inl"
#include "kernels/gemm/pack.h"
#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

SIMDCLIP_KERNEL_SUITE(Attention, attention_f32, AttentionFn);

// One head's operands, laid out as the towers have them: q, k and v rows lie a stride apart.
struct Case {
  size_t queries, keys, head_dim;
  bool causal = false;
  size_t first_query = 0;
  size_t gap = 0;   // floats between rows
  float range = 2;  // of q, k and v
  uint64_t seed = 1;
  bool bias = false;
};

std::string describe(const Case& c) {
  return "queries " + std::to_string(c.queries) + ", keys " + std::to_string(c.keys) + ", d " +
         std::to_string(c.head_dim) + (c.causal ? ", causal from " + std::to_string(c.first_query) : "") +
         ", gap " + std::to_string(c.gap) + ", seed " + std::to_string(c.seed) + (c.bias ? ", bias" : "");
}

class Operands {
 public:
  Operands(const Case& c, Edge edge)
      : shape(c),
        ld(c.head_dim + c.gap),
        q((c.queries - 1) * ld + c.head_dim, edge),
        k((c.keys - 1) * ld + c.head_dim, edge),
        v((c.keys - 1) * ld + c.head_dim, edge),
        out((c.queries - 1) * ld + c.head_dim, edge),
        scratch(kernels::attention_scratch_floats(c.keys, c.head_dim), edge),
        bias(c.queries * c.keys, edge) {
    Random random(c.seed);
    for (Guarded<float>* operand : {&q, &k, &v, &bias})
      random.fill({operand->data(), operand->size()}, -c.range, c.range);
    std::fill(out.begin(), out.end(), -7.0F);
    std::fill(scratch.begin(), scratch.end(), std::nanf(""));  // nothing left there may be used
  }
  // All queries, without a bias, of operands in any type that lie as these do.
  template <typename Element>
  kernels::AttentionOperands<Element> with(const Element* queries, const Element* keys, const Element* values,
                                           Element* result) {
    kernels::AttentionOperands<Element> args;
    args.queries = shape.queries;
    args.keys = shape.keys;
    args.head_dim = shape.head_dim;
    args.q = queries;
    args.k = keys;
    args.v = values;
    args.ldq = args.ldkv = args.ldo = ld;
    args.out = result;
    args.scale = scale();
    args.causal = shape.causal;
    args.first_query = shape.first_query;
    args.scratch = scratch.data();
    return args;
  }
  // Queries [from, from + count) only.
  void run(kernels::AttentionFn* fn, size_t from, size_t count) {
    kernels::AttentionArgs args =
        with<float>(q.data() + from * ld, k.data(), v.data(), out.data() + from * ld);
    args.queries = count;
    args.first_query += from;
    if (shape.bias) {
      args.bias = bias.data() + from * shape.keys;
      args.ldbias = static_cast<std::ptrdiff_t>(shape.keys);
    }
    fn(args);
  }
  void run(kernels::AttentionFn* fn) { run(fn, 0, shape.queries); }
  float scale() const { return 1.0F / std::sqrt(static_cast<float>(shape.head_dim)); }
  size_t visible(size_t query) const {
    return shape.causal ? std::min(shape.keys, shape.first_query + query + 1) : shape.keys;
  }
  bool intact() const { return q.intact() && k.intact() && v.intact() && out.intact() && scratch.intact(); }

  Case shape;
  size_t ld;
  Guarded<float> q, k, v, out, scratch, bias;
};

struct Expected {
  double value, bound;
};

// softmax(scale q K^T) V of one query in fp64, and how far f32 may be off: the scores by one rounding per
// multiply-add, which the exponential turns into a relative error; the sums likewise.
std::vector<Expected> reference(Operands& o, size_t query) {
  const size_t d = o.shape.head_dim, n = o.visible(query);
  std::vector<double> weight(n);
  double top = -INFINITY, score_error = 0, range = 0, sum = 0;
  for (size_t j = 0; j < n; ++j) {
    double dot = 0, absolute = 0;
    for (size_t i = 0; i < d; ++i) {
      const double product = double{o.q[query * o.ld + i]} * double{o.k[j * o.ld + i]};
      dot += product;
      absolute += std::fabs(product);
    }
    weight[j] = dot * double{o.scale()} + (o.shape.bias ? double{o.bias[query * o.shape.keys + j]} : 0.0);
    top = std::max(top, weight[j]);
    score_error = std::max(score_error, static_cast<double>(d + 2) * kEps * absolute * double{o.scale()});
  }
  for (double& w : weight) {
    range = std::max(range, std::fabs(w));
    w = std::exp(w - top);
    sum += w;
  }
  const double relative = 2 * score_error + 6 * range * kEps + static_cast<double>(2 * n + 16) * kEps;
  std::vector<Expected> out(d);
  for (size_t i = 0; i < d; ++i) {
    double value = 0, absolute = 0;
    for (size_t j = 0; j < n; ++j) {
      const double term = weight[j] / sum * double{o.v[j * o.ld + i]};
      value += term;
      absolute += std::fabs(term);
    }
    out[i] = {value, relative * absolute};
  }
  return out;
}

void expect_right(Operands& o) {
  for (size_t query = 0; query < o.shape.queries; ++query) {
    const std::vector<Expected> want = reference(o, query);
    for (size_t i = 0; i < o.shape.head_dim; ++i) {
      ASSERT_NEAR(o.out[query * o.ld + i], want[i].value, want[i].bound)
          << "query " << query << ", column " << i;
    }
    if (query + 1 == o.shape.queries) break;
    for (size_t i = o.shape.head_dim; i < o.ld; ++i) {
      ASSERT_EQ(o.out[query * o.ld + i], -7.0F) << "written between the rows, query " << query;
    }
  }
}

// with_bias: of the float kernels, which alone take one.
std::vector<Case> tails(bool with_bias = false) {
  std::vector<Case> cases;
  uint64_t seed = 1;
  for (size_t n = 1; n <= 35; ++n) cases.push_back({n, n, 64, n % 2 == 0, 0, n % 3, 2, seed++});
  for (size_t d = 1; d <= 35; ++d) cases.push_back({15, 20, d, d % 2 == 0, 0, d % 3, 2, seed++});
  for (const size_t d : {64U, 72U, 80U, 88U, 104U}) {
    cases.push_back({50, 50, d, false, 0, 2 * d, 2, seed++});
    cases.push_back({29, 77, d, true, 48, 0, 2, seed++});
  }
  cases.push_back({3, 257, 64, false, 0, 0, 8, seed++});  // peaked
  cases.push_back({1, 577, 64, false, 0, 5, 4, seed++});
  cases.push_back({2, 1025, 16, false, 0, 0, 1, seed++});
  for (size_t n = 1; with_bias && n <= 35; n += 2)
    cases.push_back({n, n + n % 4, 40, false, 0, n % 3, 2, seed++, true});
  cases.push_back({40, 7, 24, true, 0, 0, 1, seed++});  // more queries than keys: the last ones see all
  return cases;
}

TEST_P(Attention, MatchesFp64AtEveryTail) {
  for (const Case& c : tails(true)) {
    for (const Edge edge : kEdges) {
      SCOPED_TRACE(describe(c));
      Operands o(c, edge);
      o.run(GetParam().fn);
      expect_right(o);
      ASSERT_TRUE(o.intact());
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(Attention, SameBitsForEverySplitOfTheQueries) {
  for (const bool causal : {false, true}) {
    const Case c{61, 61, 40, causal, 0, 3, 3, 77, !causal};
    SCOPED_TRACE(describe(c));
    Operands whole(c, Edge::end);
    whole.run(GetParam().fn);
    for (const size_t step : {1U, 2U, 5U, 13U, 14U, 16U, 32U}) {
      Operands parts(c, Edge::end);
      for (size_t from = 0; from < c.queries; from += step) {
        parts.run(GetParam().fn, from, std::min(step, c.queries - from));
      }
      EXPECT_TRUE(same_bits(whole.out.span(), parts.out.span())) << "step " << step;
    }
  }
}

// What a query does not see may be anything: NaN, infinity, or values whose product with zero would turn a
// zero's sign.
TEST_P(Attention, MaskedKeysContributeNothing) {
  const Case c{45, 45, 32, true, 0, 0, 2, 5};
  Operands clean(c, Edge::end);
  clean.run(GetParam().fn);
  for (const size_t from : {1U, 16U, 17U, 31U, 44U}) {
    for (const float poison : {std::nanf(""), INFINITY, -INFINITY, 1e30F}) {
      Operands dirty(c, Edge::end);
      for (size_t i = from * dirty.ld; i < dirty.k.size(); ++i) dirty.k[i] = dirty.v[i] = poison;
      dirty.run(GetParam().fn);
      EXPECT_TRUE(same_bits(clean.out.span().first(from * clean.ld), dirty.out.span().first(from * clean.ld)))
          << "keys from " << from << " are " << poison;
    }
  }
}

TEST_P(Attention, NanPropagatesToItsQueriesOnly) {
  const Case c{20, 20, 16, false, 0, 0, 1, 9};
  Operands o(c, Edge::end);
  o.q[7 * o.ld + 3] = std::nanf("");
  o.run(GetParam().fn);
  for (size_t query = 0; query < c.queries; ++query) {
    for (size_t i = 0; i < c.head_dim; ++i) EXPECT_EQ(std::isnan(o.out[query * o.ld + i]), query == 7);
  }
  Operands everywhere(c, Edge::end);
  everywhere.k[3 * everywhere.ld] = std::nanf("");
  everywhere.run(GetParam().fn);
  for (const float x : everywhere.out.span()) EXPECT_TRUE(std::isnan(x));
}

// Scores so far apart that all but one weight vanish: the output is that key's row of V.
TEST_P(Attention, SaturatesToOneKey) {
  const Case c{5, 33, 16, false, 0, 0, 1, 11};
  Operands o(c, Edge::end);
  std::fill(o.q.begin(), o.q.end(), 100.0F);
  std::fill(o.k.begin(), o.k.end(), -100.0F);
  for (size_t i = 0; i < c.head_dim; ++i) o.k[20 * o.ld + i] = 100.0F;
  o.run(GetParam().fn);
  for (size_t query = 0; query < c.queries; ++query) {
    for (size_t i = 0; i < c.head_dim; ++i) EXPECT_EQ(o.out[query * o.ld + i], o.v[20 * o.ld + i]);
  }
}

// Without tiles, which round the weights: TileAttention.
class AttentionBf16 : public ::testing::TestWithParam<kernels::Kernel<kernels::AttentionBf16Fn>> {};
std::vector<kernels::Kernel<kernels::AttentionBf16Fn>> without_tiles() {
  auto all = runnable(kernels::attention_bf16_kernels());
  std::erase_if(all, [](const auto& kernel) { return kernel.isa == Isa::amx; });
  return all;
}
INSTANTIATE_TEST_SUITE_P(Kernels, AttentionBf16, ::testing::ValuesIn(without_tiles()),
                         [](const auto& instance) { return std::string(instance.param.name); });

Guarded<uint16_t> rounded(Guarded<float>& values, Edge edge) {
  Guarded<uint16_t> bits(values.size(), edge);
  kernels::to_bf16(values.data(), values.size(), bits.data());
  kernels::from_bf16(bits.data(), bits.size(), values.data());
  return bits;
}

// The f32 kernel on the widened operands, its output rounded: bit for bit.
TEST_P(AttentionBf16, IsTheRoundedF32Attention) {
  for (const Case& c : tails()) {
    for (const Edge edge : kEdges) {
      SCOPED_TRACE(describe(c));
      Operands o(c, edge);
      Guarded<uint16_t> q = rounded(o.q, edge), k = rounded(o.k, edge), v = rounded(o.v, edge);
      Guarded<uint16_t> out(o.out.size(), edge);
      GetParam().fn(o.with(q.data(), k.data(), v.data(), out.data()));
      ASSERT_TRUE(out.intact() && o.scratch.intact());
      o.run(kernels::select_kernels(GetParam().isa).attention_f32);
      for (size_t row = 0; row < c.queries; ++row) {
        for (size_t i = row * o.ld; i < row * o.ld + c.head_dim; ++i) {
          ASSERT_EQ(out[i], kernels::to_bf16(o.out[i])) << "query " << row;
        }
      }
    }
  }
}

// Tiles: this CPU's, and the same source on emulated ones.
void on_emulated_tiles(const kernels::AttentionBf16Args& args) noexcept {
  kernels::attention_tiles<kernels::EmulatedTiles, kernels::PlainPairs>(args);
}
using Bf16Kernel = kernels::Kernel<kernels::AttentionBf16Fn>;
std::vector<Bf16Kernel> on_tiles() {
  std::vector<Bf16Kernel> all = {{"attention_bf16_amx_emulated", Isa::portable, &on_emulated_tiles}};
  for (const Bf16Kernel& kernel : kernels::attention_bf16_kernels()) {
    if (kernel.isa == Isa::amx) all.push_back(kernel);
  }
  return all;
}

class TileAttention : public ::testing::TestWithParam<Bf16Kernel> {
 protected:
  void SetUp() override {
    if (!cpu_has(GetParam().isa)) GTEST_SKIP() << "this CPU lacks " << to_string(GetParam().isa);
    std::printf("[ tiles    ] %s\n", GetParam().isa == Isa::amx ? "tiles of this CPU" : "emulated tiles");
  }
  // Queries [from, from + count) of o, whose q, k and v are rounded in place.
  static void run(Operands& o, Edge edge, Guarded<uint16_t>& out, size_t from, size_t count) {
    const Guarded<uint16_t> q = rounded(o.q, edge), k = rounded(o.k, edge), v = rounded(o.v, edge);
    kernels::AttentionBf16Args args;
    args.queries = count;
    args.keys = o.shape.keys;
    args.head_dim = o.shape.head_dim;
    args.q = q.data() + from * o.ld;
    args.k = k.data();
    args.v = v.data();
    args.ldq = args.ldkv = args.ldo = o.ld;
    args.out = out.data() + from * o.ld;
    args.scale = o.scale();
    args.causal = o.shape.causal;
    args.first_query = o.shape.first_query + from;
    args.scratch = o.scratch.data();
    GetParam().fn(args);
  }
};

TEST_P(TileAttention, MatchesFp64AtEveryTail) {
  for (const Case& c : tails()) {
    for (const Edge edge : kEdges) {
      SCOPED_TRACE(describe(c));
      Operands o(c, edge);
      Guarded<uint16_t> out(o.out.size(), edge);
      std::fill(out.begin(), out.end(), uint16_t{0xC0E0});  // -7
      run(o, edge, out, 0, c.queries);
      ASSERT_TRUE(out.intact() && o.scratch.intact());
      for (size_t query = 0; query < c.queries; ++query) {
        const std::vector<Expected> want = reference(o, query);
        double largest = 0;
        for (size_t j = 0; j < o.visible(query); ++j) {
          for (size_t i = 0; i < c.head_dim; ++i)
            largest = std::max(largest, std::fabs(double{o.v[j * o.ld + i]}));
        }
        for (size_t i = 0; i < c.head_dim; ++i) {
          // Each weight and the output are rounded to 8 bits; a weight's share of the sum with it.
          const double bound = want[i].bound + 0x1p-8 * largest + 0x1p-8 * std::fabs(want[i].value);
          ASSERT_NEAR(kernels::from_bf16(out[query * o.ld + i]), want[i].value, bound) << query << "," << i;
        }
        for (size_t i = c.head_dim; i < o.ld && query + 1 < c.queries; ++i)
          ASSERT_EQ(out[query * o.ld + i], 0xC0E0) << "written between the rows, query " << query;
      }
    }
  }
}

TEST_P(TileAttention, SameBitsForEverySplitOfTheQueries) {
  for (const bool causal : {false, true}) {
    const Case c{77, 77, 40, causal, 0, 3, 3, 77};
    Operands o(c, Edge::end);
    Guarded<uint16_t> whole(o.out.size());
    run(o, Edge::end, whole, 0, c.queries);
    for (const size_t step : {1U, 2U, 5U, 16U, 17U, 32U, 33U}) {
      Guarded<uint16_t> parts(o.out.size());
      for (size_t from = 0; from < c.queries; from += step)
        run(o, Edge::end, parts, from, std::min(step, c.queries - from));
      EXPECT_EQ(std::memcmp(whole.data(), parts.data(), whole.size() * sizeof(uint16_t)), 0)
          << "step " << step;
    }
  }
}

// Scores so far apart that all but one weight vanish: the output is that key's row of V.
TEST_P(TileAttention, SaturatesToOneKey) {
  const Case c{5, 33, 32, false, 0, 0, 1, 11};
  Operands o(c, Edge::end);
  std::fill(o.q.begin(), o.q.end(), 100.0F);
  std::fill(o.k.begin(), o.k.end(), -100.0F);
  for (size_t i = 0; i < c.head_dim; ++i) o.k[20 * o.ld + i] = 100.0F;
  Guarded<uint16_t> out(o.out.size());
  run(o, Edge::end, out, 0, c.queries);
  for (size_t query = 0; query < c.queries; ++query) {
    for (size_t i = 0; i < c.head_dim; ++i)
      EXPECT_EQ(kernels::from_bf16(out[query * o.ld + i]), o.v[20 * o.ld + i]);
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, TileAttention, ::testing::ValuesIn(on_tiles()),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(AttentionBits, AgreeAcrossInstructionSets) {
  const auto all = fused(kernels::attention_f32_kernels());
  for (const Case& c : tails()) {
    SCOPED_TRACE(describe(c));
    for (size_t i = 1; i < all.size(); ++i) {
      Operands first(c, Edge::end), other(c, Edge::end);
      first.run(all[0].fn);
      other.run(all[i].fn);
      ASSERT_TRUE(same_bits(first.out.span(), other.out.span())) << all[0].name << " against " << all[i].name;
    }
  }
}

// The kernels of int8 files, and the tiles' own source on emulated tiles: all the same bits.
TEST(AttentionBits, OfInt8FilesAgreeWithTilesAndAcrossInstructionSets) {
  auto all = fused(kernels::attention_i8_kernels());
  all.insert(all.begin(), {"emulated tiles", Isa::portable, &on_emulated_tiles});
  std::vector<Case> cases = tails();
  cases.push_back({70, 70, 64, true, 0, 0, 2, 90});
  cases.push_back({33, 100, 64, true, 67, 0, 2, 91});
  cases.push_back({197, 197, 64, false, 0, 1, 2, 92});
  for (const float range : {1e-3F, 1e-16F, 1e-19F, 1e18F})
    cases.push_back({20, 37, 40, false, 0, 0, range, 93});
  for (const Case& c : cases) {
    SCOPED_TRACE(describe(c));
    std::vector<uint16_t> first;
    for (const Bf16Kernel& kernel : all) {
      if (!cpu_has(kernel.isa)) continue;
      Operands o(c, Edge::end);
      // Among them what tiles flush, and what they would not: both count as zero.
      for (size_t i = 0; i < o.k.size(); i += 7) o.k[i] = o.v[i] = i % 2 == 0 ? 1e-39F : -0x1.8p-57F;
      const Guarded<uint16_t> q = rounded(o.q, Edge::end), k = rounded(o.k, Edge::end),
                              v = rounded(o.v, Edge::end);
      Guarded<uint16_t> out(o.out.size());
      std::fill(out.begin(), out.end(), uint16_t{0});
      kernel.fn(o.with(q.data(), k.data(), v.data(), out.data()));
      ASSERT_TRUE(out.intact() && o.scratch.intact()) << kernel.name;
      const std::vector<uint16_t> bits(out.begin(), out.end());
      if (first.empty()) first = bits;
      ASSERT_EQ(first, bits) << kernel.name;
    }
  }
}

}  // namespace
}  // namespace simdclip::test
