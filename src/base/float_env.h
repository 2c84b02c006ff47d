// The default floating-point environment for as long as it lives: round to nearest even, denormals kept, no
// traps. A caller that flushes denormals or rounds otherwise (as some audio and machine-learning programs do)
// must not change our bits.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

namespace simdclip {

class DefaultFloatEnvironment {
 public:
#if defined(__SSE2__)
  DefaultFloatEnvironment() noexcept : saved_(_mm_getcsr()) { set(kDefault | (saved_ & kStatus)); }
  ~DefaultFloatEnvironment() { set(saved_); }
#elif defined(__aarch64__)
  DefaultFloatEnvironment() noexcept {
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved_));
    set(0);
  }
  ~DefaultFloatEnvironment() { set(saved_); }
#else
  DefaultFloatEnvironment() noexcept = default;
#endif
  DefaultFloatEnvironment(const DefaultFloatEnvironment&) = delete;
  DefaultFloatEnvironment& operator=(const DefaultFloatEnvironment&) = delete;

 private:
#if defined(__SSE2__)
  static constexpr uint32_t kDefault = 0x1f80;  // every exception masked
  static constexpr uint32_t kStatus = 0x3f;     // sticky flags: the caller's
  static void set(uint32_t value) noexcept { _mm_setcsr(value); }
  uint32_t saved_;
#elif defined(__aarch64__)
  static void set(uint64_t value) noexcept { __asm__ volatile("msr fpcr, %0" : : "r"(value)); }
  uint64_t saved_ = 0;
#endif
};

}  // namespace simdclip
