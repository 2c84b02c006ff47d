// The eight tile registers of AMX behind one thin interface, twice: the hardware's, and an exact emulation in
// plain C++, so that the same kernel source is tested on every machine. A tile has up to 16 rows of up to 64
// bytes.
//
// The hardware's is own assembly: g++ 12's intrinsics declare 8 of the 64 bytes of a tile configuration as
// read and no memory as read by a tile load, and its optimizer then deletes the stores.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {
namespace {

struct alignas(64) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};
};
static_assert(sizeof(TileConfig) == 64);

#if defined(__x86_64__)
struct HardwareTiles {
  __attribute__((always_inline)) void configure(const TileConfig& config) {
    asm volatile("ldtilecfg %0" : : "m"(config) : "memory");
  }
  __attribute__((always_inline)) void release() { asm volatile("tilerelease" : : : "memory"); }
  template <int kTile>
  __attribute__((always_inline)) void zero() {
    asm volatile("tilezero %%tmm%c0" : : "i"(kTile) : "memory");
  }
  template <int kTile>
  __attribute__((always_inline)) void load(const void* from, size_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(kTile) : "memory");
  }
  // Of memory that is not read again soon: it does not take the place of other lines in L1.
  template <int kTile>
  __attribute__((always_inline)) void load_once(const void* from, size_t stride) {
    asm volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(kTile) : "memory");
  }
  template <int kTile>
  __attribute__((always_inline)) void store(void* to, size_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(kTile) : "memory");
  }
  // A store for its own sake: what stores tiles goes to sleep otherwise.
  template <int kTile>
  __attribute__((always_inline)) void keep_awake() {
    store<kTile>(unread_, sizeof(unread_) / 16);
  }
  // C[m][n] += sum over k of A[m][4 k + i] * B[k][4 n + i], signed bytes.
  template <int kC, int kA, int kB>
  __attribute__((always_inline)) void dot_i8() {
    asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB) : "memory");
  }
  // C[m][n] += sum over k of A[m][2 k + i] * B[k][2 n + i], bf16.
  template <int kC, int kA, int kB>
  __attribute__((always_inline)) void dot_bf16() {
    asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kC), "i"(kA), "i"(kB) : "memory");
  }

 private:
  alignas(64) char unread_[1024];
};
#endif

// What Intel's manual says each instruction does to the bytes.
class EmulatedTiles {
 public:
  void configure(const TileConfig& config) {
    config_ = config;
    for (auto& tile : tiles_) __builtin_memset(tile, 0, sizeof(tile));
  }
  void release() { configure(TileConfig{}); }
  template <int kTile>
  __attribute__((noinline)) void zero() {
    __builtin_memset(tiles_[kTile], 0, sizeof(tiles_[kTile]));
  }
  template <int kTile>
  __attribute__((noinline)) void load(const void* from, size_t stride) {
    zero<kTile>();
    for (size_t r = 0; r < config_.rows[kTile]; ++r) {
      __builtin_memcpy(tiles_[kTile][r], static_cast<const char*>(from) + r * stride,
                       config_.row_bytes[kTile]);
    }
  }
  template <int kTile>
  void load_once(const void* from, size_t stride) {
    load<kTile>(from, stride);
  }
  template <int kTile>
  void keep_awake() {}
  template <int kTile>
  __attribute__((noinline)) void store(void* to, size_t stride) const {
    for (size_t r = 0; r < config_.rows[kTile]; ++r) {
      __builtin_memcpy(static_cast<char*>(to) + r * stride, tiles_[kTile][r], config_.row_bytes[kTile]);
    }
  }
  template <int kC, int kA, int kB>
  __attribute__((noinline)) void dot_i8() {
    for (size_t m = 0; m < config_.rows[kC]; ++m) {
      for (size_t n = 0; n < config_.row_bytes[kC] / 4; ++n) {
        int32_t sum;
        __builtin_memcpy(&sum, &tiles_[kC][m][n * 4], 4);
        for (size_t k = 0; k < config_.row_bytes[kA]; ++k)
          sum += tiles_[kA][m][k] * tiles_[kB][k / 4][n * 4 + k % 4];
        __builtin_memcpy(&tiles_[kC][m][n * 4], &sum, 4);
      }
    }
  }
  template <int kC, int kA, int kB>
  __attribute__((noinline)) void dot_bf16() {
    for (size_t m = 0; m < config_.rows[kC]; ++m) {
      for (size_t n = 0; n < config_.row_bytes[kC] / 4; ++n) {
        float chain[2] = {};  // of the even and of the odd elements
        for (size_t k = 0; k < config_.row_bytes[kA]; k += 4) {
          for (size_t i = 0; i < 2; ++i) {
            chain[i] = multiply_add(widened(&tiles_[kA][m][k + 2 * i]),
                                    widened(&tiles_[kB][k / 4][n * 4 + 2 * i]), chain[i]);
          }
        }
        float sum;
        __builtin_memcpy(&sum, &tiles_[kC][m][n * 4], 4);
        sum = multiply_add(multiply_add(chain[0], 1, chain[1]), 1, sum);
        __builtin_memcpy(&tiles_[kC][m][n * 4], &sum, 4);
      }
    }
  }

 private:
  static float widened(const void* bf16) {
    uint16_t bits;
    __builtin_memcpy(&bits, bf16, sizeof(bits));
    return __builtin_bit_cast(float, static_cast<uint32_t>(bits) << 16);
  }
  static float flushed(float x) { return __builtin_fabsf(x) < 0x1p-126F ? __builtin_copysignf(0, x) : x; }
  // x * y + z rounded once, denormal operands and results zero whatever MXCSR says. A result is tiny if it is
  // so when rounded to 24 bits; among denormals fma rounds to fewer, so that one case is looked at 2^64 times
  // larger.
  static float multiply_add(float x, float y, float z) {
    x = flushed(x);
    y = flushed(y);
    z = flushed(z);
    const float sum = __builtin_fmaf(x, y, z);
    if (__builtin_fabsf(sum) == 0x1p-126F &&
        __builtin_fabsf(__builtin_fmaf(x * 0x1p64F, y, z * 0x1p64F)) < 0x1p-62F)
      return __builtin_copysignf(0, sum);
    return flushed(sum);
  }

  TileConfig config_;
  int8_t tiles_[8][16][64] = {};
};

}  // namespace
}  // namespace simdclip::kernels
