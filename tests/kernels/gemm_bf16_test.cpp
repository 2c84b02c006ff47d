// Every registered bf16 GEMM, and the AMX one's source on emulated tiles, against fp64 at every tail, and
// against each other bit for bit where gemm_bf16.h says so.
#include "kernels/gemm/gemm_bf16.h"

#include <array>
#include <bit>
#include <random>
#include <string>
#include <vector>

#include "kernels/common/vec_portable.h"
#define SIMDCLIP_FINISH_ROW __attribute__((noinline))
#include "kernels/gemm/gemm_tiles.inl"
#include "kernels/gemm_cases.h"
#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

using kernels::Act;
using kernels::GemmBf16Args;
using testing::GemmCase;
using testing::GemmProblem;
using testing::Residual;
using Bf16Kernel = kernels::Kernel<kernels::GemmBf16Fn>;

void on_emulated_tiles(const GemmBf16Args& args) noexcept {
  kernels::gemm_tiles<kernels::EmulatedTiles>(args);
}

std::vector<Bf16Kernel> every_kernel() {
  const auto registered = kernels::gemm_bf16_kernels();
  std::vector<Bf16Kernel> all(registered.begin(), registered.end());
  all.push_back({"gemm_bf16_32x32_amx_emulated", Isa::portable, &on_emulated_tiles});
  return all;
}

// A problem of gemm_cases.h whose A is rounded to bf16.
GemmProblem problem(const GemmCase& c) {
  GemmProblem p(c, true);
  for (float& x : p.a) x = kernels::from_bf16(kernels::to_bf16(x));
  return p;
}

// C, or (narrow) C's bf16 widened; narrow_residual: the residual is given as bf16. Every operand lies at a
// guard page; A's rows end with the zeros they owe.
std::vector<float> run(kernels::GemmBf16Fn* kernel, const GemmProblem& p, bool narrow = false,
                       bool narrow_residual = false) {
  const GemmCase& c = p.shape;
  const size_t lda = (c.k + 31) / 32 * 32 + c.gap * 32;
  std::vector<uint16_t> rows(c.m * lda);
  for (size_t i = 0; i < c.m; ++i) {
    for (size_t k = 0; k < c.k; ++k) rows[i * lda + k] = kernels::to_bf16(p.a[i * c.k + k]);
    for (size_t k = (c.k + 31) / 32 * 32; k < lda; ++k) rows[i * lda + k] = 0x7FC1;  // NaN: not to be read
  }
  const std::vector<unsigned char> packed = p.packed();
  const Guarded<uint16_t> a(rows, c.edge);
  const Guarded<unsigned char> b(packed, c.edge);
  const Guarded<float> bias(std::span<const float>(p.bias), c.edge);
  const Guarded<float> residual(std::span<const float>(p.residual), c.edge);
  Guarded<float> out(p.residual, c.edge);
  Guarded<uint16_t> out16(c.m * c.n, c.edge);
  GemmBf16Args args{.m = c.m,
                    .n = c.n,
                    .k = c.k,
                    .a = a.data(),
                    .lda = lda,
                    .b = b.data(),
                    .c = narrow ? nullptr : out.data(),
                    .c_bf16 = narrow ? out16.data() : nullptr,
                    .ldc = c.n,
                    .bias = c.bias ? bias.data() : nullptr,
                    .act = c.act};
  if (c.residual != Residual::none) {
    args.residual = c.residual == Residual::in_place && !narrow ? out.data() : residual.data();
    args.ldr = c.n;
  }
  Guarded<uint16_t> residual16(c.m * c.n, c.edge);
  if (narrow_residual) {
    const bool in_place = narrow && c.residual == Residual::in_place;
    uint16_t* const room = in_place ? out16.data() : residual16.data();
    kernels::to_bf16(p.residual.data(), p.residual.size(), room);
    args.residual = nullptr;
    args.residual_bf16 = room;
  }
  kernel(args);
  EXPECT_TRUE(out.intact() && out16.intact() && residual16.intact());
  if (!narrow) return {out.begin(), out.end()};
  std::vector<float> wide(c.m * c.n);
  kernels::from_bf16(out16.data(), out16.size(), wide.data());
  return wide;
}

class GemmBf16 : public ::testing::TestWithParam<Bf16Kernel> {
 protected:
  void SetUp() override {
    if (!cpu_has(GetParam().isa)) GTEST_SKIP() << "this CPU lacks " << to_string(GetParam().isa);
    const std::string name = GetParam().name;
    if (name.find("amx") == std::string::npos) return;
    const char* const tiles = name.ends_with("emulated") ? "emulated tiles" : "tiles of this CPU";
    RecordProperty("tiles", tiles);
    std::printf("[ tiles    ] %s\n", tiles);
  }
  static void check(const GemmCase& c) {
    SCOPED_TRACE(::testing::Message() << GetParam().name << " " << c);
    const GemmProblem p = problem(c);
    const std::vector<float> out = run(GetParam().fn, p);
    for (size_t i = 0; i < c.m; ++i) {
      for (size_t j = 0; j < c.n; ++j) {
        const auto want = testing::expected(p, i, j);
        // Two chains and their sum round as often as one chain; the bound of the sum is doubled by none of
        // them.
        ASSERT_NEAR(static_cast<double>(out[i * c.n + j]), want.value, want.tolerance) << i << "," << j;
      }
    }
  }
};

