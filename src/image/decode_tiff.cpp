// TIFF by libtiff's RGBA reader: the first picture of the file, 8 bits a channel whatever the file has.
#include "image/decode.h"

#if defined(SIMDCLIP_HAVE_TIFF)

#include <tiffio.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <memory>

namespace simdclip {
namespace {

// A file in memory, and what libtiff says of it.
struct Source {
  const EncodedImage& in;
  uint64_t at = 0;
  std::string message = {};
};

tmsize_t read_bytes(thandle_t handle, void* to, tmsize_t size) {
  auto& source = *static_cast<Source*>(handle);
  const uint64_t left = source.at < source.in.size() ? source.in.size() - source.at : 0;
  const auto count = std::min<uint64_t>(left, size < 0 ? 0 : static_cast<uint64_t>(size));
  if (count > 0) std::memcpy(to, source.in.data() + source.at, count);
  source.at += count;
  return static_cast<tmsize_t>(count);
}
tmsize_t write_nothing(thandle_t, void*, tmsize_t) { return 0; }
toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto& source = *static_cast<Source*>(handle);
  const uint64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source.at : source.in.size();
  source.at = base + offset;
  return source.at;
}
int close_nothing(thandle_t) { return 0; }
toff_t size_of(thandle_t handle) { return static_cast<Source*>(handle)->in.size(); }

int keep_message(TIFF*, void* user, const char*, const char* format, va_list arguments) {
  char text[300];
  std::vsnprintf(text, sizeof text, format, arguments);
  auto& message = static_cast<Source*>(user)->message;
  if (message.empty()) message = text;
  return 1;
}
int say_nothing(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct Closer {
  void operator()(TIFF* tiff) const noexcept { TIFFClose(tiff); }
  void operator()(TIFFOpenOptions* options) const noexcept { TIFFOpenOptionsFree(options); }
};

}  // namespace

Image decode_tiff(const EncodedImage& in) {
  Source source{in};
  const std::unique_ptr<TIFFOpenOptions, Closer> options(TIFFOpenOptionsAlloc());
  if (options == nullptr) throw std::bad_alloc();
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keep_message, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), say_nothing, nullptr);
  // One strip or tile may hold the whole picture; nothing else is as large.
  TIFFOpenOptionsSetMaxSingleMemAlloc(
      options.get(), static_cast<tmsize_t>(std::min<uint64_t>(in.options.max_pixels, 1U << 30U) * 8));
  const std::unique_ptr<TIFF, Closer> tiff(TIFFClientOpenExt("picture", "rM", &source, read_bytes,
                                                             write_nothing, seek, close_nothing, size_of,
                                                             nullptr, nullptr, options.get()));
  if (tiff == nullptr) fail_damaged(in, "TIFF header cannot be read: ", source.message);
  uint32_t width = 0, height = 0;
  TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  check_dimensions(in, "TIFF", width, height);
  char reason[1024] = {};
  if (TIFFRGBAImageOK(tiff.get(), reason) == 0)
    fail_unsupported(in, "a TIFF picture of a kind that is not read: ", reason);
  uint16_t orientation = ORIENTATION_TOPLEFT, extra = 0;
  const uint16_t* kinds = nullptr;
  TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_ORIENTATION, &orientation);
  TIFFGetFieldDefaulted(tiff.get(), TIFFTAG_EXTRASAMPLES, &extra, &kinds);
  if (orientation < 1 || orientation > 8) orientation = ORIENTATION_TOPLEFT;

  std::vector<uint32_t> raster(size_t{width} * height);
  // As it is stored; the caller turns it upright where that is asked for.
  if (TIFFReadRGBAImageOriented(tiff.get(), width, height, raster.data(), orientation, 1) == 0) {
    fail_damaged(in, "TIFF picture data is broken or cut off: ", source.message);
  }
  Image image = make_image(width, height, extra > 0 ? PixelMode::rgba : PixelMode::rgb);
  image.orientation = orientation;
  const size_t channels = bytes_per_pixel(image.mode);
  uint8_t* out = image.pixels.data();
  for (const uint32_t pixel : raster) {
    const uint8_t rgba[] = {static_cast<uint8_t>(TIFFGetR(pixel)), static_cast<uint8_t>(TIFFGetG(pixel)),
                            static_cast<uint8_t>(TIFFGetB(pixel)), static_cast<uint8_t>(TIFFGetA(pixel))};
    std::memcpy(out, rgba, channels);
    out += channels;
  }
  return image;
}

}  // namespace simdclip

#endif
