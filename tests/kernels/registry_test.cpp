#include <gmock/gmock.h>

#include <cstdlib>

#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

struct Entry {
  std::string op, kernel;
  Isa isa;
};

// Every line of registry.def, whatever its function type.
std::vector<Entry> entries() {
  std::vector<Entry> all;
#define OP(op, Fn) \
  for (const auto& kernel : kernels::op##_kernels()) all.push_back({#op, kernel.name, kernel.isa});
#define KERNEL(op, isa, function)
#define END_OP(op)
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP
  return all;
}

// The name of the kernel that a selection holds for each operation.
std::vector<Entry> chosen(Isa isa, const CpuModel& cpu = cpu_model()) {
  const kernels::Kernels& selected = kernels::select_kernels(isa, cpu);
  std::vector<Entry> all;
#define OP(op, Fn)                                                               \
  for (const auto& kernel : kernels::op##_kernels()) {                           \
    if (kernel.fn == selected.op) all.push_back({#op, kernel.name, kernel.isa}); \
  }
#define KERNEL(op, isa, function)
#define END_OP(op)
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP
  return all;
}

constexpr Isa kAllIsas[] = {Isa::portable,    Isa::avx2,        Isa::avx512,
                            Isa::avx512_vnni, Isa::avx512_bf16, Isa::amx};

TEST(Registry, NamesStateTheirOperationAndInstructionSet) {
  for (const Entry& e : entries()) {
    EXPECT_THAT(e.kernel, ::testing::StartsWith(e.op));
    std::string suffix("_");
    suffix += to_string(e.isa);
    EXPECT_THAT(e.kernel, ::testing::EndsWith(suffix));
  }
}

TEST(Registry, EveryOperationBeginsWithAPortableKernel) {
  std::string last;
  Isa before = Isa::portable;
  for (const Entry& e : entries()) {
    if (e.op != last) {
      EXPECT_EQ(e.isa, Isa::portable) << e.op;
    } else {
      EXPECT_GE(e.isa, before) << e.kernel << " stands before a lesser instruction set";
    }
    last = e.op;
    before = e.isa;
  }
}

constexpr CpuModel kZen4{CpuVendor::amd, 0x19, 0x11, 1}, kGraniteRapids{CpuVendor::intel, 6, 173, 1};

// Selection takes the instruction set and the CPU as arguments: tested without the hardware.
TEST(Registry, SelectsTheBestKernelWithinTheInstructionSet) {
  for (const CpuModel& cpu : {kZen4, kGraniteRapids}) {
    for (const Isa isa : kAllIsas) {
      EXPECT_EQ(kernels::select_kernels(isa, cpu).isa, isa);
      for (const Entry& pick : chosen(isa, cpu)) {
        EXPECT_LE(pick.isa, isa) << pick.kernel;
        for (const Entry& e : entries()) {
          if (e.op != pick.op || e.isa > isa) continue;
          if (e.isa == Isa::avx512_bf16 && cpu.vendor == CpuVendor::intel) continue;
          EXPECT_LE(e.isa, pick.isa) << pick.kernel << " instead of " << e.kernel;
        }
      }
    }
  }
}

TEST(Registry, PairsOfBf16AreMultipliedWhereThatIsFasterThanF32) {
  const auto bf16 = [](Isa isa, const CpuModel& cpu) {
    for (const Entry& pick : chosen(isa, cpu)) {
      if (pick.op == "gemm_bf16") return pick.kernel;
    }
    return std::string();
  };
#if defined(__x86_64__)
  EXPECT_EQ(bf16(Isa::avx512_bf16, kZen4), "gemm_bf16_14x32_avx512_bf16");
  EXPECT_EQ(bf16(Isa::avx512_bf16, kGraniteRapids), "gemm_bf16_14x32_avx512");
  EXPECT_EQ(bf16(Isa::amx, kGraniteRapids), "gemm_bf16_32x32_amx");
#else
  EXPECT_EQ(bf16(Isa::amx, kZen4), "gemm_bf16_portable");
#endif
}

TEST(Registry, SelectionIsCompleteAndLasting) {
  for (const Isa isa : kAllIsas) {
    size_t operations = 0;
#define OP(op, Fn) ++operations;
#define KERNEL(op, isa, function)
#define END_OP(op)
#include "kernels/registry.def"
#undef OP
#undef KERNEL
#undef END_OP
    EXPECT_EQ(chosen(isa).size(), operations) << to_string(isa);
    EXPECT_EQ(&kernels::select_kernels(isa), &kernels::select_kernels(isa));
  }
}

class ForcedIsa : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const char* value = std::getenv("SIMDCLIP_ISA")) before_ = value;
  }
  void TearDown() override {
    if (before_.empty()) {
      unsetenv("SIMDCLIP_ISA");
    } else {
      setenv("SIMDCLIP_ISA", before_.c_str(), 1);
    }
  }
  std::string before_;
};

// A forced set takes effect: the kernels that it selects are other functions, and run.
TEST_F(ForcedIsa, TakesEffect) {
  for (const Isa isa : cpu_isas()) {
    setenv("SIMDCLIP_ISA", std::string(to_string(isa)).c_str(), 1);
    ASSERT_EQ(default_isa(), isa);
    const kernels::Kernels& selected = kernels::select_kernels(default_isa());
    EXPECT_EQ(selected.isa, isa);
    size_t own = 0;  // operations that have a kernel of exactly this set use it
    for (const Entry& pick : chosen(isa)) {
      for (const Entry& e : entries()) {
        if (e.isa == Isa::avx512_bf16 && !kernels::fast_vdpbf16ps(cpu_model())) continue;
        if (e.op == pick.op && e.isa == isa) {
          EXPECT_EQ(pick.isa, isa) << pick.kernel;
          ++own;
        }
      }
    }
    const size_t least = isa <= Isa::avx512 ? 7 : 0;
    EXPECT_GE(own, least) << to_string(isa);
    float x[3] = {-1, 0, 1};
    selected.activation_f32(kernels::Act::gelu, x, 3);
    EXPECT_NEAR(x[0], -0.158655254, 1e-7);
    EXPECT_NEAR(x[2], 0.841344746, 1e-7);
  }
}

TEST_F(ForcedIsa, RefusesWhatTheCpuLacks) {
  for (const Isa isa : kAllIsas) {
    if (cpu_has(isa)) continue;
    setenv("SIMDCLIP_ISA", std::string(to_string(isa)).c_str(), 1);
    EXPECT_THROW(default_isa(), std::exception) << to_string(isa);
  }
  setenv("SIMDCLIP_ISA", "avx3", 1);
  EXPECT_THROW(default_isa(), std::exception);
}

}  // namespace
}  // namespace simdclip::test
