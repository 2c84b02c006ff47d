// The readers behind decode_image, one file each. All check the dimensions that the header states before they
// allocate.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/fail.h"
#include "simdclip/image.h"

namespace simdclip {

struct EncodedImage {
  std::span<const std::byte> bytes;
  const DecodeOptions& options;
  const std::string& name;  // begins messages

  const uint8_t* data() const noexcept { return reinterpret_cast<const uint8_t*>(bytes.data()); }
  size_t size() const noexcept { return bytes.size(); }
  uint8_t at(size_t i) const noexcept { return static_cast<uint8_t>(bytes[i]); }
};

enum class ImageFormat : uint8_t { jpeg, png, webp, gif, bmp, tga, pnm, psd, tiff, heif, unknown };
// By content; TGA has no signature and is what a plausible header says when nothing else fits.
ImageFormat sniff_format(std::span<const std::byte> bytes) noexcept;

Image decode_jpeg(const EncodedImage& in);
#if defined(SIMDCLIP_HAVE_PNG)
Image decode_png(const EncodedImage& in);
#endif
Image decode_png_by_stb(
    const EncodedImage& in);  // the kinds that it reads as Pillow does; what a build without libpng has
Image decode_webp(const EncodedImage& in);
Image decode_gif(const EncodedImage& in);
Image decode_bmp(const EncodedImage& in);
Image decode_tga(const EncodedImage& in);
Image decode_pnm(const EncodedImage& in);
Image decode_psd(const EncodedImage& in);
#if defined(SIMDCLIP_HAVE_TIFF)
Image decode_tiff(const EncodedImage& in);
#endif
#if defined(SIMDCLIP_HAVE_HEIF)
Image decode_heif(const EncodedImage& in);
#endif

bool plausible_tga(std::span<const std::byte> bytes) noexcept;

// Error damaged: "NAME: <what>; the file is damaged or was cut off, get it again".
template <typename... Parts>
[[noreturn]] void fail_damaged(const EncodedImage& in, const Parts&... what) {
  fail(ErrorCode::damaged, in.name, ": ", what..., "; the file is damaged or was cut off, get it again");
}
template <typename... Parts>
[[noreturn]] void fail_unsupported(const EncodedImage& in, const Parts&... what) {
  fail(ErrorCode::unsupported, in.name, ": ", what..., "; convert it to PNG or JPEG");
}

// Error damaged for an empty picture, too_large for one beyond the pixel cap.
void check_dimensions(const EncodedImage& in, const char* format, uint64_t width, uint64_t height);

// The picture with its pixels allocated (dimensions already checked).
Image make_image(uint32_t width, uint32_t height, PixelMode mode);

// A palette that nothing has been written to, as Pillow makes it: opaque black.
void set_default_palette(Image& image);

}  // namespace simdclip
