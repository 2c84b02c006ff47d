// The first frame of a GIF, with its colour indices (stb_image and others give colours, and lose that Pillow
// keeps mode P).
#include <algorithm>
#include <array>
#include <cstring>

#include "image/decode.h"

namespace simdclip {
namespace {

constexpr size_t kMaxCodes = 4096;  // 12 bits

// The bytes of the file, read in order; at the end Error damaged.
class Bytes {
 public:
  explicit Bytes(const EncodedImage& in) : in_(in) {}
  uint8_t u8() {
    if (at_ >= in_.size()) fail_damaged(in_, "GIF data ends after ", in_.size(), " bytes");
    return in_.at(at_++);
  }
  uint32_t u16() {
    const uint32_t low = u8();
    return low | static_cast<uint32_t>(u8()) << 8;
  }
  const uint8_t* take(size_t n) {
    if (n > in_.size() - at_) fail_damaged(in_, "GIF data ends after ", in_.size(), " bytes");
    const uint8_t* p = in_.data() + at_;
    at_ += n;
    return p;
  }
  void skip_blocks() {
    while (const uint8_t n = u8()) take(n);
  }
  bool at_end() const noexcept { return at_ >= in_.size(); }

 private:
  const EncodedImage& in_;
  size_t at_ = 0;
};

struct Palette {
  size_t colors = 0;
  const uint8_t* rgb = nullptr;
};

Palette read_palette(Bytes& bytes, uint8_t flags) {
  const size_t colors = size_t{2} << (flags & 7);
  return {colors, bytes.take(3 * colors)};
}

// Pillow makes a picture of mode L where the palette is the grey ramp.
bool is_grey_ramp(const Palette& p) {
  for (size_t i = 0; i < p.colors; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      if (p.rgb[3 * i + c] != i) return false;
    }
  }
  return true;
}

struct Frame {
  uint32_t x = 0, y = 0, width = 0, height = 0;
  bool interlaced = false;
};

// The pixels of a frame in the order in which a GIF stores them.
class Pen {
 public:
  Pen(Image& image, const Frame& frame) : image_(image), frame_(frame), step_(frame.interlaced ? 8 : 1) {
    line();
  }
  // False after the last pixel.
  bool put(uint8_t index) {
    row_[x_++] = index;
    if (x_ < frame_.width) return true;
    x_ = 0;
    y_ += step_;
    while (y_ >= frame_.height) {
      if (!frame_.interlaced || pass_ == 3) return false;
      static constexpr uint32_t kStart[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};
      ++pass_;
      y_ = kStart[pass_];
      step_ = kStep[pass_];
    }
    line();
    return true;
  }

 private:
  void line() { row_ = image_.pixels.data() + (size_t{frame_.y} + y_) * image_.width + frame_.x; }
  Image& image_;
  const Frame& frame_;
  uint8_t* row_ = nullptr;
  uint32_t x_ = 0, y_ = 0, step_, pass_ = 0;
};

// Codes of a bit width that grows, from blocks of up to 255 bytes.
class CodeReader {
 public:
  explicit CodeReader(Bytes& bytes) : bytes_(bytes) {}
  uint32_t next(uint32_t width) {
    while (bits_ < width) {
      while (left_ == 0) left_ = bytes_.u8();
      buffer_ |= static_cast<uint32_t>(bytes_.u8()) << bits_;
      --left_;
      bits_ += 8;
    }
    const uint32_t code = buffer_ & ((1U << width) - 1);
    buffer_ >>= width;
    bits_ -= width;
    return code;
  }

