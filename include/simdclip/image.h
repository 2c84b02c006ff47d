// Pictures: decoding files to pixels, exactly as Pillow does.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "simdclip/export.h"

namespace simdclip {

// Pillow's mode of the decoded pixels; what "resize, then convert to RGB" gives depends on it.
enum class PixelMode : uint8_t {
  bilevel,     // "1":    one byte a pixel, 0 or 255
  grey,        // "L"
  grey_alpha,  // "LA"
  rgb,         // "RGB"
  rgba,        // "RGBA"
  palette,     // "P":    one index byte a pixel, `palette` has 256 RGBA entries
  cmyk,        // "CMYK": Adobe's inversion already undone, as Pillow does
  grey16,      // "I;16": 16-bit grey, two bytes a pixel, native endian
  grey32,      // "I":    grey as int32_t, four bytes a pixel, native endian (16-bit PGM)
};

SIMDCLIP_API size_t bytes_per_pixel(PixelMode mode) noexcept;

struct Image {
  uint32_t width = 0, height = 0;  // pixels
  PixelMode mode = PixelMode::rgb;
  std::vector<uint8_t> pixels;   // [height, width, bytes_per_pixel(mode)], rows without padding
  std::vector<uint8_t> palette;  // palette mode: 256 * 4 bytes RGBA
  // The file names transparent colours (PNG tRNS, GIF): in `palette`, or `transparent` otherwise
  bool has_transparency = false;
  // The transparent colour of a picture without palette: grey three times, or RGB
  std::array<uint16_t, 3> transparent = {};
  int orientation = 1;  // EXIF orientation 1..8 as stored; 1 after DecodeOptions::apply_orientation
};

// The size of a preprocessed picture, pixels.
struct PixelSize {
  uint32_t height = 0, width = 0;
};

// One preprocessed picture: values [3, height, width], normalised.
struct Pixels {
  std::span<const float> values;
  PixelSize size;
};

struct DecodeOptions {
  uint64_t max_pixels = 178'956'970;  // Pillow's own limit (its error threshold)
  // EXIF, as Pillow's ImageOps.exif_transpose; no reference pipeline applies it
  bool apply_orientation = false;
  // JPEG on its way to a model's input size: decode at a half, a quarter or an eighth where at least that
  // size remains. Not exact (docs/images.md has the measured loss). decode_image and load_image, which know
  // no target size, ignore it.
  bool fast_decode = false;
};

// JPEG, PNG, WebP, GIF (first frame), BMP, TGA, PNM, PSD (flattened), TIFF, HEIC and AVIF by content. The
// dimensions are checked before anything is decoded. `name` begins the message of an error. Throws Error:
// damaged, unsupported, too_large.
SIMDCLIP_API Image decode_image(std::span<const std::byte> bytes, const DecodeOptions& options = {},
                                const std::string& name = "image");

// The same from a file; also Error not_found, io.
SIMDCLIP_API Image load_image(const std::string& path, const DecodeOptions& options = {});

// The picture turned upright by its orientation, which becomes 1.
SIMDCLIP_API Image apply_orientation(const Image& image);

}  // namespace simdclip
