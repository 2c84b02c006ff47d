// Every registered f32 GEMM, at every tail of its tiles, panels and K blocks, with operands against guard
// pages.
#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <thread>
#include <vector>

#include "kernels/gemm_cases.h"
#include "kernels/registry.h"

namespace simdclip::testing {
namespace {

using kernels::Act;
using kernels::GemmFn;

struct Param {
  kernels::Kernel<GemmFn> kernel;
  bool bf16_weights;
};

std::vector<Param> every_kernel() {
  std::vector<Param> params;
  for (const auto& kernel : kernels::gemm_f32_kernels()) params.push_back({kernel, false});
  for (const auto& kernel : kernels::gemm_bf16w_kernels()) params.push_back({kernel, true});
  return params;
}

#if defined(__aarch64__)
bool fused(Isa) { return true; }
#else
bool fused(Isa isa) { return isa != Isa::portable; }
#endif

class Gemm : public ::testing::TestWithParam<Param> {
 protected:
  void SetUp() override {
    if (!cpu_has(GetParam().kernel.isa))
      GTEST_SKIP() << "this CPU lacks " << to_string(GetParam().kernel.isa);
  }

  static GemmProblem problem(const GemmCase& c) { return {c, GetParam().bf16_weights}; }
  static std::vector<float> result(const GemmProblem& p, bool* intact = nullptr) {
    return run(GetParam().kernel.fn, p, intact);
  }

