// BMP: uncompressed, bit fields and RLE, with the modes that Pillow gives (a palette stays a palette, a grey
// one becomes L or 1).
#include <algorithm>
#include <cstring>
#include <vector>

#include "image/decode.h"
#include "image/unpack.h"

namespace simdclip {
namespace {

enum Compression : uint32_t { kRaw = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3 };

struct Header {
  uint32_t size = 0;  // of the information header
  uint32_t width = 0;
  uint64_t height = 0;
  bool top_down = false;
  uint32_t bits = 0, compression = kRaw, colors = 0, palette_entry = 4;
  uint32_t masks[4] = {};  // R, G, B, A
  size_t end = 0;          // of everything read so far
  size_t offset = 0;       // of the pixels
};

// Order of the bytes of a 32-bit pixel: where R, G, B and A lie; -1: no such channel.
struct ByteOrder {
  uint32_t masks[4];
  int8_t at[4];
};
constexpr ByteOrder kByteOrders[] = {
    {{0xFF0000, 0xFF00, 0xFF, 0}, {2, 1, 0, -1}},
    {{0xFF000000, 0xFF0000, 0xFF00, 0}, {3, 2, 1, -1}},
    {{0xFF000000, 0xFF00, 0xFF, 0}, {3, 1, 0, -1}},
    {{0xFF000000, 0xFF0000, 0xFF00, 0xFF}, {3, 2, 1, 0}},
    {{0xFF, 0xFF00, 0xFF0000, 0xFF000000}, {0, 1, 2, 3}},
    {{0xFF0000, 0xFF00, 0xFF, 0xFF000000}, {2, 1, 0, 3}},
    {{0xFF000000, 0xFF00, 0xFF, 0xFF0000}, {3, 1, 0, 2}},
    {{0, 0, 0, 0}, {2, 1, 0, 3}},
};

class Reader {
 public:
  explicit Reader(const EncodedImage& in) : in_(in) {}
  uint32_t u16(size_t at) const {
    need(at, 2);
    return in_.at(at) | static_cast<uint32_t>(in_.at(at + 1)) << 8;
  }
  uint32_t u32(size_t at) const { return u16(at) | u16(at + 2) << 16; }
  void need(size_t at, size_t n) const {
    if (at > in_.size() || n > in_.size() - at)
      fail_damaged(in_, "BMP data ends after ", in_.size(), " bytes");
  }

