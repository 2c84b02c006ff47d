// Photoshop files and PNGs by stb_image: what is handed to it, and what is refused before.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <algorithm>
#include <random>

#include "image/decode.h"
#include "image/files.h"
#include "simdclip/error.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

using Bytes = std::vector<std::byte>;

void put16(Bytes& bytes, size_t at, unsigned value) {
  bytes[at] = static_cast<std::byte>(value >> 8);
  bytes[at + 1] = static_cast<std::byte>(value & 255);
}

void expect_psd_error(ErrorCode code, const Bytes& bytes, std::initializer_list<const char*> parts) {
  expect_error(
      code, [&] { decode_image(bytes, {}, "picture.psd"); }, parts);
}

// Header fields of Photoshop files, by their place.
constexpr size_t kVersion = 4, kChannels = 12, kDepth = 22, kMode = 24;

TEST(Psd, WhatIsNotReadIsSaid) {
  const Bytes good = read_bytes(fixture("psd_rgb.psd"));
  Bytes bytes = good;
  put16(bytes, kVersion, 2);
  expect_psd_error(ErrorCode::unsupported, bytes, {"picture.psd", "version 2", "convert it"});
  for (const unsigned mode : {0U, 5U, 6U, 9U, 10U, 65535U}) {
    bytes = good;
    put16(bytes, kMode, mode);
    expect_psd_error(ErrorCode::unsupported, bytes, {"picture.psd", "mode", "8 bits"});
  }
  for (const unsigned depth : {0U, 1U, 7U, 16U, 32U, 65535U}) {
    bytes = good;
    put16(bytes, kDepth, depth);
    expect_psd_error(ErrorCode::unsupported, bytes, {"picture.psd", "bits a channel", "8 bits"});
  }
  for (const unsigned channels : {0U, 1U, 2U, 57U, 65535U}) {
    bytes = good;
    put16(bytes, kChannels, channels);
    expect_psd_error(ErrorCode::damaged, bytes, {"picture.psd", "channels"});
  }
  const size_t compression = 26 + 4 + (4 + 28) + 4;
  for (const unsigned kind : {2U, 3U, 65535U}) {
    bytes = good;
    put16(bytes, compression, kind);
    expect_psd_error(ErrorCode::unsupported, bytes, {"picture.psd", "compression"});
  }
  bytes = good;
  put16(bytes, kMode, 2);  // indexed, with no palette
  expect_psd_error(ErrorCode::damaged, bytes, {"picture.psd", "palette of 0 bytes"});
}

// Each of the three sections before the pixels may say that it is longer than the file.
TEST(Psd, SectionsThatAreTooLong) {
  const Bytes good = read_bytes(fixture("psd_rgb.psd"));
  for (const size_t at : {size_t{26}, size_t{30}, size_t{62}}) {
    for (const unsigned high : {0xFFFFU, 0x8000U, 0x7FFFU, 1U}) {
      Bytes bytes = good;
      put16(bytes, at, high);
      expect_psd_error(ErrorCode::damaged, bytes, {"picture.psd", "PSD data ends"});
    }
  }
}

TEST(Psd, EveryCutIsRefused) {
  for (const char* name : {"psd_rgb.psd", "psd_cmyk_rle.psd", "psd_palette_rle.psd"}) {
    const Bytes whole = read_bytes(fixture(name));
    for (size_t n = 4; n < whole.size(); n += n < 200 ? 1 : 37) {
      const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n));
      expect_psd_error(ErrorCode::damaged, part, {"picture.psd", "PSD data ends"});
    }
  }
}

// Rows whose lengths are wrong: runs that end too early or too late, never a read past the plane.
TEST(Psd, WrongRowLengths) {
  const Bytes good = read_bytes(fixture("psd_grey_rle.psd"));
  const size_t table = 26 + 4 + (4 + 28) + 4 + 2;
  Bytes bytes = good;
  put16(bytes, table + 60, 0);  // the last row
  expect_psd_error(ErrorCode::damaged, bytes, {"picture.psd", "ends too early"});
  bytes = good;
  put16(bytes, table, 65535);
  expect_psd_error(ErrorCode::damaged, bytes, {"picture.psd", "PSD data ends"});
  for (size_t row = 0; row < 31; ++row) put16(bytes, table + 2 * row, 0);
  expect_psd_error(ErrorCode::damaged, bytes, {"picture.psd", "0 bytes"});
  bytes = good;
  bytes[table + 62] = std::byte{0};  // other runs than before: too few or too many pixels in all
  try {
    EXPECT_EQ(decode_image(bytes, {}, "picture.psd").width, 45U);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::damaged) << error.what();
  }
}

// Pillow 13 takes the row lengths of channels that it does not show for pixels; the raw form of the same
// picture tells what is right.
TEST(Psd, FurtherChannelsOfPackedPicturesArePassedOver) {
  const Bytes rgb = read_bytes(fixture("psd_rgb_rle.psd"));
  const Image want = load_image(fixture("psd_rgb.psd"));
  const size_t table = 26 + 4 + (4 + 28) + 4 + 2, rows = want.height;
  Bytes five = rgb;
  put16(five, kChannels, 5);
  // Two planes more, each a repetition of the first: their lengths after those of the three, their data at
  // the end.
  const Bytes lengths(rgb.begin() + static_cast<std::ptrdiff_t>(table),
                      rgb.begin() + static_cast<std::ptrdiff_t>(table + 2 * rows));
  size_t bytes = 0;
  for (size_t y = 0; y < rows; ++y)
    bytes += static_cast<size_t>(lengths[2 * y]) << 8 | static_cast<size_t>(lengths[2 * y + 1]);
  const auto data = rgb.begin() + static_cast<std::ptrdiff_t>(table + 6 * rows);
  for (int plane = 0; plane < 2; ++plane) {
    five.insert(five.end(), data, data + static_cast<std::ptrdiff_t>(bytes));
    five.insert(five.begin() + static_cast<std::ptrdiff_t>(table + 6 * rows), lengths.begin(), lengths.end());
  }
  const Image image = decode_image(five, {}, "picture.psd");
  EXPECT_EQ(image.mode, PixelMode::rgb);
  EXPECT_EQ(image.pixels, want.pixels);
}

