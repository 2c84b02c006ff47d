// What this machine can do at most, measured in the same run as the figures that are compared with it:
// arithmetic on registers (or tiles) only.
#pragma once

#include <cstdint>

#include "base/cpu.h"

namespace simdclip {

enum class Arithmetic : uint8_t { f32, bf16, int8 };

// 1e9 operations per second (a multiply-add counts two) of `threads` threads at once, by the fastest way that
// a CPU of `isa` has for products of that arithmetic: bf16 where vdpbf16ps is slower than f32 multiply-adds,
// or missing, counts as f32 (the weights are widened). The best of several runs of about a millisecond.
// Zero where this CPU lacks `isa`.
double measured_peak(Isa isa, Arithmetic arithmetic, unsigned threads);

// The same, kept at hand: what the clock gives right after other work. AMX beside loads and AVX-512 runs at
// 3.25 GHz where the loop alone has 3.8.
class PeakMeter {
 public:
  PeakMeter(Isa isa, Arithmetic arithmetic, unsigned threads);
  // measured_peak() of when this was made.
  double best() const noexcept { return best_ * 1e-9; }
  // One run of about `seconds`.
  double now(double seconds) const;

 private:
  double (*loop_)(long cycles) = nullptr;  // the fastest way
  unsigned threads_;
  double best_ = 0;
};

// 1e9 bytes per second that `threads` threads read at once, each its part of 256 MB: weights that no cache
// holds. The best of three passes; the memory is held meanwhile. Zero of no threads.
double measured_bandwidth(unsigned threads);

}  // namespace simdclip
