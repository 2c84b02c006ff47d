// Pillow's conversions between modes, one row at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "simdclip/image.h"

namespace simdclip {

// What of an Image a conversion needs beside its pixels.
struct PixelFormat {
  PixelMode mode = PixelMode::rgb;
  const uint8_t* palette = nullptr;  // palette mode: 256 * 4 bytes RGBA
  bool has_transparency = false;
  std::array<uint16_t, 3> transparent = {};
};
PixelFormat pixel_format(const Image& image) noexcept;

// convert("RGB"): alpha is dropped, 16-bit grey is clipped at 255 (not scaled). out: [n, 3].
void row_to_rgb(const PixelFormat& format, const uint8_t* in, size_t n, uint8_t* out) noexcept;

// Whether there is anything to see through: an alpha channel, or colours named transparent.
bool has_alpha(const PixelFormat& format) noexcept;

// convert("RGBA"), alpha_composite on white, convert("RGB"): transformers' conversion of pictures with alpha.
// out: [n, 3].
void row_on_white(const PixelFormat& format, const uint8_t* in, size_t n, uint8_t* out) noexcept;

// RGBA -> RGBa and LA -> La, the latter with its grey three times: colours multiplied by alpha. out: [n, 4].
void row_premultiplied(PixelMode mode, const uint8_t* in, size_t n, uint8_t* out) noexcept;

// RGBa -> RGBA -> RGB: [n, 4] -> [n, 3].
void row_unpremultiplied_rgb(const uint8_t* in, size_t n, uint8_t* out) noexcept;

}  // namespace simdclip
