// Rows of packed pixels as old formats store them (Pillow's "raw modes").
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip {

// n values of `bits` (1, 2, 4, 8) from the high bit down, one byte each.
inline void unpack_bits(const uint8_t* in, size_t n, uint32_t bits, uint8_t* out) noexcept {
  const uint32_t per_byte = 8 / bits, mask = (1U << bits) - 1;
  for (size_t x = 0; x < n; ++x) {
    const uint32_t shift = 8 - bits * (static_cast<uint32_t>(x % per_byte) + 1);
    out[x] = static_cast<uint8_t>(in[x / per_byte] >> shift & mask);
  }
}

// 5 or 6 bits stretched to 8, truncated as Pillow does.
inline uint8_t stretch(uint32_t v, uint32_t bits) noexcept {
  const uint32_t mask = (1U << bits) - 1;
  return static_cast<uint8_t>((v & mask) * 255 / mask);
}

// Little-endian x1 R5 G5 B5 (green_bits 5) or R5 G6 B5 (green_bits 6).
inline void unpack_rgb16(const uint8_t* in, uint32_t green_bits, uint8_t* rgb) noexcept {
  const uint32_t v = in[0] | static_cast<uint32_t>(in[1]) << 8;
  rgb[0] = stretch(v >> (5 + green_bits), 5);
  rgb[1] = stretch(v >> 5, green_bits);
  rgb[2] = stretch(v, 5);
}

}  // namespace simdclip
