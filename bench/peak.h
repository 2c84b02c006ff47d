// What this machine can do at most, measured in the same run as the figures that are compared with it:
// arithmetic on registers only.
#pragma once

#include "base/cpu.h"

namespace simdclip::bench {

enum class Arithmetic { f32, bf16, int8 };

// 1e9 operations per second (a multiply-add counts two) of `threads` threads at once with the best
// instruction of `isa` for that arithmetic; the best of several short runs. Zero where `isa` has no such
// instruction.
double measured_peak(Isa isa, Arithmetic arithmetic, unsigned threads);

}  // namespace simdclip::bench