TEST_P(GemmBf16, EveryTailOfM) {
  for (size_t m = 0; m <= 70; ++m) {
    for (const size_t n : {1, 17, 48}) check({m, n, 21});
  }
}

TEST_P(GemmBf16, EveryTailOfN) {
  for (size_t n = 0; n <= 70; ++n) {
    for (const size_t m : {1, 15, 33}) check({.m = m, .n = n, .k = 35, .edge = Edge::begin});
  }
}

TEST_P(GemmBf16, EveryTailOfKAndItsBlocks) {
  std::vector<size_t> depths = {127, 128, 129, 255, 256, 257, 511, 512, 513, 514, 1025, 2049};
  for (size_t k = 0; k <= 70; ++k) depths.push_back(k);
  for (const size_t k : depths) {
    for (const size_t m : {1, 29}) check({.m = m, .n = 35, .k = k, .residual = Residual::in_place});
  }
}

TEST_P(GemmBf16, BlocksOfRows) {
  for (const size_t m : {63, 64, 65, 223, 224, 225, 500})
    check({.m = m, .n = 37, .k = 19, .bias = false, .gap = 1});
  check({.m = 150, .n = 33, .k = 8192});  // A beyond L2
}

TEST_P(GemmBf16, EveryEpilogue) {
  for (const Act act : {Act::none, Act::gelu, Act::gelu_tanh, Act::quick_gelu, Act::relu}) {
    for (const bool bias : {false, true}) {
      for (const Residual residual : {Residual::none, Residual::apart, Residual::in_place}) {
        check({.m = 41, .n = 45, .k = 99, .bias = bias, .residual = residual, .act = act});
      }
    }
  }
}

TEST_P(GemmBf16, NarrowOutputIsTheRoundedOne) {
  for (const Act act : {Act::none, Act::quick_gelu, Act::relu}) {
    for (const Residual residual : {Residual::none, Residual::apart}) {
      const GemmProblem p = problem({.m = 37, .n = 75, .k = 200, .residual = residual, .act = act});
      std::vector<float> wide = run(GetParam().fn, p);
      for (float& x : wide) x = kernels::from_bf16(kernels::to_bf16(x));
      EXPECT_TRUE(same_bits(wide, run(GetParam().fn, p, true)));
    }
  }
}

// A residual of bf16 is the one of its widened values.
TEST_P(GemmBf16, NarrowResidualIsTheWidenedOne) {
  for (const Act act : {Act::none, Act::gelu, Act::relu}) {
    for (const auto& [m, n, k] :
         {std::array<size_t, 3>{37, 75, 200}, {64, 64, 64}, {5, 16, 640}, {33, 47, 2048}}) {
      for (const Residual residual : {Residual::apart, Residual::in_place}) {
        GemmProblem p = problem({.m = m, .n = n, .k = k, .residual = residual, .act = act});
        for (float& x : p.residual) x = kernels::from_bf16(kernels::to_bf16(x));
        for (const bool narrow : {false, true}) {
          EXPECT_TRUE(same_bits(run(GetParam().fn, p, narrow), run(GetParam().fn, p, narrow, true)))
              << m << "x" << n << "x" << k;
        }
      }
    }
  }
}

// A row has the same bits whatever stands beside it, and a range of columns the same as all of them.
TEST_P(GemmBf16, PartsHaveTheBitsOfTheWhole) {
  const GemmProblem p = problem({.m = 71, .n = 96, .k = 333});
  const std::vector<float> all = run(GetParam().fn, p);
  for (const auto& [first, count] : {std::pair<size_t, size_t>{0, 1}, {5, 40}, {70, 1}, {31, 33}}) {
    GemmProblem part = p;
    part.shape.m = count;
    part.a.assign(p.a.begin() + static_cast<long>(first * 333),
                  p.a.begin() + static_cast<long>((first + count) * 333));
    part.residual.resize(count * 96);
    const std::vector<float> out = run(GetParam().fn, part);
    EXPECT_TRUE(same_bits(out, std::span(all).subspan(first * 96, count * 96))) << first << " + " << count;
  }
  GemmProblem part = p;
  part.shape.n = 32;
  part.b.assign(p.b.begin() + 32 * 333, p.b.begin() + 64 * 333);
  part.bias.assign(p.bias.begin() + 32, p.bias.begin() + 64);
  part.residual.resize(71 * 32);
  const std::vector<float> out = run(GetParam().fn, part);
  for (size_t i = 0; i < 71; ++i)
    ASSERT_TRUE(same_bits(std::span(out).subspan(i * 32, 32), std::span(all).subspan(i * 96 + 32, 32))) << i;
}

