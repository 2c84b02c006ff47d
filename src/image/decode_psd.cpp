// Photoshop: the flattened picture after the layers, which is what Pillow reads. The header is read and
// checked here; stb_image, which knows RGB only and makes colours of its own where there is alpha, is handed
// the bare planes, three at a time, as an RGB picture.
#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "image/decode.h"
#include "image/stb.h"

namespace simdclip {
namespace {

constexpr size_t kHeader = 26;

// Big-endian numbers of a file, which may end anywhere.
struct PsdReader {
  const EncodedImage& in;
  size_t at = 0;

  uint64_t number(size_t bytes) {
    if (bytes > in.size() - at) fail_damaged(in, "PSD data ends after ", in.size(), " bytes");
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; ++i) value = value << 8 | in.at(at + i);
    at += bytes;
    return value;
  }
  std::span<const uint8_t> take(uint64_t bytes) {
    if (bytes > in.size() - at)
      fail_damaged(in, "PSD data ends after ", in.size(), " bytes, ", bytes, " more are announced at ", at);
    const std::span<const uint8_t> taken(in.data() + at, static_cast<size_t>(bytes));
    at += taken.size();
    return taken;
  }
};

struct PsdHeader {
  uint32_t width = 0, height = 0;
  uint64_t channels = 0;  // in the file
  uint32_t planes = 0;    // of the picture, the first ones
  PixelMode mode = PixelMode::rgb;
};

// Pillow's modes for Photoshop's, at 8 bits a channel.
PsdHeader read_header(PsdReader& file) {
  const EncodedImage& in = file.in;
  file.number(4);
  if (const uint64_t version = file.number(2); version != 1)
    fail_unsupported(in, "a Photoshop file of version ", version, " cannot be read, only version 1");
  file.take(6);
  PsdHeader h;
  h.channels = file.number(2);
  const uint64_t height = file.number(4), width = file.number(4), depth = file.number(2),
                 mode = file.number(2);
  check_dimensions(in, "PSD", width, height);
  h.width = static_cast<uint32_t>(width);
  h.height = static_cast<uint32_t>(height);
  switch (depth == 8 ? mode : UINT64_MAX) {
    case 1:
    case 7:
    case 8:
      h.mode = PixelMode::grey;
      break;  // grey; several inks, or two, of which Pillow shows the first as grey
    case 2: h.mode = PixelMode::palette; break;
    case 3: h.mode = h.channels == 4 ? PixelMode::rgba : PixelMode::rgb; break;
    case 4: h.mode = PixelMode::cmyk; break;
    default:
      fail_unsupported(in, "a Photoshop file of mode ", mode, " with ", depth,
                       " bits a channel cannot be read, only grey, indexed, RGB and CMYK of 8 bits");
  }
  h.planes = static_cast<uint32_t>(bytes_per_pixel(h.mode));
  if (h.channels < h.planes || h.channels > 56)
    fail_damaged(in, "PSD header says ", h.channels, " channels, mode ", mode, " has ", h.planes);
  return h;
}

// Photoshop's 256 reds, greens and blues as RGBA.
void read_palette(const EncodedImage& in, std::span<const uint8_t> planes, Image& image) {
  if (planes.size() != 768) fail_damaged(in, "a PSD palette of ", planes.size(), " bytes, expected 768");
  set_default_palette(image);
  for (size_t i = 0; i < 256; ++i)
    for (size_t c = 0; c < 3; ++c) image.palette[4 * i + c] = planes[256 * c + i];
}

// The bytes of the pixel data that each plane takes: run-length data has a table with the length of every row
// of every plane.
struct PsdPlanes {
  bool packed = false;
  std::span<const uint8_t> table;                // two bytes for each row
  std::vector<std::span<const uint8_t>> planes;  // one after the other in the file
};

PsdPlanes find_planes(PsdReader& file, const PsdHeader& h) {
  const uint64_t compression = file.number(2);
  if (compression > 1)
    fail_unsupported(file.in, "a Photoshop file of compression ", compression,
                     " cannot be read, only raw and run-length");
  PsdPlanes found;
  found.packed = compression == 1;
  if (found.packed) found.table = file.take(h.channels * h.height * 2);
  for (size_t plane = 0; plane < h.planes; ++plane) {
    uint64_t bytes = 0;
    if (found.packed) {
      const uint8_t* const lengths = found.table.data() + plane * h.height * 2;
      for (size_t y = 0; y < h.height; ++y)
        bytes += static_cast<uint64_t>(lengths[2 * y] << 8 | lengths[2 * y + 1]);
    } else {
      bytes = uint64_t{h.width} * h.height;
    }
    found.planes.push_back(file.take(bytes));
  }
  return found;
}

// The planes [first, first + count), count <= 3, as a picture that stb_image takes for RGB: header without
// any metadata, row lengths, data.
StbPixels decode_planes(const PsdHeader& h, const PsdPlanes& source, size_t first, size_t count) {
  std::array<uint8_t, kHeader + 14> header{'8', 'B', 'P', 'S', 0, 1};
  const auto put = [&header](size_t at, uint32_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) header[at + i] = static_cast<uint8_t>(value >> 8 * (bytes - 1 - i));
  };
  put(12, static_cast<uint32_t>(count), 2);
  put(14, h.height, 4);
  put(18, h.width, 4);
  put(22, 8, 2);
  put(24, 3, 2);
  put(kHeader + 12, source.packed ? 1 : 0, 2);
  std::vector<std::span<const uint8_t>> parts{header};
  if (source.packed) parts.push_back(source.table.subspan(first * h.height * 2, count * h.height * 2));
  for (size_t plane = first; plane < first + count; ++plane) parts.push_back(source.planes[plane]);
  return decode_with_stb(parts, {.width = h.width, .height = h.height}, size_t{4} * h.width * h.height);
}

}  // namespace

Image decode_psd(const EncodedImage& in) {
  PsdReader file{in};
  const PsdHeader h = read_header(file);
  const std::span<const uint8_t> colors = file.take(file.number(4));
  file.take(file.number(4));  // resources
  file.take(file.number(4));  // layers
  const PsdPlanes source = find_planes(file, h);
  // A run makes at most 128 pixels of two bytes: what the header claims must be there before anything is
  // allocated.
  const uint64_t plane = uint64_t{h.width} * h.height;
  for (const std::span<const uint8_t> bytes : source.planes) {
    if (bytes.size() < plane / 64)
      fail_damaged(in, "a PSD plane of ", plane, " pixels in ", bytes.size(), " bytes");
  }
  Image image = make_image(h.width, h.height, h.mode);
  if (h.mode == PixelMode::palette) read_palette(in, colors, image);
  const uint8_t invert = h.mode == PixelMode::cmyk ? 255 : 0;
  for (size_t first = 0; first < h.planes; first += 3) {
    const size_t count = std::min<size_t>(3, h.planes - first);
    const StbPixels planes = decode_planes(h, source, first, count);
    if (planes.pixels == nullptr) fail_damaged(in, "PSD picture data: ", planes.failure);
    for (size_t i = 0; i < plane; ++i)
      for (size_t c = 0; c < count; ++c)
        image.pixels[i * h.planes + first + c] = planes.bytes()[4 * i + c] ^ invert;
  }
  return image;
}

}  // namespace simdclip