 private:
  const EncodedImage& in_;
};

Header read_header(const EncodedImage& in) {
  const Reader r(in);
  constexpr size_t kFileHeader = 14;
  Header h;
  h.offset = r.u32(10);
  h.size = r.u32(kFileHeader);
  const size_t at = kFileHeader;
  if (h.size == 12) {
    h.width = r.u16(at + 4);
    h.height = r.u16(at + 6);
    h.bits = r.u16(at + 10);
    h.palette_entry = 3;
  } else if (h.size == 40 || h.size == 52 || h.size == 56 || h.size == 64 || h.size == 108 || h.size == 124) {
    r.need(at, h.size);
    h.width = r.u32(at + 4);
    const uint32_t height = r.u32(at + 8);
    h.top_down = height >> 24 == 0xFF;
    h.height = h.top_down ? (uint64_t{1} << 32) - height : height;
    h.bits = r.u16(at + 14);
    h.compression = r.u32(at + 16);
    h.colors = r.u32(at + 32);
  } else {
    fail_unsupported(in, "BMP with an information header of ", h.size, " bytes");
  }
  h.end = at + h.size;
  r.need(at, h.size);
  if (h.compression == kBitFields) {
    const bool inside = h.size >= 52;
    for (size_t i = 0; i < (h.size >= 56 ? 4U : 3U); ++i)
      h.masks[i] = r.u32(inside ? at + 40 + 4 * i : h.end + 4 * i);
    if (!inside) h.end += 12;
  }
  if (h.colors == 0 && h.bits <= 16) h.colors = 1U << h.bits;
  if (h.offset == at + h.size && h.bits <= 8) h.offset += size_t{h.palette_entry} * h.colors;
  return h;
}

// Pillow drops a palette that is a grey ramp (or black and white).
bool grey_palette(const Header& h, const uint8_t* palette, size_t entries) {
  if (entries < h.colors) return false;
  for (size_t i = 0; i < h.colors; ++i) {
    const uint8_t* e = palette + i * h.palette_entry;
    const size_t v = h.colors == 2 ? i * 255 : i;
    if (v > 255 || e[0] != v || e[1] != v || e[2] != v) return false;
  }
  return true;
}

const ByteOrder& byte_order(const EncodedImage& in, const Header& h) {
  if (h.compression == kRaw) return kByteOrders[0];
  for (const ByteOrder& order : kByteOrders) {
    if (std::equal(order.masks, order.masks + 4, h.masks)) return order;
  }
  fail_unsupported(in, "BMP with unusual colour masks");
}

PixelMode mode_of(const EncodedImage& in, const Header& h) {
  const bool rle = h.compression == kRle8 || h.compression == kRle4;
  if (h.compression > kBitFields) fail_unsupported(in, "BMP with compression ", h.compression);
  switch (h.bits) {
    case 1:
    case 4:
    case 8:
      if (h.compression == kBitFields) break;
      return PixelMode::palette;
    case 16: {
      const bool known = (h.masks[0] == 0xF800 && h.masks[1] == 0x7E0 && h.masks[2] == 0x1F) ||
                         (h.masks[0] == 0x7C00 && h.masks[1] == 0x3E0 && h.masks[2] == 0x1F);
      if (rle || (h.compression == kBitFields && !known)) break;
      return PixelMode::rgb;
    }
    case 24:
      if (rle || (h.compression == kBitFields &&
                  !(h.masks[0] == 0xFF0000 && h.masks[1] == 0xFF00 && h.masks[2] == 0xFF)))
        break;
      return PixelMode::rgb;
    case 32:
      if (rle) break;
      return byte_order(in, h).at[3] >= 0 ? PixelMode::rgba : PixelMode::rgb;
    default: break;
  }
  fail_unsupported(in, "BMP of ", h.bits, " bits with compression ", h.compression);
}

void unpack_row(const EncodedImage& in, const Header& h, const uint8_t* row, Image& image, uint8_t* out) {
  const size_t n = image.width;
  if (h.bits <= 8) {
    // Pillow reads a grey palette's pixels by its mode, 1 or 8 bits, whatever the file says.
    unpack_bits(row, n,
                image.mode == PixelMode::bilevel ? 1
                : image.mode == PixelMode::grey  ? 8
                                                 : h.bits,
                out);
    if (image.mode == PixelMode::bilevel) {
      for (size_t x = 0; x < n; ++x) out[x] = static_cast<uint8_t>(out[x] != 0 ? 255 : 0);
    }
  } else if (h.bits == 16) {
    const uint32_t green = h.compression == kBitFields && h.masks[1] == 0x7E0 ? 6 : 5;
    for (size_t x = 0; x < n; ++x) unpack_rgb16(row + 2 * x, green, out + 3 * x);
  } else if (h.bits == 24) {
    for (size_t x = 0; x < n; ++x) {
      for (size_t c = 0; c < 3; ++c) out[3 * x + c] = row[3 * x + 2 - c];
    }
  } else {
    const ByteOrder& order = byte_order(in, h);
    const size_t channels = bytes_per_pixel(image.mode);
    for (size_t x = 0; x < n; ++x) {
      for (size_t c = 0; c < channels; ++c)
        out[channels * x + c] = row[4 * x + static_cast<size_t>(order.at[c])];
    }
  }
}

void read_raw(const EncodedImage& in, const Header& h, Image& image) {
  const uint64_t bits = image.mode == PixelMode::bilevel ? 1 : image.mode == PixelMode::grey ? 8 : h.bits;
  const uint64_t used = (h.width * bits + 7) / 8;
  const uint64_t stride = (uint64_t{h.width} * h.bits + 31) / 32 * 4;
  if (used > stride) fail_unsupported(in, "BMP of ", h.bits, " bits with a grey palette");
  const uint64_t needed = stride * (h.height - 1) + used;
  if (h.offset > in.size() || needed > in.size() - h.offset) {
    fail_damaged(in, "BMP pixels need ", needed, " bytes from ", h.offset, " on, the file has ", in.size());
  }
  const size_t row_bytes = size_t{image.width} * bytes_per_pixel(image.mode);
  for (size_t i = 0; i < h.height; ++i) {
    const size_t y = h.top_down ? i : static_cast<size_t>(h.height) - 1 - i;
    unpack_row(in, h, in.data() + h.offset + i * stride, image, image.pixels.data() + y * row_bytes);
  }
}

// Runs (count, value), and after a zero: end of line, end of bitmap, a jump, or literal pixels.
class RleReader {
 public:
  RleReader(const EncodedImage& in, const Header& h)
      : in_(in), rle4_(h.compression == kRle4), at_(h.offset), width_(h.width) {}

