#include "base/peak.h"

#include <gtest/gtest.h>

namespace simdclip {
namespace {

constexpr Isa kAllIsas[] = {Isa::portable,    Isa::avx2,        Isa::avx512,
                            Isa::avx512_vnni, Isa::avx512_bf16, Isa::amx};

TEST(Peak, IsMeasuredForEveryArithmeticThatThisCpuHas) {
  for (const Isa isa : kAllIsas) {
    for (const Arithmetic arithmetic : {Arithmetic::f32, Arithmetic::bf16, Arithmetic::int8}) {
      const double peak = measured_peak(isa, arithmetic, 1);
      if (cpu_has(isa)) {
        EXPECT_GT(peak, 0) << to_string(isa);
      } else {
        EXPECT_EQ(peak, 0) << to_string(isa);
      }
    }
  }
}

// Far from noise: a tile of bytes is 8 to 32 times f32, a register of bytes 4 times.
TEST(Peak, NarrowArithmeticIsFasterWhereTheCpuHasItsInstructions) {
  for (const Isa isa : {Isa::avx512_vnni, Isa::amx}) {
    if (!cpu_has(isa)) continue;
    EXPECT_GT(measured_peak(isa, Arithmetic::int8, 1), 1.5 * measured_peak(isa, Arithmetic::f32, 1))
        << to_string(isa);
  }
}

TEST(Peak, OfNoThreadsIsZero) {
  EXPECT_EQ(measured_peak(Isa::portable, Arithmetic::f32, 0), 0);
  EXPECT_EQ(measured_bandwidth(0), 0);
}

TEST(Peak, MemoryIsReadAtAPlausibleRate) {
  for (const unsigned threads : {1U, 3U}) {  // three do not divide the memory evenly
    const double gigabytes = measured_bandwidth(threads);
    EXPECT_GT(gigabytes, 0.05) << threads;
    EXPECT_LT(gigabytes, 5000) << threads;
  }
}

}  // namespace
}  // namespace simdclip
