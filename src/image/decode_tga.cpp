// TGA: raw and run-length coded; palettes, grey, 16, 24 and 32 bits, in the modes that Pillow gives.
#include <algorithm>
#include <cstring>
#include <vector>

#include "image/decode.h"
#include "image/unpack.h"

namespace simdclip {
namespace {

constexpr size_t kHeaderBytes = 18;

struct Header {
  uint32_t id_bytes, map_type, kind, map_first, map_size, map_bits, width, height, bits, flags;
  bool rle() const noexcept { return (kind & 8) != 0; }
};

Header read_header(std::span<const std::byte> b) noexcept {
  const auto u8 = [&](size_t at) { return static_cast<uint32_t>(b[at]); };
  const auto u16 = [&](size_t at) { return u8(at) | u8(at + 1) << 8; };
  return {u8(0), u8(1), u8(2), u16(3), u16(5), u8(7), u16(12), u16(14), u8(16), u8(17)};
}

// Nothing: not a TGA that Pillow decodes.
bool mode_of(const Header& h, PixelMode& mode) noexcept {
  switch (h.kind & 7U) {
    case 1: mode = PixelMode::palette; return h.bits == 8 && h.map_type == 1;
    case 2:
      mode = h.bits == 24 ? PixelMode::rgb : PixelMode::rgba;
      return h.bits == 16 || h.bits == 24 || h.bits == 32;
    case 3:
      mode = h.bits == 1 ? PixelMode::bilevel : h.bits == 8 ? PixelMode::grey : PixelMode::grey_alpha;
      return (h.bits == 1 && !h.rle()) || h.bits == 8 || h.bits == 16;
    default: return false;
  }
}

size_t read_palette(const EncodedImage& in, const Header& h, size_t at, Image& image) {
  const size_t entry = h.map_bits / 8, end = at + entry * h.map_size;
  if (h.map_bits != 16 && h.map_bits != 24 && h.map_bits != 32)
    fail_unsupported(in, "TGA palette of ", h.map_bits, " bits a colour");
  set_default_palette(image);
  for (size_t i = 0; i < h.map_first && i < 256; ++i) {  // Pillow fills what lies before with zero bytes
    image.palette[4 * i + 3] = static_cast<uint8_t>(h.map_bits == 32 ? 0 : 255);
  }
  for (size_t i = 0; i < h.map_size; ++i) {
    const size_t index = h.map_first + i, from = at + i * entry;
    if (index >= 256 || from + entry > in.size()) break;
    uint8_t* out = image.palette.data() + 4 * index;
    const uint8_t* e = in.data() + from;
    if (entry == 2) {
      unpack_rgb16(e, 5, out);
      out[3] = static_cast<uint8_t>((e[1] & 128) != 0 ? 0 : 255);
    } else {
      for (size_t c = 0; c < 3; ++c) out[c] = e[2 - c];
      if (entry == 4) out[3] = e[3];
    }
  }
  return end;
}

void unpack_row(const Header& h, const uint8_t* row, PixelMode mode, size_t n, uint8_t* out) {
  switch (mode) {
    case PixelMode::bilevel:
      unpack_bits(row, n, 1, out);
      for (size_t x = 0; x < n; ++x) out[x] = static_cast<uint8_t>(out[x] != 0 ? 255 : 0);
      return;
    case PixelMode::rgb:
      for (size_t x = 0; x < n; ++x) {
        for (size_t c = 0; c < 3; ++c) out[3 * x + c] = row[3 * x + 2 - c];
      }
      return;
    case PixelMode::rgba:
      for (size_t x = 0; x < n; ++x) {
        if (h.bits == 16) {
          unpack_rgb16(row + 2 * x, 5, out + 4 * x);
          out[4 * x + 3] = static_cast<uint8_t>((row[2 * x + 1] & 128) != 0 ? 0 : 255);
        } else {
          for (size_t c = 0; c < 3; ++c) out[4 * x + c] = row[4 * x + 2 - c];
          out[4 * x + 3] = row[4 * x + 3];
        }
      }
      return;
    default: std::memcpy(out, row, n * bytes_per_pixel(mode)); return;
  }
}

// All rows as one run of bytes. Packets of literals may cross rows, runs may not, as in Pillow.
std::vector<uint8_t> read_rle(const EncodedImage& in, const Header& h, size_t at) {
  const size_t pixel = h.bits / 8, row = h.width * pixel, size = row * h.height;
  std::vector<uint8_t> data;
  data.reserve(size);
  while (data.size() < size) {
    if (at >= in.size()) fail_damaged(in, "TGA data ends after ", in.size(), " bytes");
    const uint8_t head = in.at(at++);
    const bool run = (head & 128) != 0;
    const size_t bytes = pixel * ((head & 127U) + 1), stored = run ? pixel : bytes;
    if (stored > in.size() - at) fail_damaged(in, "TGA data ends after ", in.size(), " bytes");
    if (run) {
      if (data.size() % row + bytes > row) fail_damaged(in, "TGA run passes the end of its row");
      for (size_t i = 0; i < bytes; i += pixel)
        data.insert(data.end(), in.data() + at, in.data() + at + pixel);
    } else {
      data.insert(data.end(), in.data() + at, in.data() + at + std::min(bytes, size - data.size()));
    }
    at += stored;
  }
  return data;
}

// TGA 2 files may say that the fourth channel means nothing.
bool alpha_is_meaningless(const EncodedImage& in) {
  constexpr char kSignature[] = "TRUEVISION-XFILE.";
  constexpr size_t kFooter = 26, kAttributes = 494;
  if (in.size() < kFooter || std::memcmp(in.data() + in.size() - 18, kSignature, 18) != 0) return false;
  uint32_t extension = 0;
  for (size_t i = 0; i < 4; ++i)
    extension |= static_cast<uint32_t>(in.at(in.size() - kFooter + i)) << (8 * i);
  return extension != 0 && uint64_t{extension} + kAttributes < in.size() &&
         in.at(extension + kAttributes) == 0;
}

void flip_horizontally(Image& image) {
  const size_t pixel = bytes_per_pixel(image.mode), row = image.width * pixel;
  for (size_t y = 0; y < image.height; ++y) {
    uint8_t* p = image.pixels.data() + y * row;
    for (size_t a = 0, b = row - pixel; a < b; a += pixel, b -= pixel)
      std::swap_ranges(p + a, p + a + pixel, p + b);
  }
}

}  // namespace

bool plausible_tga(std::span<const std::byte> bytes) noexcept {
  if (bytes.size() < kHeaderBytes) return false;
  const Header h = read_header(bytes);
  PixelMode mode;
  return h.map_type <= 1 && h.width > 0 && h.height > 0 && h.kind <= 11 && (h.kind & 4) == 0 &&
         mode_of(h, mode);
}

Image decode_tga(const EncodedImage& in) {
  const Header h = read_header(in.bytes);
  check_dimensions(in, "TGA", h.width, h.height);
  PixelMode mode = PixelMode::rgb;
  mode_of(h, mode);
  const size_t row_bytes = (size_t{h.width} * h.bits + 7) / 8;
  // Run-length data shrinks at most 128 times: a short file cannot hold a large picture.
  if (row_bytes * h.height > in.size() * 128)
    fail_damaged(in, "TGA of ", h.width, " x ", h.height, " pixels in ", in.size(), " bytes");
  Image image = make_image(h.width, h.height, mode);
  size_t at = kHeaderBytes + h.id_bytes;
  if (h.map_type == 1) {
    Image unused;
    at = read_palette(in, h, at, mode == PixelMode::palette ? image : unused);
  }
  std::vector<uint8_t> decoded;
  if (h.rle()) decoded = read_rle(in, h, at);
  if (!h.rle() && (at > in.size() || row_bytes * h.height > in.size() - at)) {
    fail_damaged(in, "TGA pixels need ", row_bytes * h.height, " bytes from ", at, " on, the file has ",
                 in.size());
  }
  const uint8_t* rows = h.rle() ? decoded.data() : in.data() + at;
  const bool top_down = (h.flags & 0x20) != 0;
  const size_t out_bytes = h.width * bytes_per_pixel(mode);
  for (size_t i = 0; i < h.height; ++i) {
    const size_t y = top_down ? i : h.height - 1 - i;
    unpack_row(h, rows + i * row_bytes, mode, h.width, image.pixels.data() + y * out_bytes);
  }
  if (mode == PixelMode::rgba && alpha_is_meaningless(in)) {
    for (size_t i = 3; i < image.pixels.size(); i += 4) image.pixels[i] = 255;
  }
  if ((h.flags & 0x10) != 0) flip_horizontally(image);
  return image;
}

}  // namespace simdclip
