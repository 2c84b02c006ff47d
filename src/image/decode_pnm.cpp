// PBM, PGM and PPM, plain and binary, any maximum value: scaled and rounded as Pillow does.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string_view>

#include "image/decode.h"
#include "image/unpack.h"

namespace simdclip {
namespace {

constexpr bool is_space(uint8_t c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

class Reader {
 public:
  explicit Reader(const EncodedImage& in) : in_(in) {}
  size_t position() const noexcept { return at_; }

  // The next run of characters up to white space, which is consumed; comments run to the end of the line.
  std::string_view header_token() {
    length_ = 0;
    while (at_ < in_.size()) {
      const uint8_t c = in_.at(at_++);
      if (is_space(c)) {
        if (length_ > 0) break;
      } else if (c == '#') {
        while (at_ < in_.size() && in_.at(at_) != '\n' && in_.at(at_) != '\r') ++at_;
        at_ += at_ < in_.size();
      } else {
        append(c);
      }
    }
    if (length_ == 0) fail_damaged(in_, "PNM header ends after ", in_.size(), " bytes");
    return {token_, length_};
  }
  uint64_t number(std::string_view text) const {
    uint64_t v = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') fail_damaged(in_, "PNM: '", text, "' where a number must stand");
      v = v * 10 + static_cast<uint64_t>(c - '0');
    }
    return v;
  }
  uint64_t header_number() { return number(header_token()); }

  // In the data of plain files comments end tokens no more than they start them.
  uint64_t data_number() {
    skip_to_data();
    length_ = 0;
    while (at_ < in_.size() && !is_space(in_.at(at_))) {
      if (in_.at(at_) == '#') {
        skip_comment();
      } else {
        append(in_.at(at_++));
      }
    }
    if (length_ == 0) fail_damaged(in_, "PNM data ends after ", in_.size(), " bytes");
    return number({token_, length_});
  }
  uint8_t data_bit() {
    skip_to_data();
    if (at_ >= in_.size()) fail_damaged(in_, "PNM data ends after ", in_.size(), " bytes");
    const uint8_t c = in_.at(at_++);
    if (c != '0' && c != '1')
      fail_damaged(in_, "PNM: byte ", static_cast<int>(c), " where 0 or 1 must stand");
    return static_cast<uint8_t>(c == '0' ? 255 : 0);
  }

 private:
  void append(uint8_t c) {
    if (length_ == sizeof token_) fail_damaged(in_, "PNM: a number of more than 10 digits");
    token_[length_++] = static_cast<char>(c);
  }
  void skip_comment() {
    while (at_ < in_.size() && in_.at(at_) != '\n' && in_.at(at_) != '\r') ++at_;
    at_ += at_ < in_.size();
  }
  void skip_to_data() {
    while (at_ < in_.size()) {
      if (in_.at(at_) == '#') {
        skip_comment();
      } else if (is_space(in_.at(at_))) {
        ++at_;
      } else {
        return;
      }
    }
  }

  const EncodedImage& in_;
  size_t at_ = 2;
  char token_[10];
  size_t length_ = 0;
};

// round(value / maximum * out_maximum), half to even, in Python's order.
uint32_t scaled(uint64_t value, uint64_t maximum, uint32_t out_maximum) noexcept {
  return static_cast<uint32_t>(
      std::nearbyint(static_cast<double>(value) / static_cast<double>(maximum) * out_maximum));
}

void put(Image& image, size_t i, uint32_t value) {
  if (image.mode == PixelMode::grey32) {
    const int32_t v = static_cast<int32_t>(value);
    std::memcpy(image.pixels.data() + 4 * i, &v, 4);
  } else {
    image.pixels[i] = static_cast<uint8_t>(value);
  }
}

void read_plain(const EncodedImage& in, Reader& reader, uint64_t maximum, size_t samples, Image& image) {
  const uint32_t out_maximum = image.mode == PixelMode::grey32 ? 65535 : 255;
  for (size_t i = 0; i < samples; ++i) {
    if (image.mode == PixelMode::bilevel) {
      image.pixels[i] = reader.data_bit();
      continue;
    }
    const uint64_t v = reader.data_number();
    if (v > maximum) fail_damaged(in, "PNM: value ", v, " is above the maximum ", maximum);
    put(image, i, scaled(v, maximum, out_maximum));
  }
}

void read_binary(const EncodedImage& in, size_t at, uint64_t maximum, size_t samples, Image& image) {
  const size_t row_bits = (size_t{image.width} + 7) / 8;
  const size_t wide = maximum > 255 ? 2 : 1;
  const size_t needed = image.mode == PixelMode::bilevel ? row_bits * image.height : samples * wide;
  if (needed > in.size() - at)
    fail_damaged(in, "PNM pixels need ", needed, " bytes from ", at, " on, the file has ", in.size());
  const uint8_t* data = in.data() + at;
  if (image.mode == PixelMode::bilevel) {
    for (size_t y = 0; y < image.height; ++y)
      unpack_bits(data + y * row_bits, image.width, 1, image.pixels.data() + y * image.width);
    for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(v != 0 ? 0 : 255);
    return;
  }
  if (maximum == 255) {
    std::memcpy(image.pixels.data(), data, samples);
    return;
  }
  const uint32_t out_maximum = image.mode == PixelMode::grey32 ? 65535 : 255;
  for (size_t i = 0; i < samples; ++i) {
    const uint64_t v = wide == 1 ? data[i] : data[2 * i] * uint64_t{256} + data[2 * i + 1];
    put(image, i, std::min(out_maximum, scaled(v, maximum, out_maximum)));
  }
}

}  // namespace

Image decode_pnm(const EncodedImage& in) {
  const int kind = in.at(1) - '0';  // 1-3 plain, 4-6 binary: bits, grey, RGB
  Reader reader(in);
  const uint64_t width = reader.header_number(), height = reader.header_number();
  check_dimensions(in, "PNM", width, height);
  const bool bits = kind % 3 == 1, grey = kind % 3 == 2;
  uint64_t maximum = 1;
  if (!bits) {
    maximum = reader.header_number();
    if (maximum == 0 || maximum > 65535)
      fail_damaged(in, "PNM: a maximum value of ", maximum, ", 1 to 65535 are possible");
  }
  const PixelMode mode = bits            ? PixelMode::bilevel
                         : !grey         ? PixelMode::rgb
                         : maximum > 255 ? PixelMode::grey32
                                         : PixelMode::grey;
  const uint64_t samples = width * height * (bits || grey ? 1 : 3);
  // At least a bit of the file for each sample: a short file cannot claim a large picture.
  if (samples / 8 > in.size())
    fail_damaged(in, "PNM of ", width, " x ", height, " pixels in ", in.size(), " bytes");
  Image image = make_image(static_cast<uint32_t>(width), static_cast<uint32_t>(height), mode);
  if (kind <= 3) {
    read_plain(in, reader, maximum, samples, image);
  } else {
    read_binary(in, reader.position(), maximum, samples, image);
  }
  return image;
}

}  // namespace simdclip