std::string name_of(const ::testing::TestParamInfo<Bf16Kernel>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Kernels, GemmBf16, ::testing::ValuesIn(every_kernel()), name_of);

// The widening kernels are gemm_bf16w on widened rows.
TEST(GemmBf16Bits, WideningIsF32Arithmetic) {
  const GemmProblem p =
      problem({.m = 50, .n = 200, .k = 768, .residual = Residual::in_place, .act = Act::gelu});
  for (const auto& kernel : kernels::gemm_bf16_kernels()) {
    if (!cpu_has(kernel.isa) || kernel.isa > Isa::avx512) continue;
    for (const auto& wide : kernels::gemm_bf16w_kernels()) {
      if (wide.isa != kernel.isa) continue;
      EXPECT_TRUE(same_bits(testing::run(wide.fn, p), run(kernel.fn, p))) << kernel.name;
    }
  }
}

// Values of every kind: denormals, sums that cancel, sums at the edge of the denormals, infinities.
std::vector<float> odd_values(std::mt19937& random, size_t count) {
  std::vector<float> v(count);
  for (float& x : v) {
    const auto bits = static_cast<uint32_t>(random());
    switch (random() % 8) {
      case 0: x = std::bit_cast<float>((bits & 0x807F0000U)); break;                // denormal
      case 1: x = std::bit_cast<float>((bits & 0x80FF0000U) | 0x20000000U); break;  // products near 2^-126
      case 2: x = (bits & 1U) != 0 ? 1.0F : -1.0F; break;
      case 3: x = std::bit_cast<float>((bits & 0x807F0000U) | 0x7E800000U); break;  // products overflow
      default: x = std::bit_cast<float>((bits & 0x81FF0000U) | 0x3F000000U);
    }
  }
  return v;
}

bool same_numbers(std::span<const float> a, std::span<const float> b) {
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isnan(a[i]) && std::isnan(b[i])) continue;
    if (std::bit_cast<uint32_t>(a[i]) != std::bit_cast<uint32_t>(b[i])) return false;
  }
  return a.size() == b.size();
}

// The emulation is exact: it gives the bits of the hardware, for plain values and for odd ones.
TEST(GemmBf16Bits, EmulatedTilesAreTheHardware) {
  if (!cpu_has(Isa::amx)) GTEST_SKIP() << "this CPU lacks amx";
  kernels::GemmBf16Fn* const hardware = kernels::gemm_bf16_kernels().back().fn;
  for (const size_t k : {31U, 64U, 333U, 768U}) {
    const GemmProblem p = problem({.m = 50, .n = 75, .k = k, .residual = Residual::in_place});
    EXPECT_TRUE(same_bits(run(hardware, p), run(&on_emulated_tiles, p))) << k;
  }
  std::mt19937 random(1);
  for (int round = 0; round < 60; ++round) {
    GemmProblem p = problem({.m = 32, .n = 32, .k = static_cast<size_t>(round) % 3 * 31 + 2, .bias = false});
    p.a = odd_values(random, p.a.size());
    p.b = odd_values(random, p.b.size());
    EXPECT_TRUE(same_numbers(run(hardware, p), run(&on_emulated_tiles, p))) << round;
  }
}

// C = bias in bf16: denormals are rounded like any number, whichever instruction does it.
TEST(GemmBf16Bits, DenormalsOfCAreRounded) {
  std::mt19937 random(2);
  for (const Bf16Kernel& kernel : every_kernel()) {
    if (!cpu_has(kernel.isa)) continue;
    GemmProblem p = problem({.m = 32, .n = 320, .k = 64, .residual = Residual::none});
    std::fill(p.a.begin(), p.a.end(), 0.0F);
    p.bias = odd_values(random, p.bias.size());
    for (size_t i = 0; i < p.bias.size(); i += 3)
      p.bias[i] = std::bit_cast<float>(static_cast<uint32_t>(random()) & 0x807FFFFFU);
    std::fill_n(p.bias.begin(), 32, 1.2345678F);              // and columns without any
    std::replace(p.bias.begin(), p.bias.end(), -0.0F, 0.0F);  // a sum of +0 and -0 is +0
    std::vector<float> rounded;
    for (size_t i = 0; i < 32 * p.bias.size(); ++i)
      rounded.push_back(kernels::from_bf16(kernels::to_bf16(p.bias[i % p.bias.size()])));
    EXPECT_TRUE(same_numbers(run(kernel.fn, p, true), rounded)) << kernel.name;
  }
}

}  // namespace
}  // namespace simdclip::test
