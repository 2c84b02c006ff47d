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

// 1e9 bytes per second that `threads` threads read at once, each its part of 256 MB: weights that no cache
// holds. The best of three passes; the memory is held meanwhile. Zero of no threads.
double measured_bandwidth(unsigned threads);

}  // namespace simdclip