 private:
  Bytes& bytes_;
  uint32_t buffer_ = 0, bits_ = 0, left_ = 0;
};

void decode_lzw(const EncodedImage& in, Bytes& bytes, uint32_t bits, Pen& pen) {
  const uint32_t clear = 1U << bits, end = clear + 1;
  std::array<uint8_t, kMaxCodes> last;     // the last pixel of a code's string
  std::array<uint16_t, kMaxCodes> prefix;  // the code of the string before it
  std::array<uint8_t, kMaxCodes + 1> string;
  CodeReader codes(bytes);
  uint32_t width = bits + 1, next = clear + 2, previous = 0;
  uint8_t first_pixel = 0;
  bool fresh = true;  // no code since the last clear
  for (;;) {
    uint32_t code = codes.next(width);
    if (code == clear) {
      width = bits + 1;
      next = clear + 2;
      fresh = true;
      continue;
    }
    if (code == end) fail_damaged(in, "GIF picture data ends before its last row");
    if (code > (fresh ? clear : next))
      fail_damaged(in, "GIF picture data holds code ", code, " before it is defined");
    if (fresh) {
      fresh = false;
      first_pixel = static_cast<uint8_t>(code);
      previous = code;
      if (!pen.put(first_pixel)) return;
      continue;
    }
    const uint32_t this_code = code;
    size_t n = 0;  // the string, last pixel first
    if (code == next) {
      string[n++] = first_pixel;
      code = previous;
    }
    while (code >= clear) {
      if (n >= kMaxCodes || code >= kMaxCodes) fail_damaged(in, "GIF picture data holds an endless code");
      string[n++] = last[code];
      code = prefix[code];
    }
    first_pixel = static_cast<uint8_t>(code);
    string[n++] = first_pixel;
    if (next < kMaxCodes) {
      last[next] = first_pixel;
      prefix[next] = static_cast<uint16_t>(previous);
      if (next == (1U << width) - 1 && width < 12) ++width;
      ++next;
    }
    previous = this_code;
    while (n > 0) {
      if (!pen.put(string[--n])) return;
    }
  }
}

// Everything before the picture data of the first frame.
struct Header {
  uint32_t width = 0, height = 0;
  Palette palette;  // of the frame, else the global one
  Frame frame;
  int transparent = -1;
};

void read_extension(Bytes& bytes, Header& header) {
  constexpr uint8_t kGraphicControl = 249;
  const uint8_t label = bytes.u8();
  const uint8_t n = bytes.u8();
  if (n == 0) return;
  const uint8_t* block = bytes.take(n);
  if (label == kGraphicControl && n >= 4 && (block[0] & 1) != 0) header.transparent = block[3];
  bytes.skip_blocks();
}

Header read_header(const EncodedImage& in, Bytes& bytes) {
  Header h;
  bytes.take(6);
  h.width = bytes.u16();
  h.height = bytes.u16();
  const uint8_t flags = bytes.u8();
  bytes.take(2);  // background, aspect ratio
  if ((flags & 128) != 0) h.palette = read_palette(bytes, flags);
  for (;;) {
    if (bytes.at_end()) fail_damaged(in, "GIF data ends before its first frame");
    const uint8_t kind = bytes.u8();
    if (kind == ';') fail_damaged(in, "GIF without a frame");
    if (kind == '!') {
      read_extension(bytes, h);
    } else if (kind == ',') {
      break;
    }
  }
  h.frame.x = bytes.u16();
  h.frame.y = bytes.u16();
  h.frame.width = bytes.u16();
  h.frame.height = bytes.u16();
  const uint8_t frame_flags = bytes.u8();
  h.frame.interlaced = (frame_flags & 64) != 0;
  if ((frame_flags & 128) != 0) h.palette = read_palette(bytes, frame_flags);
  // Pillow enlarges the canvas for a frame that sticks out.
  h.width = std::max(h.width, h.frame.x + h.frame.width);
  h.height = std::max(h.height, h.frame.y + h.frame.height);
  return h;
}

}  // namespace

Image decode_gif(const EncodedImage& in) {
  Bytes bytes(in);
  const Header h = read_header(in, bytes);
  check_dimensions(in, "GIF", h.width, h.height);
  check_dimensions(in, "GIF frame", h.frame.width, h.frame.height);
  const bool indexed = h.palette.colors > 0 && !is_grey_ramp(h.palette);
  Image image = make_image(h.width, h.height, indexed ? PixelMode::palette : PixelMode::grey);
  if (indexed) {
    set_default_palette(image);
    for (size_t i = 0; i < h.palette.colors; ++i)
      std::memcpy(image.palette.data() + 4 * i, h.palette.rgb + 3 * i, 3);
  }
  if (h.transparent >= 0) {
    const uint8_t t = static_cast<uint8_t>(h.transparent);
    image.has_transparency = true;
    if (indexed) image.palette[size_t{4} * t + 3] = 0;
    image.transparent = {t, t, t};
    std::fill(image.pixels.begin(), image.pixels.end(), t);  // what the frame leaves uncovered
  }
  const uint32_t bits = bytes.u8();
  if (bits > 12) fail_damaged(in, "GIF picture data with codes of ", bits, " bits, at most 12 are possible");
  Pen pen(image, h.frame);
  decode_lzw(in, bytes, bits, pen);
  return image;
}

}  // namespace simdclip
