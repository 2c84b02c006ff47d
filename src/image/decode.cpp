#include "image/decode.h"

#include <cstring>
#include <string_view>

#include "base/read_file.h"

namespace simdclip {
namespace {

bool starts_with(std::span<const std::byte> bytes, std::string_view magic, size_t at = 0) noexcept {
  return bytes.size() >= at + magic.size() && std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

// What a file is that this program does not read, for the message.
const char* known_but_unsupported(std::span<const std::byte> b) noexcept {
  using namespace std::string_view_literals;
  if (starts_with(b, "II*\0"sv) || starts_with(b, "MM\0*"sv)) return "a TIFF picture";
  if (starts_with(b, "\0\0\0\fjP  "sv) || starts_with(b, "\xFF\x4F\xFF\x51"sv)) return "a JPEG 2000 picture";
  if (starts_with(b, "\0\0\0\fJXL "sv) || starts_with(b, "\xFF\x0A"sv)) return "a JPEG XL picture";
  if (starts_with(b, "ftypavif"sv, 4)) return "an AVIF picture";
  if (starts_with(b, "ftyp"sv, 4)) return "a HEIC picture or a video";
  if (starts_with(b, "\0\0\1\0"sv)) return "an icon";
  if (starts_with(b, "%PDF"sv)) return "a PDF document";
  if (starts_with(b, "qoif"sv)) return "a QOI picture";
  if (starts_with(b, "Pf\n"sv) || starts_with(b, "PF\n"sv)) return "a floating-point PNM picture";
  return nullptr;
}

bool is_tiff(std::span<const std::byte> b) noexcept {
  using namespace std::string_view_literals;
  return starts_with(b, "II*\0"sv) || starts_with(b, "MM\0*"sv);
}
// Videos share the container: the brand tells.
bool is_heif(std::span<const std::byte> b) noexcept {
  if (!starts_with(b, "ftyp", 4)) return false;
  for (const char* brand : {"heic", "heix", "heim", "heis", "mif1", "avif"}) {
    if (starts_with(b, brand, 8)) return true;
  }
  return false;
}

// What a build with the library would do.
const char* how_to_read(std::span<const std::byte> b) noexcept {
  if (is_tiff(b)) return " by this build (libtiff-dev was missing)";
  if (is_heif(b)) return " by this build (libheif-dev was missing)";
  return "";
}

[[noreturn]] void fail_unknown(const EncodedImage& in) {
  if (in.size() == 0) fail_damaged(in, "the file is empty");
  if (const char* kind = known_but_unsupported(in.bytes))
    fail_unsupported(in, "this is ", kind, ", which cannot be read", how_to_read(in.bytes));
  fail(ErrorCode::unsupported, in.name,
       ": no picture that can be read (JPEG, PNG, WebP, GIF, BMP, TGA, PNM, PSD by their content)");
}

Image decode(const EncodedImage& in) {
  switch (sniff_format(in.bytes)) {
    case ImageFormat::jpeg: return decode_jpeg(in);
#if defined(SIMDCLIP_HAVE_PNG)
    case ImageFormat::png: return decode_png(in);
#else
    case ImageFormat::png: return decode_png_by_stb(in);
#endif
    case ImageFormat::webp: return decode_webp(in);
    case ImageFormat::gif: return decode_gif(in);
    case ImageFormat::bmp: return decode_bmp(in);
    case ImageFormat::pnm: return decode_pnm(in);
    case ImageFormat::tga: return decode_tga(in);
    case ImageFormat::psd: return decode_psd(in);
#if defined(SIMDCLIP_HAVE_TIFF)
    case ImageFormat::tiff: return decode_tiff(in);
#endif
#if defined(SIMDCLIP_HAVE_HEIF)
    case ImageFormat::heif: return decode_heif(in);
#endif
    default: break;
  }
  fail_unknown(in);
}

}  // namespace

ImageFormat sniff_format(std::span<const std::byte> b) noexcept {
  using namespace std::string_view_literals;
  if (starts_with(b, "\xFF\xD8\xFF"sv)) return ImageFormat::jpeg;
  if (starts_with(b, "\x89PNG\r\n\x1A\n"sv)) return ImageFormat::png;
  if (starts_with(b, "RIFF"sv) && starts_with(b, "WEBP"sv, 8)) return ImageFormat::webp;
  if (starts_with(b, "GIF87a"sv) || starts_with(b, "GIF89a"sv)) return ImageFormat::gif;
  if (starts_with(b, "BM"sv)) return ImageFormat::bmp;
  if (starts_with(b, "8BPS"sv)) return ImageFormat::psd;
#if defined(SIMDCLIP_HAVE_TIFF)
  if (is_tiff(b)) return ImageFormat::tiff;
#endif
#if defined(SIMDCLIP_HAVE_HEIF)
  if (is_heif(b)) return ImageFormat::heif;
#endif
  if (b.size() >= 3 && starts_with(b, "P"sv)) {
    const char kind = static_cast<char>(b[1]), next = static_cast<char>(b[2]);
    if (kind >= '1' && kind <= '6' && (next == ' ' || (next >= '\t' && next <= '\r')))
      return ImageFormat::pnm;
  }
  if (known_but_unsupported(b) == nullptr && plausible_tga(b)) return ImageFormat::tga;
  return ImageFormat::unknown;
}

void check_dimensions(const EncodedImage& in, const char* format, uint64_t width, uint64_t height) {
  if (width == 0 || height == 0) fail_damaged(in, format, " header says ", width, " x ", height, " pixels");
  constexpr uint64_t kMaxSide = 0x7FFFFFFF;
  if (width > kMaxSide || height > kMaxSide || width > in.options.max_pixels / height) {
    fail(ErrorCode::too_large, in.name, ": ", format, " header says ", width, " x ", height,
         " pixels, at most ", in.options.max_pixels,
         " are decoded; shrink the picture, or raise DecodeOptions::max_pixels if it is trusted");
  }
}

Image make_image(uint32_t width, uint32_t height, PixelMode mode) {
  Image image;
  image.width = width;
  image.height = height;
  image.mode = mode;
  image.pixels.resize(size_t{width} * height * bytes_per_pixel(mode));
  return image;
}

void set_default_palette(Image& image) {
  image.palette.assign(256 * 4, 0);
  for (size_t i = 0; i < 256; ++i) image.palette[4 * i + 3] = 255;
}

Image decode_image(std::span<const std::byte> bytes, const DecodeOptions& options, const std::string& name) {
  Image image = decode({bytes, options, name});
  return options.apply_orientation && image.orientation != 1 ? apply_orientation(image) : image;
}

Image load_image(const std::string& path, const DecodeOptions& options) {
  std::vector<std::byte> bytes;
  read_file(path, bytes);
  return decode_image(bytes, options, path);
}

}  // namespace simdclip
