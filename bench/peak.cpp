#include "bench/peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace simdclip::bench {
namespace {

// A loop of independent multiply-adds, more than latency x ports; in assembly, so that nothing is moved,
// merged or removed and no file needs another instruction set's flags. Returns the operations done.
using Loop = double(long rounds);

#if defined(__x86_64__)
// clang-format off
#define SIMDCLIP_TIMES_10(OP) OP(0) OP(1) OP(2) OP(3) OP(4) OP(5) OP(6) OP(7) OP(8) OP(9)
#define SIMDCLIP_TIMES_24(OP) SIMDCLIP_TIMES_10(OP) OP(10) OP(11) OP(12) OP(13) OP(14) OP(15) OP(16) OP(17) OP(18) OP(19) \
                              OP(20) OP(21) OP(22) OP(23)
#define SIMDCLIP_YMM(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n\t"
#define SIMDCLIP_ZMM_CLEAR(i) "vpxord %%zmm" #i ", %%zmm" #i ", %%zmm" #i "\n\t"
#define SIMDCLIP_ZMM_F32(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define SIMDCLIP_ZMM_BF16(i) "vdpbf16ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define SIMDCLIP_ZMM_INT8(i) "vpdpbusd %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define SIMDCLIP_LOOP(body) "1:\n\t" body "dec %0\n\t" "jnz 1b\n\t" "vzeroupper\n\t"
#define SIMDCLIP_LOW "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
                     "xmm13", "xmm14", "xmm15"
#define SIMDCLIP_HIGH "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm30", "xmm31"
// clang-format on

double f32_avx2(long rounds) {
  const double operations = 10.0 * 8 * 2 * static_cast<double>(rounds);
  asm volatile("vzeroall\n\t" SIMDCLIP_LOOP(SIMDCLIP_TIMES_10(SIMDCLIP_YMM))
               : "+r"(rounds)
               :
               : SIMDCLIP_LOW, "cc");
  return operations;
}

#define SIMDCLIP_ZMM_PEAK(name, op, per_lane)                                                        \
  __attribute__((target("avx512f"))) double name(long rounds) {                                      \
    const double operations = 24.0 * 16 * 2 * (per_lane) * static_cast<double>(rounds);              \
    asm volatile(SIMDCLIP_TIMES_24(SIMDCLIP_ZMM_CLEAR) SIMDCLIP_ZMM_CLEAR(30) SIMDCLIP_ZMM_CLEAR(31) \
                     SIMDCLIP_LOOP(SIMDCLIP_TIMES_24(op))                                            \
                 : "+r"(rounds)                                                                      \
                 :                                                                                   \
                 : SIMDCLIP_LOW, SIMDCLIP_HIGH, "cc");                                               \
    return operations;                                                                               \
  }
SIMDCLIP_ZMM_PEAK(f32_avx512, SIMDCLIP_ZMM_F32, 1)
SIMDCLIP_ZMM_PEAK(bf16_avx512, SIMDCLIP_ZMM_BF16, 2)
SIMDCLIP_ZMM_PEAK(int8_avx512, SIMDCLIP_ZMM_INT8, 4)

Loop* loop_of(Isa isa, Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::f32: return isa >= Isa::avx512 ? &f32_avx512 : isa == Isa::avx2 ? &f32_avx2 : nullptr;
    case Arithmetic::bf16: return isa == Isa::avx512_bf16 ? &bf16_avx512 : nullptr;
    case Arithmetic::int8: return isa == Isa::avx512_vnni ? &int8_avx512 : nullptr;
  }
  return nullptr;
}
#else
Loop* loop_of(Isa, Arithmetic) { return nullptr; }
#endif

}  // namespace

double measured_peak(Isa isa, Arithmetic arithmetic, unsigned threads) {
  Loop* const loop = cpu_has(isa) ? loop_of(isa, arithmetic) : nullptr;
  if (loop == nullptr) return 0;
  constexpr int kRuns = 12;
  constexpr long kRounds = 150'000;
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::atomic<unsigned> ready{0};
    std::vector<double> rates(threads);
    const auto measure = [&](unsigned thread) {
      ready.fetch_add(1);
      while (ready.load() < threads) std::this_thread::yield();
      const auto begin = std::chrono::steady_clock::now();
      const double operations = loop(kRounds);
      rates[thread] =
          operations / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    };
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i) others.emplace_back(measure, i);
    measure(0);
    double sum = 0;
    for (std::thread& other : others) other.join();
    for (const double rate : rates) sum += rate;
    best = std::max(best, sum);
  }
  return best * 1e-9;
}

}  // namespace simdclip::bench