// --- PNG without libpng
// -------------------------------------------------------------------------------------------------------------------------

Image png_by_stb(std::span<const std::byte> bytes, const std::string& name) {
  const DecodeOptions options{.max_pixels = 1 << 22};
  return decode_png_by_stb({bytes, options, name});
}

TEST(StbPng, PillowsPixelsOrTheNameOfWhatReadsThem) {
  size_t read = 0, refused = 0;
  for (const Fields& f : golden("decode")) {
    if (!f[1].ends_with(".png")) continue;
    SCOPED_TRACE(f[1]);
    const Bytes bytes = read_bytes(fixture(f[1]));
    if (needs_libpng(f[1])) {
      expect_error(ErrorCode::unsupported, [&] { png_by_stb(bytes, f[1]); }, {f[1].c_str(), "libpng-dev"});
      ++refused;
      continue;
    }
    const Image image = png_by_stb(bytes, f[1]);
    EXPECT_EQ(pillow_mode(image.mode), f[2]);
    EXPECT_EQ(std::to_string(image.width) + "x" + std::to_string(image.height), f[3] + "x" + f[4]);
    EXPECT_EQ(std::to_string(image.orientation), f[5]);
    EXPECT_EQ(crc(image.pixels), f[6]);
    ++read;
  }
  EXPECT_GE(read, 30U);
  EXPECT_GE(refused, 20U);
}

TEST(StbPng, EveryCutIsRefused) {
  for (const char* name : {"png_rgb_8.png", "png_grey_16_interlaced.png", "png_rgba_8_interlaced.png"}) {
    const Bytes whole = read_bytes(fixture(name));
    for (size_t n = 8; n < whole.size(); ++n)
      expect_error(ErrorCode::damaged, [&] { png_by_stb(std::span(whole).first(n), name); },
                   {name, "PNG data ends"});
  }
}

// With the checksums made right again, so that the damage reaches stb_image.
TEST(StbPng, RandomDamage) {
  std::mt19937 random(20261124);
  size_t errors = 0;
  for (const char* name :
       {"png_rgb_8.png", "png_grey_2.png", "png_grey_16_interlaced.png", "png_rgba_16.png"}) {
    const Bytes whole = read_bytes(fixture(name));
    for (int round = 0; round < 400; ++round) {
      Bytes bytes = whole;
      for (size_t flips = 1 + random() % 4; flips > 0; --flips)
        bytes[8 + random() % (bytes.size() - 8)] = static_cast<std::byte>(random() & 255);
      for (size_t at = 8; at + 12 <= bytes.size();) {
        size_t length = 0;
        for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<size_t>(bytes[at + i]);
        if (length > bytes.size() - at - 12) break;
        const uLong sum =
            crc32(0, reinterpret_cast<const Bytef*>(bytes.data() + at + 4), static_cast<uInt>(length + 4));
        put16(bytes, at + 8 + length, static_cast<unsigned>(sum >> 16));
        put16(bytes, at + 10 + length, static_cast<unsigned>(sum & 65535));
        at += length + 12;
      }
      try {
        const Image image = png_by_stb(bytes, name);
        EXPECT_EQ(image.pixels.size(), size_t{image.width} * image.height * bytes_per_pixel(image.mode));
      } catch (const Error& error) {
        ++errors;
        EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported ||
                    error.code() == ErrorCode::too_large)
            << error.what();
      }
    }
  }
  EXPECT_GT(errors, 400U);
}

// 64 MB of zeros where 4 x 4 pixels should be.
TEST(StbPng, ABombIsNotInflated) {
  const std::string zeros(64 << 20, '\0');
  std::string packed(compressBound(zeros.size()), '\0');
  uLongf size = packed.size();
  ASSERT_EQ(compress2(reinterpret_cast<Bytef*>(packed.data()), &size,
                      reinterpret_cast<const Bytef*>(zeros.data()), zeros.size(), 1),
            Z_OK);
  packed.resize(size);
  std::string file("\x89PNG\r\n\x1A\n", 8);
  const auto number = [](uint32_t v) {
    return std::string{static_cast<char>(v >> 24), static_cast<char>(v >> 16), static_cast<char>(v >> 8),
                       static_cast<char>(v)};
  };
  const auto chunk = [&](const std::string& kind, const std::string& data) {
    const std::string body = kind + data;
    file += number(static_cast<uint32_t>(data.size())) + body +
            number(static_cast<uint32_t>(
                crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()))));
  };
  chunk("IHDR", number(4) + number(4) + std::string("\x08\0\0\0\0", 5));
  chunk("IDAT", packed);
  chunk("IEND", {});
  rusage before;
  getrusage(RUSAGE_SELF, &before);
  const auto* bytes = reinterpret_cast<const std::byte*>(file.data());
  expect_error(ErrorCode::damaged, [&] { png_by_stb({bytes, file.size()}, "bomb.png"); }, {"bomb.png"});
  rusage after;
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 40 * 1024) << "kilobytes";
}

}  // namespace
}  // namespace simdclip::tests