  // Within the fp64 bound everywhere, nothing written between the rows; without an activation and with relu
  // also the exact bits.
  static void check(const GemmCase& c) {
    SCOPED_TRACE(::testing::Message() << GetParam().kernel.name << " " << c);
    const GemmProblem p = problem(c);
    bool intact = false;
    const std::vector<float> out = result(p, &intact);
    EXPECT_TRUE(intact) << "wrote beyond N";
    for (size_t i = 0; i < c.m * c.n; ++i) {
      const auto [value, tolerance] = expected(p, i / c.n, i % c.n);
      ASSERT_NEAR(out[i], value, tolerance) << "at " << i / c.n << "," << i % c.n;
      if (c.act != Act::none && c.act != Act::relu) continue;
      const float bits = exact(p, i / c.n, i % c.n, fused(GetParam().kernel.isa));
      ASSERT_EQ(std::bit_cast<uint32_t>(out[i]), std::bit_cast<uint32_t>(bits))
          << "at " << i / c.n << "," << i % c.n;
    }
  }
};

TEST_P(Gemm, EveryTailOfM) {
  for (size_t m = 1; m <= 45; ++m) {
    for (const size_t n : {1, 16, 17, 33, 48}) check({.m = m, .n = n, .k = 37, .gap = m % 3, .seed = 11});
  }
}

TEST_P(Gemm, EveryTailOfN) {
  for (size_t n = 1; n <= 70; ++n) {
    for (const size_t m : {1, 5, 6, 14, 15})
      check({.m = m, .n = n, .k = 21, .gap = n % 2, .edge = Edge::begin, .seed = 12});
  }
}

TEST_P(Gemm, EveryTailOfKAndItsBlocks) {
  std::vector<size_t> depths = {63,  64,  65,  127, 128, 129, 255, 256, 257, 258,
                                259, 383, 384, 385, 511, 512, 513, 769, 1025};
  for (size_t k = 0; k <= 40; ++k) depths.push_back(k);
  for (const size_t k : depths) {
    for (const size_t m : {1, 13, 29}) {
      check({.m = m, .n = 35, .k = k, .residual = Residual::in_place, .gap = 5, .seed = 13});
    }
  }
}

TEST_P(Gemm, BlocksOfRows) {
  for (const size_t m : {95, 96, 97, 193, 223, 224, 225, 449, 800}) {
    check({.m = m, .n = 37, .k = 19, .residual = Residual::in_place, .seed = 14});
  }
}

// Many tiles take all of K as one block where it is short enough.
TEST_P(Gemm, ManyTilesAndAllOfK) {
  for (const size_t k : {257, 767, 768, 769}) {
    for (const size_t m : {98, 113}) check({.m = m, .n = 53, .k = k, .gap = 1, .seed = 19});
  }
}

TEST_P(Gemm, EveryEpilogue) {
  for (const Act act : {Act::none, Act::gelu, Act::gelu_tanh, Act::quick_gelu, Act::relu}) {
    for (const Residual residual : {Residual::none, Residual::apart, Residual::in_place}) {
      for (const bool bias : {false, true}) {
        for (const Edge edge : {Edge::end, Edge::begin}) {
          check({.m = 17,
                 .n = 53,
                 .k = 300,
                 .bias = bias,
                 .residual = residual,
                 .act = act,
                 .gap = 2,
                 .edge = edge,
                 .seed = 15});
        }
      }
    }
  }
}

TEST_P(Gemm, NoRowsAndNoColumns) {
  for (const auto& [m, n] : {std::pair<size_t, size_t>{0, 5}, {5, 0}, {0, 0}}) {
    SCOPED_TRACE(::testing::Message() << m << "x" << n);
    EXPECT_TRUE(result(problem({.m = m, .n = n, .k = 3})).empty());
  }
}

// A NaN or an infinity in a row of A, a row of B, the bias or the residual reaches exactly the outputs that
// depend on it.
TEST_P(Gemm, NanAndInfinityPropagate) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  for (const Act act : {Act::none, Act::gelu, Act::gelu_tanh, Act::quick_gelu, Act::relu}) {
    GemmProblem p = problem({.m = 19, .n = 40, .k = 30, .residual = Residual::apart, .act = act, .seed = 16});
    p.a[3 * 30 + 29] = nan;
    p.b[7 * 30 + 0] = nan;
    p.a[5 * 30 + 4] = infinity;
    p.b[33 * 30 + 4] = 0;  // infinity * 0
    p.bias[20] = nan;
    p.residual[18 * 40 + 39] = nan;
    const std::vector<float> out = result(p);
    for (size_t i = 0; i < 19; ++i) {
      for (size_t j = 0; j < 40; ++j) {
        SCOPED_TRACE(::testing::Message() << "act " << static_cast<int>(act) << " at " << i << "," << j);
        const bool is_nan = i == 3 || j == 7 || j == 20 || (i == 18 && j == 39) || (i == 5 && j == 33);
        const float value = out[i * 40 + j];
        if (i == 5 && !is_nan) {
          const bool positive = p.b[j * 30 + 4] > 0;
          if (positive)
            EXPECT_EQ(value, infinity);
          else if (act == Act::none)
            EXPECT_EQ(value, -infinity);
          else
            // The activations vanish at minus infinity; relu comes behind the residual.
            EXPECT_NEAR(value, act == Act::relu ? 0 : p.residual[i * 40 + j], 1e-6);
        } else {
          EXPECT_EQ(std::isnan(value), is_nan) << value;
        }
      }
    }
  }
}

// The caller may split rows anywhere and columns at panels: every part gives the bits of the whole.
TEST_P(Gemm, PartsHaveTheBitsOfTheWhole) {
  constexpr size_t kM = 61, kN = 112, kK = 290;
  const GemmProblem p = problem({.m = kM, .n = kN, .k = kK, .act = Act::gelu, .seed = 17});
  const std::vector<float> whole = result(p);
  const std::vector<unsigned char> packed = p.packed();
  for (const size_t rows : {1, 7, 14, 50}) {
    for (const size_t columns : {16, 32, 48, 64}) {
      std::vector<float> parts(kM * kN);
      for (size_t i = 0; i < kM; i += rows) {
        for (size_t j = 0; j < kN; j += columns) {
          const size_t panel = kernels::panel_bytes(kK, GetParam().bf16_weights ? 2 : 4);
          GetParam().kernel.fn({.m = std::min(rows, kM - i),
                                .n = std::min(columns, kN - j),
                                .k = kK,
                                .a = p.a.data() + i * kK,
                                .lda = kK,
                                .b = packed.data() + j / 16 * panel,
                                .c = parts.data() + i * kN + j,
                                .ldc = kN,
                                .bias = p.bias.data() + j,
                                .act = Act::gelu});
        }
      }
      EXPECT_EQ(std::memcmp(parts.data(), whole.data(), whole.size() * sizeof(float)), 0)
          << rows << "x" << columns;
    }
  }
}

std::string name_of(const ::testing::TestParamInfo<Param>& info) { return info.param.kernel.name; }
INSTANTIATE_TEST_SUITE_P(Kernels, Gemm, ::testing::ValuesIn(every_kernel()), name_of);

// Activations included, all instruction sets that fuse give the same bits.
TEST(GemmBits, EqualOnEveryInstructionSetWithFma) {
  for (const bool bf16 : {false, true}) {
    const auto registered = bf16 ? kernels::gemm_bf16w_kernels() : kernels::gemm_f32_kernels();
    std::vector<kernels::Kernel<GemmFn>> usable;
    for (const auto& kernel : registered) {
      if (fused(kernel.isa) && cpu_has(kernel.isa)) usable.push_back(kernel);
    }
    if (usable.size() < 2)
      GTEST_SKIP() << "this CPU has fewer than two instruction sets with fused multiply-add";
    for (const Act act : {Act::none, Act::gelu, Act::gelu_tanh, Act::quick_gelu, Act::relu}) {
      const GemmProblem p({.m = 50, .n = 200, .k = 768, .residual = Residual::apart, .act = act, .seed = 18},
                          bf16);
      const std::vector<float> first = run(usable.front().fn, p);
      for (const auto& kernel : usable) {
        const std::vector<float> out = run(kernel.fn, p);
        EXPECT_EQ(std::memcmp(out.data(), first.data(), first.size() * sizeof(float)), 0)
            << kernel.name << " against " << usable.front().name << ", act " << static_cast<int>(act);
      }
    }
  }
}

}  // namespace
}  // namespace simdclip::testing
