// Weights to 8 bits: symmetric, one scale for each output channel.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip {

// rows: [n, k] -> q: [n, k] in [-127, 127], scales: [n], sums: [n] (of q over k), with row ~ scale * q and
// |row - scale * q| <= scale / 2. scale = max |row| / 127, ties to even; a row of zeros has scale 0. -128
// never occurs, so |q| fits a signed byte in every kernel. The same bits on every machine. Returns false when
// a value is not finite.
bool quantize_rows(const float* rows, size_t n, size_t k, int8_t* q, float* scales, int32_t* sums);

}  // namespace simdclip
