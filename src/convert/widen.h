// Numbers of a checkpoint -> f32.
#pragma once

#include <cstddef>
#include <span>

#include "convert/tensor_source.h"

namespace simdclip {

// Widens out.size() elements of `type` at `bytes` (any alignment, little-endian). f16 and bf16 exactly; f64
// and i64 round.
void widen(ForeignType type, const std::byte* bytes, std::span<float> out) noexcept;

// One element.
float widen_one(ForeignType type, const std::byte* bytes) noexcept;

}  // namespace simdclip
