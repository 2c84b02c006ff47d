// HEIC and AVIF by libheif: the primary picture, 8 bits a channel, turned as the file says (irot and imir,
// which every reader applies).
#include "image/decode.h"

#if defined(SIMDCLIP_HAVE_HEIF)

#include <libheif/heif.h>

#include <algorithm>
#include <cstring>
#include <memory>

namespace simdclip {
namespace {

void expect_done(const EncodedImage& in, const heif_error& error, const char* what) {
  if (error.code == heif_error_Ok) return;
  if (error.code == heif_error_Unsupported_filetype || error.code == heif_error_Unsupported_feature) {
    fail_unsupported(in, "a HEIF picture that libheif cannot read: ", error.message);
  }
  fail_damaged(in, what, ": ", error.message);
}

struct Release {
  void operator()(heif_context* p) const noexcept { heif_context_free(p); }
  void operator()(const heif_image_handle* p) const noexcept { heif_image_handle_release(p); }
  void operator()(const heif_image* p) const noexcept { heif_image_release(p); }
};

}  // namespace

Image decode_heif(const EncodedImage& in) {
  const std::unique_ptr<heif_context, Release> context(heif_context_alloc());
  if (context == nullptr) throw std::bad_alloc();
  // libheif refuses sides, not areas: what is larger than a square of the cap in one direction is checked
  // again below.
  heif_context_set_maximum_image_size_limit(context.get(), 65535);
  expect_done(in, heif_context_read_from_memory_without_copy(context.get(), in.data(), in.size(), nullptr),
              "HEIF header cannot be read");
  heif_image_handle* primary = nullptr;
  expect_done(in, heif_context_get_primary_image_handle(context.get(), &primary),
              "HEIF file has no primary picture");
  const std::unique_ptr<const heif_image_handle, Release> handle(primary);
  check_dimensions(in, "HEIF", static_cast<uint64_t>(std::max(0, heif_image_handle_get_width(primary))),
                   static_cast<uint64_t>(std::max(0, heif_image_handle_get_height(primary))));
  const bool alpha = heif_image_handle_has_alpha_channel(primary) != 0;
  heif_image* decoded = nullptr;
  expect_done(in,
              heif_decode_image(primary, &decoded, heif_colorspace_RGB,
                                alpha ? heif_chroma_interleaved_RGBA : heif_chroma_interleaved_RGB, nullptr),
              "HEIF picture data is broken or cut off");
  const std::unique_ptr<const heif_image, Release> picture(decoded);
  const int width = heif_image_get_width(decoded, heif_channel_interleaved),
            height = heif_image_get_height(decoded, heif_channel_interleaved);
  check_dimensions(in, "HEIF", static_cast<uint64_t>(std::max(0, width)),
                   static_cast<uint64_t>(std::max(0, height)));
  int stride = 0;
  const uint8_t* rows = heif_image_get_plane_readonly(decoded, heif_channel_interleaved, &stride);
  Image image = make_image(static_cast<uint32_t>(width), static_cast<uint32_t>(height),
                           alpha ? PixelMode::rgba : PixelMode::rgb);
  const size_t row_bytes = size_t{image.width} * bytes_per_pixel(image.mode);
  if (rows == nullptr || stride < 0 || static_cast<size_t>(stride) < row_bytes)
    fail_damaged(in, "HEIF picture has no pixels");
  for (size_t y = 0; y < image.height; ++y)
    std::memcpy(image.pixels.data() + y * row_bytes, rows + y * static_cast<size_t>(stride), row_bytes);
  return image;
}

}  // namespace simdclip

#endif
