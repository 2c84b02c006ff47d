// PNG by stb_image, for builds without libpng: the kinds whose pixels it hands out as Pillow does. The others
// (palette, 1 bit, transparent colours, 16-bit grey with alpha) are refused, naming libpng-dev.
#include <zlib.h>

#include <array>
#include <bit>
#include <cstring>
#include <optional>
#include <string_view>

#include "image/decode.h"
#include "image/exif.h"
#include "image/stb.h"

namespace simdclip {
namespace {

enum ColorType : uint8_t { kGrey = 0, kRgb = 2, kPalette = 3, kGreyAlpha = 4, kRgba = 6 };

struct PngChunk {
  std::string_view kind;
  std::span<const uint8_t> data;
};

uint32_t be32(const uint8_t* at) noexcept {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 | at[3];
}

// The chunk at `at`, which moves behind it.
PngChunk next_chunk(const EncodedImage& in, size_t& at) {
  if (in.size() - at < 12)
    fail_damaged(in, "PNG data ends after ", in.size(), " bytes, before its end chunk");
  const uint8_t* const chunk = in.data() + at;
  const uint32_t length = be32(chunk);
  if (length > in.size() - at - 12)
    fail_damaged(in, "PNG data ends after ", in.size(), " bytes, a chunk of ", length, " begins at ", at);
  if (crc32(0, chunk + 4, length + 4) != be32(chunk + 8 + length))
    fail_damaged(in, "wrong checksum of the PNG chunk at ", at);
  at += size_t{length} + 12;
  return {{reinterpret_cast<const char*>(chunk + 4), 4}, {chunk + 8, length}};
}

// What stands before the pixels and after them: which way is up, and whether stb_image gives Pillow's pixels.
struct PngFacts {
  uint32_t width = 0, height = 0;
  uint8_t depth = 0, color = 0;
  bool transparent_color = false;
  int exif = 0, xmp = 0;
};

// iTXt: keyword, 0, compressed?, method, language, 0, translated keyword, 0, text.
int orientation_of_text(std::span<const uint8_t> chunk) {
  const std::string_view text(reinterpret_cast<const char*>(chunk.data()), chunk.size());
  constexpr std::string_view key("XML:com.adobe.xmp\0\0", 19);
  return text.starts_with(key) ? xmp_orientation(text.substr(key.size())) : 0;
}

PngFacts read_chunks(const EncodedImage& in) {
  constexpr size_t kSignature = 8;
  size_t at = kSignature;
  const PngChunk header = next_chunk(in, at);
  if (header.kind != "IHDR" || header.data.size() != 13)
    fail_damaged(in, "the PNG does not begin with its header");
  PngFacts facts{.width = be32(header.data.data()),
                 .height = be32(header.data.data() + 4),
                 .depth = header.data[8],
                 .color = header.data[9]};
  check_dimensions(in, "PNG", facts.width, facts.height);
  if (!std::has_single_bit(facts.depth) || facts.depth > 16 || facts.color > kRgba || facts.color == 1 ||
      facts.color == 5 || (facts.depth < 8 && facts.color != kGrey && facts.color != kPalette) ||
      (facts.depth > 8 && facts.color == kPalette))
    fail_damaged(in, "PNG header says colour type ", unsigned{facts.color}, " with ", unsigned{facts.depth},
                 " bits");
  for (bool end = false; !end;) {
    const PngChunk chunk = next_chunk(in, at);
    end = chunk.kind == "IEND";
    if (chunk.kind == "tRNS") facts.transparent_color = true;
    if (chunk.kind == "eXIf") facts.exif = exif_orientation(chunk.data);
    if (chunk.kind == "iTXt" && facts.xmp == 0) facts.xmp = orientation_of_text(chunk.data);
    const bool critical = (chunk.kind[0] & 32) == 0;
    if (critical && !end && chunk.kind != "PLTE" && chunk.kind != "IDAT")
      fail_damaged(in, "PNG chunk at ", at - chunk.data.size() - 12, " is none that a reader must know");
  }
  return facts;
}

// Pillow's mode, where stb_image has its pixels.
std::optional<PixelMode> mode_of(const PngFacts& facts) {
  if (facts.transparent_color) return std::nullopt;
  switch (facts.color) {
    case kGrey:
      if (facts.depth == 16) return PixelMode::grey16;
      return facts.depth == 1 ? std::nullopt : std::optional(PixelMode::grey);
    case kGreyAlpha: return facts.depth == 8 ? std::optional(PixelMode::grey_alpha) : std::nullopt;
    case kRgb: return PixelMode::rgb;
    case kRgba: return PixelMode::rgba;
    default: return std::nullopt;
  }
}

}  // namespace

Image decode_png_by_stb(const EncodedImage& in) {
  const PngFacts facts = read_chunks(in);
  const std::optional<PixelMode> mode = mode_of(facts);
  if (!mode) {
    fail(
        ErrorCode::unsupported, in.name, ": a PNG of colour type ", unsigned{facts.color}, " with ",
        unsigned{facts.depth}, " bits", facts.transparent_color ? " and a transparent colour" : "",
        ", which is not read without libpng; install libpng-dev and build again, or convert it to 8-bit RGB");
  }
  const std::array<std::span<const uint8_t>, 1> file{std::span(in.data(), in.size())};
  const size_t pixels = size_t{facts.width} * facts.height;
  const bool wide = *mode == PixelMode::grey16;
  const int channels = wide ? 1 : static_cast<int>(bytes_per_pixel(*mode));
  // At most 8 bytes a pixel; its inflate begins with what they take and doubles (more rows in an interlaced
  // picture, or a bomb).
  const size_t most = 16 * pixels + 2 * in.size() + 65536;
  const StbPixels decoded = decode_with_stb(
      file, {.width = facts.width, .height = facts.height, .channels = channels, .wide = wide}, most);
  if (decoded.pixels == nullptr) fail_damaged(in, "PNG data: ", decoded.failure);
  Image image = make_image(facts.width, facts.height, *mode);
  std::memcpy(image.pixels.data(), decoded.pixels.get(), image.pixels.size());
  image.orientation = facts.exif != 0 ? facts.exif : facts.xmp != 0 ? facts.xmp : 1;
  return image;
}

}  // namespace simdclip