  // Indices in the order of the file; shorter than the picture when the data ends early.
  std::vector<uint8_t> read(size_t size) {
    data_.reserve(size);
    size_ = size;
    while (data_.size() < size && at_ + 2 <= in_.size()) {
      const uint8_t count = in_.at(at_), value = in_.at(at_ + 1);
      at_ += 2;
      if (count != 0) {
        run(count, value);
      } else if (value == 0) {
        while (data_.size() % width_ != 0) data_.push_back(0);
        x_ = 0;
      } else if (value == 1 || !(value == 2 ? jump() : literal(value))) {
        break;
      }
    }
    return std::move(data_);
  }

 private:
  void run(uint32_t count, uint8_t value) {
    if (x_ + count > width_) count = width_ > x_ ? static_cast<uint32_t>(width_ - x_) : 0;
    for (uint32_t i = 0; i < count; ++i) data_.push_back(rle4_ ? nibble(value, i) : value);
    x_ += count;
  }
  bool jump() {
    if (at_ + 2 > in_.size()) return false;
    const size_t distance = in_.at(at_) + in_.at(at_ + 1) * width_;
    at_ += 2;
    data_.resize(data_.size() + std::min(size_ - data_.size(), distance));
    x_ = data_.size() % width_;
    return true;
  }
  bool literal(uint32_t value) {
    const size_t count = std::min<size_t>(size_ - data_.size(), value),
                 bytes = rle4_ ? (count + 1) / 2 : count;
    if (bytes > in_.size() - at_) return false;
    for (size_t i = 0; i < count; ++i)
      data_.push_back(rle4_ ? nibble(in_.at(at_ + i / 2), i) : in_.at(at_ + i));
    at_ += bytes;
    if (data_.size() == size_) return false;
    x_ += value;
    at_ += at_ % 2;
    return true;
  }
  static uint8_t nibble(uint8_t byte, size_t i) noexcept {
    return static_cast<uint8_t>(i % 2 == 0 ? byte >> 4 : byte & 15);
  }

  const EncodedImage& in_;
  bool rle4_;
  size_t at_, width_, size_ = 0, x_ = 0;
  std::vector<uint8_t> data_;
};

void read_rle(const EncodedImage& in, const Header& h, Image& image) {
  const std::vector<uint8_t> data = RleReader(in, h).read(image.pixels.size());
  if (data.size() < image.pixels.size()) fail_damaged(in, "BMP run-length data ends before its last row");
  for (size_t i = 0; i < h.height; ++i) {
    const size_t y = h.top_down ? i : static_cast<size_t>(h.height) - 1 - i;
    std::memcpy(image.pixels.data() + y * image.width, data.data() + i * image.width, image.width);
  }
  if (image.mode == PixelMode::bilevel) {
    for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(v != 0 ? 255 : 0);
  }
}

}  // namespace

Image decode_bmp(const EncodedImage& in) {
  Header h = read_header(in);
  check_dimensions(in, "BMP", h.width, h.height);
  PixelMode mode = mode_of(in, h);
  const uint8_t* palette = in.data() + h.end;
  size_t entries = 0;
  if (mode == PixelMode::palette) {
    if (h.colors > 65536) fail_damaged(in, "BMP palette of ", h.colors, " colours");
    entries = std::min<size_t>(h.colors, (in.size() - std::min(h.end, in.size())) / h.palette_entry);
    if (grey_palette(h, palette, entries)) mode = h.colors <= 2 ? PixelMode::bilevel : PixelMode::grey;
    h.end += size_t{h.palette_entry} * h.colors;
  }
  if (h.offset == 0) h.offset = h.end;
  Image image = make_image(h.width, static_cast<uint32_t>(h.height), mode);
  if (mode == PixelMode::palette) {
    set_default_palette(image);
    for (size_t i = 0; i < std::min<size_t>(entries, 256); ++i) {
      for (size_t c = 0; c < 3; ++c) image.palette[4 * i + c] = palette[i * h.palette_entry + 2 - c];
    }
  }
  if (h.compression == kRle8 || h.compression == kRle4) {
    read_rle(in, h, image);
  } else {
    read_raw(in, h, image);
  }
  return image;
}

}  // namespace simdclip
