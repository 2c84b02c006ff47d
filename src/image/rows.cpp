#include "image/rows.h"

#include <algorithm>
#include <cstring>

namespace simdclip {
namespace {

// a * b / 255, rounded (Pillow's MULDIV255).
inline uint8_t mul255(uint32_t a, uint32_t b) noexcept {
  const uint32_t t = a * b + 128;
  return static_cast<uint8_t>(((t >> 8) + t) >> 8);
}

inline void put(uint8_t* out, uint8_t v) noexcept { out[0] = out[1] = out[2] = v; }

template <typename T>
inline T load(const uint8_t* p) noexcept {
  T v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

// One pixel of convert("RGBA").
void pixel_to_rgba(const PixelFormat& f, const uint8_t* in, uint8_t* out) noexcept {
  if (f.mode == PixelMode::palette) {
    std::memcpy(out, f.palette + size_t{4} * *in, 4);
    return;
  }
  row_to_rgb(f, in, 1, out);
  out[3] = 255;
  if (f.mode == PixelMode::grey_alpha) out[3] = in[1];
  if (f.mode == PixelMode::rgba) out[3] = in[3];
  // Pillow compares the converted colour with the low bytes of the transparent one.
  if (f.has_transparency && out[0] == (f.transparent[0] & 255) && out[1] == (f.transparent[1] & 255) &&
      out[2] == (f.transparent[2] & 255)) {
    out[3] = 0;
  }
}

}  // namespace

size_t bytes_per_pixel(PixelMode mode) noexcept {
  switch (mode) {
    case PixelMode::bilevel:
    case PixelMode::grey:
    case PixelMode::palette: return 1;
    case PixelMode::grey_alpha:
    case PixelMode::grey16: return 2;
    case PixelMode::rgb: return 3;
    case PixelMode::rgba:
    case PixelMode::cmyk:
    case PixelMode::grey32: return 4;
  }
  return 0;
}

PixelFormat pixel_format(const Image& image) noexcept {
  return {image.mode, image.palette.data(), image.has_transparency, image.transparent};
}

bool has_alpha(const PixelFormat& f) noexcept {
  return f.mode == PixelMode::grey_alpha || f.mode == PixelMode::rgba || f.has_transparency;
}

void row_to_rgb(const PixelFormat& f, const uint8_t* in, size_t n, uint8_t* out) noexcept {
  switch (f.mode) {
    case PixelMode::rgb: std::memcpy(out, in, 3 * n); return;
    case PixelMode::bilevel:
    case PixelMode::grey:
      for (size_t x = 0; x < n; ++x) put(out + 3 * x, in[x]);
      return;
    case PixelMode::grey_alpha:
      for (size_t x = 0; x < n; ++x) put(out + 3 * x, in[2 * x]);
      return;
    case PixelMode::rgba:
      for (size_t x = 0; x < n; ++x) std::memcpy(out + 3 * x, in + 4 * x, 3);
      return;
    case PixelMode::palette:
      for (size_t x = 0; x < n; ++x) std::memcpy(out + 3 * x, f.palette + size_t{4} * in[x], 3);
      return;
    case PixelMode::cmyk:
      for (size_t x = 0; x < n; ++x) {
        const uint32_t white = 255U - in[4 * x + 3];
        for (size_t c = 0; c < 3; ++c)
          out[3 * x + c] = static_cast<uint8_t>(white - mul255(in[4 * x + c], white));
      }
      return;
    case PixelMode::grey16:
      for (size_t x = 0; x < n; ++x)
        put(out + 3 * x, static_cast<uint8_t>(std::min<uint16_t>(255, load<uint16_t>(in + 2 * x))));
      return;
    case PixelMode::grey32:
      for (size_t x = 0; x < n; ++x)
        put(out + 3 * x, static_cast<uint8_t>(std::clamp(load<int32_t>(in + 4 * x), 0, 255)));
      return;
  }
}

// Pillow's ImagingAlphaComposite over opaque white, with its 7 extra bits.
void row_on_white(const PixelFormat& f, const uint8_t* in, size_t n, uint8_t* out) noexcept {
  const size_t step = bytes_per_pixel(f.mode);
  for (size_t x = 0; x < n; ++x) {
    uint8_t rgba[4];
    pixel_to_rgba(f, in + x * step, rgba);
    if (rgba[3] == 0) {
      put(out + 3 * x, 255);
      continue;
    }
    const uint32_t alpha = rgba[3], total = alpha * 255 + 255 * (255 - alpha);
    const uint32_t front = alpha * 255 * 255 * 128 / total, back = 255 * 128 - front;
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t t = rgba[c] * front + 255 * back + (0x80 << 7);
      out[3 * x + c] = static_cast<uint8_t>((((t >> 8) + t) >> 8) >> 7);
    }
  }
}

void row_premultiplied(PixelMode mode, const uint8_t* in, size_t n, uint8_t* out) noexcept {
  if (mode == PixelMode::grey_alpha) {
    for (size_t x = 0; x < n; ++x) {
      put(out + 4 * x, mul255(in[2 * x], in[2 * x + 1]));
      out[4 * x + 3] = in[2 * x + 1];
    }
    return;
  }
  for (size_t x = 0; x < n; ++x) {
    const uint32_t alpha = in[4 * x + 3];
    for (size_t c = 0; c < 3; ++c) out[4 * x + c] = mul255(in[4 * x + c], alpha);
    out[4 * x + 3] = in[4 * x + 3];
  }
}

void row_unpremultiplied_rgb(const uint8_t* in, size_t n, uint8_t* out) noexcept {
  for (size_t x = 0; x < n; ++x) {
    const uint32_t alpha = in[4 * x + 3];
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t v = in[4 * x + c];
      out[3 * x + c] =
          static_cast<uint8_t>(alpha == 255 || alpha == 0 ? v : std::min<uint32_t>(255, 255 * v / alpha));
    }
  }
}

}  // namespace simdclip
