#include "base/peak.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <span>
#include <thread>
#include <vector>

namespace simdclip {
namespace {

// A loop of independent multiply-adds, more than latency x ports; in assembly, so that nothing is moved,
// merged or removed and no file needs another instruction set's flags. Returns the operations done in
// `cycles` clock cycles or so.
using Loop = double(long cycles);

struct Way {
  Isa isa;
  Arithmetic arithmetic;
  Loop* loop;
};

// clang-format off
#define SIMDCLIP_TIMES_10(OP) OP(0) OP(1) OP(2) OP(3) OP(4) OP(5) OP(6) OP(7) OP(8) OP(9)
#define SIMDCLIP_TIMES_24(OP) SIMDCLIP_TIMES_10(OP) OP(10) OP(11) OP(12) OP(13) OP(14) OP(15) OP(16) OP(17) OP(18) OP(19) \
                              OP(20) OP(21) OP(22) OP(23)
// clang-format on

#if defined(__x86_64__)
// clang-format off
#define SIMDCLIP_XMM_F32(i) "movaps %%xmm15, %%xmm14\n\t" "mulps %%xmm15, %%xmm14\n\t" "addps %%xmm14, %%xmm" #i "\n\t"
#define SIMDCLIP_YMM_F32(i) "vfmadd231ps %%ymm14, %%ymm15, %%ymm" #i "\n\t"
#define SIMDCLIP_YMM_INT8(i) "vpmaddubsw %%ymm14, %%ymm15, %%ymm13\n\t" "vpmaddwd %%ymm13, %%ymm15, %%ymm13\n\t" \
                             "vpaddd %%ymm13, %%ymm" #i ", %%ymm" #i "\n\t"
#define SIMDCLIP_ZMM_CLEAR(i) "vpxord %%zmm" #i ", %%zmm" #i ", %%zmm" #i "\n\t"
#define SIMDCLIP_ZMM_F32(i) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define SIMDCLIP_ZMM_BF16(i) "vdpbf16ps %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define SIMDCLIP_ZMM_INT8(i) "vpdpbusd %%zmm30, %%zmm31, %%zmm" #i "\n\t"
#define SIMDCLIP_LOOP(body) "1:\n\t" body "dec %0\n\t" "jnz 1b\n\t"
#define SIMDCLIP_LOW "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
                     "xmm13", "xmm14", "xmm15"
#define SIMDCLIP_HIGH "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm30", "xmm31"
// clang-format on

double f32_sse2(long cycles) {
  long rounds = cycles / 10;
  const double operations = 10.0 * 4 * 2 * static_cast<double>(rounds);
  asm volatile("xorps %%xmm15, %%xmm15\n\t" SIMDCLIP_LOOP(SIMDCLIP_TIMES_10(SIMDCLIP_XMM_F32))
               : "+r"(rounds)
               :
               : SIMDCLIP_LOW, "cc");
  return operations;
}

#define SIMDCLIP_YMM_PEAK(name, op, cycles_each, per_lane)                             \
  double name(long cycles) {                                                           \
    long rounds = cycles / (cycles_each);                                              \
    const double operations = 10.0 * 8 * 2 * (per_lane) * static_cast<double>(rounds); \
    asm volatile("vzeroall\n\t" SIMDCLIP_LOOP(SIMDCLIP_TIMES_10(op)) "vzeroupper\n\t"  \
                 : "+r"(rounds)                                                        \
                 :                                                                     \
                 : SIMDCLIP_LOW, "cc");                                                \
    return operations;                                                                 \
  }
SIMDCLIP_YMM_PEAK(f32_avx2, SIMDCLIP_YMM_F32, 5, 1)
SIMDCLIP_YMM_PEAK(int8_avx2, SIMDCLIP_YMM_INT8, 10, 4)

#define SIMDCLIP_ZMM_PEAK(name, op, per_lane)                                                        \
  __attribute__((target("avx512f"))) double name(long cycles) {                                      \
    long rounds = cycles / 12;                                                                       \
    const double operations = 24.0 * 16 * 2 * (per_lane) * static_cast<double>(rounds);              \
    asm volatile(SIMDCLIP_TIMES_24(SIMDCLIP_ZMM_CLEAR) SIMDCLIP_ZMM_CLEAR(30) SIMDCLIP_ZMM_CLEAR(31) \
                     SIMDCLIP_LOOP(SIMDCLIP_TIMES_24(op)) "vzeroupper\n\t"                           \
                 : "+r"(rounds)                                                                      \
                 :                                                                                   \
                 : SIMDCLIP_LOW, SIMDCLIP_HIGH, "cc");                                               \
    return operations;                                                                               \
  }
SIMDCLIP_ZMM_PEAK(f32_avx512, SIMDCLIP_ZMM_F32, 1)
SIMDCLIP_ZMM_PEAK(bf16_avx512, SIMDCLIP_ZMM_BF16, 2)
SIMDCLIP_ZMM_PEAK(int8_avx512, SIMDCLIP_ZMM_INT8, 4)

// Six tiles of sums, two operands; 16 x 16 sums of 16 groups of 4 bytes a multiplication.
struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

#define SIMDCLIP_TILE_OP(op, i) op " %%tmm6, %%tmm7, %%tmm" #i "\n\t"
#define SIMDCLIP_TILE_PEAK(name, op, per_lane)                                                             \
  double name(long cycles) {                                                                               \
    static constexpr TileConfig config;                                                                    \
    long rounds = cycles / 96;                                                                             \
    const double operations = 6.0 * 16 * 16 * 16 * 2 * (per_lane) * static_cast<double>(rounds);           \
    asm volatile(                                                                                          \
        "ldtilecfg %1\n\t" SIMDCLIP_LOOP(SIMDCLIP_TILE_OP(op, 0) SIMDCLIP_TILE_OP(op, 1) SIMDCLIP_TILE_OP( \
            op, 2) SIMDCLIP_TILE_OP(op, 3) SIMDCLIP_TILE_OP(op, 4) SIMDCLIP_TILE_OP(op, 5)) "tilerelease"  \
        : "+r"(rounds)                                                                                     \
        : "m"(config)                                                                                      \
        : "cc");                                                                                           \
    return operations;                                                                                     \
  }
SIMDCLIP_TILE_PEAK(bf16_amx, "tdpbf16ps", 2)
SIMDCLIP_TILE_PEAK(int8_amx, "tdpbssd", 4)

constexpr Way kWays[] = {
    {Isa::portable, Arithmetic::f32, &f32_sse2},
    {Isa::avx2, Arithmetic::f32, &f32_avx2},
    {Isa::avx2, Arithmetic::int8, &int8_avx2},
    {Isa::avx512, Arithmetic::f32, &f32_avx512},
    {Isa::avx512_vnni, Arithmetic::int8, &int8_avx512},
    {Isa::avx512_bf16, Arithmetic::bf16, &bf16_avx512},
    {Isa::amx, Arithmetic::bf16, &bf16_amx},
    {Isa::amx, Arithmetic::int8, &int8_amx},
};
#elif defined(__aarch64__)
#define SIMDCLIP_NEON(i) "fmla v" #i ".4s, v30.4s, v31.4s\n\t"
#define SIMDCLIP_NEON_CLEAR(i) "movi v" #i ".4s, #0\n\t"
double f32_neon(long cycles) {
  long rounds = cycles / 12;
  const double operations = 24.0 * 4 * 2 * static_cast<double>(rounds);
  asm volatile(SIMDCLIP_TIMES_24(SIMDCLIP_NEON_CLEAR) SIMDCLIP_NEON_CLEAR(30) SIMDCLIP_NEON_CLEAR(31)
               "1:\n\t" SIMDCLIP_TIMES_24(SIMDCLIP_NEON) "subs %0, %0, #1\n\t" "b.ne 1b\n\t"
               : "+r"(rounds)
               :
               : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14",
                 "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v30", "v31", "cc");
  return operations;
}
constexpr Way kWays[] = {{Isa::portable, Arithmetic::f32, &f32_neon}};
#else
constexpr std::span<const Way> kWays;
#endif

// What work(thread) returns, per second and of all threads together, once.
template <typename Work>
double rate_of(const Work& work, unsigned threads) {
  std::atomic<unsigned> ready{0};
  std::vector<double> rates(threads);
  const auto measure = [&](unsigned thread) {
    ready.fetch_add(1);
    while (ready.load() < threads) std::this_thread::yield();
    const auto begin = std::chrono::steady_clock::now();
    const double done = work(thread);
    rates[thread] = done / std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  };
  std::vector<std::thread> others;
  for (unsigned i = 1; i < threads; ++i) others.emplace_back(measure, i);
  measure(0);
  for (std::thread& other : others) other.join();
  double sum = 0;
  for (const double rate : rates) sum += rate;
  return sum;
}

}  // namespace

PeakMeter::PeakMeter(Isa isa, Arithmetic arithmetic, unsigned threads) : threads_(threads) {
  if (!cpu_has(isa) || threads == 0) return;
  constexpr int kRuns = 8;
  constexpr long kCycles = 1'800'000;
  for (const Way& way : kWays) {
    // A lesser type's products can always be done in f32.
    if (way.isa > isa || (way.arithmetic != arithmetic && way.arithmetic != Arithmetic::f32)) continue;
    for (int run = 0; run < kRuns; ++run) {
      const double rate = rate_of([&](unsigned) { return way.loop(kCycles); }, threads);
      if (rate <= best_) continue;
      best_ = rate;
      loop_ = way.loop;
    }
  }
}

double PeakMeter::now(double seconds) const {
  if (loop_ == nullptr) return 0;
  constexpr double kClock = 3.5e9;  // or so
  return 1e-9 * rate_of([&](unsigned) { return loop_(static_cast<long>(seconds * kClock)); }, threads_);
}

double measured_peak(Isa isa, Arithmetic arithmetic, unsigned threads) {
  return PeakMeter(isa, arithmetic, threads).best();
}

double measured_bandwidth(unsigned threads) {
  if (threads == 0) return 0;
  constexpr int kPasses = 3;
  constexpr size_t kWords = (size_t{256} << 20U) / sizeof(uint64_t);
  constexpr size_t kAhead = 32 * 8;  // 32 lines; without, a third less
  const std::vector<uint64_t> words(kWords, 1);
  const size_t part = kWords / threads / 8 * 8;
  std::atomic<uint64_t> sums{0};  // looked at, so that the reads are needed
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto read = [&](unsigned thread) {
      const uint64_t* const begin = words.data() + thread * part;
      uint64_t sum[8] = {};
      for (const uint64_t* p = begin; p < begin + part; p += 8) {
        __builtin_prefetch(p + kAhead);
        for (int i = 0; i < 8; ++i) sum[i] += p[i];
      }
      for (const uint64_t s : sum) sums += s;
      return static_cast<double>(part * sizeof(uint64_t));
    };
    best = std::max(best, rate_of(read, threads));
  }
  return sums == kPasses * threads * part ? best * 1e-9 : 0;
}

}  // namespace simdclip
