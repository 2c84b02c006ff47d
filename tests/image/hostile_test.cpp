// Damaged and malicious files: an Error with a stable code or a success, within a second, and no more memory
// than the header allows.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstring>
#include <optional>
#include <random>

#include "image/files.h"
#include "image/preprocess.h"
#include "simdclip/error.h"
#include "support/cpu_time.h"

namespace simdclip::tests {
namespace {

using Bytes = std::vector<std::byte>;

// Nothing: decoded and preprocessed. Anything but an Error of the three codes, or more than a second, fails
// the test.
std::optional<ErrorCode> verdict(const Bytes& bytes, const std::string& what) {
  const double begin = cpu_seconds();
  std::optional<ErrorCode> code;
  try {
    const Image image = decode_image(bytes, {}, what);
    std::vector<float> out(size_t{3} * 32 * 32);
    preprocess(image, openai_config(), 32, 32, out);
  } catch (const Error& e) {
    code = e.code();
    EXPECT_TRUE(e.code() == ErrorCode::damaged || e.code() == ErrorCode::unsupported ||
                e.code() == ErrorCode::too_large)
        << e.what();
    EXPECT_EQ(std::string(e.what()).find(what), 0U)
        << "the message does not begin with the file's name: " << e.what();
  } catch (const std::exception& e) {
    ADD_FAILURE() << what << ": another exception: " << e.what();
  }
  EXPECT_LT(cpu_seconds() - begin, 1 * kSlower) << what;
  return code;
}

// The same by way of preprocess_encoded, to a size for which most pictures are cropped.
std::optional<ErrorCode> streamed_verdict(const Bytes& bytes) {
  std::vector<float> out(size_t{3} * 8 * 8);
  try {
    preprocess_encoded(bytes, {}, "streamed", openai_config(), 8, 8, out,
                       kernels::select_kernels(default_isa()));
  } catch (const Error& e) {
    return e.code();
  }
  return std::nullopt;
}

Bytes bytes_of(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

template <typename T>
void put(Bytes& bytes, size_t at, T value, bool big_endian = false) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    bytes[at + i] = static_cast<std::byte>(value >> 8 * (big_endian ? sizeof(T) - 1 - i : i) & 255);
  }
}

// The checksum of the PNG chunk that begins at `at` made right again.
void fix_png_crc(Bytes& bytes, size_t at) {
  uint32_t length = 0;
  for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<uint32_t>(bytes[at + i]);
  if (length > bytes.size() - at - 12) return;  // the length itself is damaged
  const auto* kind = reinterpret_cast<const Bytef*>(bytes.data() + at + 4);
  put(bytes, at + 8 + length, static_cast<uint32_t>(crc32(0, kind, length + 4)), true);
}

// --- cut off
// ----------------------------------------------------------------------------------------------------------------------

TEST(Hostile, TruncatedFilesAreRefusedWherePillowRefusesThem) {
  size_t cases = 0;
  for (const Fields& f : golden("truncated")) {
    if (not_read_here(f[1])) continue;
    const Bytes whole = read_bytes(fixture(f[1]));
    for (size_t percent = 1; percent <= 99; ++percent) {
      const Bytes part(whole.begin(),
                       whole.begin() + static_cast<std::ptrdiff_t>(whole.size() * percent / 100));
      const auto code = verdict(part, f[1] + " cut at " + std::to_string(percent) + " %");
      EXPECT_EQ(streamed_verdict(part), code) << f[1] << " cut at " << percent << " %, streamed";
      EXPECT_TRUE(code.has_value() || f[2][percent - 1] == '1')
          << f[1] << " cut at " << percent << " % passes, and Pillow refuses it";
      ++cases;
    }
  }
  EXPECT_GE(cases, 1782U);
  RecordProperty("cases", static_cast<int>(cases));
}

TEST(Hostile, EveryPrefixOfEveryHeader) {
  for (const char* name : {"jpeg_420.jpg", "png_palette_4_trns.png", "gif_P_transparent.gif", "bmp_bgra.bmp",
                           "tga_P_rle.tga", "pnm_RGB.ppm", "webp_alpha.webp", "psd_cmyk_rle.psd"}) {
    if (not_read_here(name)) continue;
    const Bytes whole = read_bytes(fixture(name));
    for (size_t n = 0; n < std::min<size_t>(whole.size(), 200); ++n) {
      verdict(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)),
              std::string(name) + " first " + std::to_string(n) + " bytes");
    }
  }
}

TEST(Hostile, TheErrorOfACutFileSaysSo) {
  const Bytes whole = read_bytes(fixture("jpeg_420.jpg"));
  try {
    decode_image(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(whole.size() / 2)), {},
                 "photo.jpg");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::damaged);
    const std::string message = e.what();
    for (const char* part : {"photo.jpg", "before row", "of 31", "cut off"})
      EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

// --- enormous
// ---------------------------------------------------------------------------------------------------------------------

Bytes with_dimensions(const std::string& name, uint32_t width, uint32_t height) {
  Bytes bytes = read_bytes(fixture(name));
  if (name.starts_with("png")) {
    put(bytes, 16, width, true);
    put(bytes, 20, height, true);
    fix_png_crc(bytes, 8);
  } else if (name.starts_with("bmp")) {
    put(bytes, 18, width);
    put(bytes, 22, height);
  } else if (name.starts_with("gif")) {
    put(bytes, 6, static_cast<uint16_t>(width));
    put(bytes, 8, static_cast<uint16_t>(height));
  } else if (name.starts_with("tga")) {
    put(bytes, 12, static_cast<uint16_t>(width));
    put(bytes, 14, static_cast<uint16_t>(height));
  } else if (name.starts_with("psd")) {
    put(bytes, 14, height, true);
    put(bytes, 18, width, true);
  } else if (name.starts_with("jpeg")) {
    for (size_t i = 0; i + 9 < bytes.size(); ++i) {
      const auto b = static_cast<uint8_t>(bytes[i + 1]);
      if (static_cast<uint8_t>(bytes[i]) != 0xFF || (b != 0xC0 && b != 0xC2)) continue;
      put(bytes, i + 5, static_cast<uint16_t>(height), true);
      put(bytes, i + 7, static_cast<uint16_t>(width), true);
      break;
    }
  }
  return bytes;
}

TEST(Hostile, EnormousDimensionsAreRefusedBeforeAnythingIsAllocated) {
  rusage before;
  getrusage(RUSAGE_SELF, &before);
  for (const char* name :
       {"png_rgb_8.png", "png_grey_1.png", "png_palette_8_interlaced.png", "bmp_24.bmp", "bmp_rle8.bmp",
        "gif_P.gif", "gif_P_transparent.gif", "tga_RGB.tga", "tga_RGB_rle.tga", "jpeg_420.jpg",
        "jpeg_progressive.jpg", "jpeg_cmyk.jpg", "psd_rgb.psd", "psd_palette_rle.psd"}) {
    for (const auto& [width, height] :
         {std::pair<uint32_t, uint32_t>{65535, 65535}, {65500, 65500}, {65535, 60000}}) {
      const auto code =
          verdict(with_dimensions(name, width, height),
                  std::string(name) + " of " + std::to_string(width) + " x " + std::to_string(height));
      EXPECT_TRUE(code == ErrorCode::too_large) << name;
    }
  }
  for (const uint32_t side : {0x7FFFFFFFU, 0x80000000U, 0xFFFFFFFFU, 1U << 20}) {
    for (const char* name : {"png_rgb_8.png", "bmp_24.bmp", "bmp_palette_1.bmp", "psd_rgb_rle.psd"}) {
      EXPECT_TRUE(verdict(with_dimensions(name, side, 1U << 20),
                          std::string(name) + " of side " + std::to_string(side))
                      .has_value());
      EXPECT_TRUE(verdict(with_dimensions(name, 1U << 20, side),
                          std::string(name) + " of side " + std::to_string(side))
                      .has_value());
    }
  }
  for (const char* header :
       {"P6 65535 65535 255\n", "P5 4294967295 4294967295 255\n", "P4 9999999999 9999999999\n",
        "P1 99999999999 1\n", "P3 100000 100000 255\n1 2 3"}) {
    EXPECT_TRUE(verdict(bytes_of(header), header).has_value());
  }
  rusage after;
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 200 * 1024) << "kilobytes";
}

TEST(Hostile, EmptyDimensions) {
  for (const char* name : {"png_rgb_8.png", "bmp_24.bmp", "jpeg_420.jpg", "psd_rgb.psd"}) {
    EXPECT_TRUE(verdict(with_dimensions(name, 0, 10), std::string(name) + " without width").has_value());
    EXPECT_TRUE(verdict(with_dimensions(name, 10, 0), std::string(name) + " without height").has_value());
  }
  EXPECT_TRUE(verdict(bytes_of("P6 0 5 255\n"), "PPM without width") == ErrorCode::damaged);
}

TEST(Hostile, ThinPictures) {
  // 1 x 20000 and the like are legal; their resized form is enormous, of which only the crop is computed.
  for (const auto& [width, height] :
       {std::pair<int, int>{1, 20000}, {20000, 1}, {1, 1}, {2, 65000}, {3, 7000}}) {
    std::string text = "P5 " + std::to_string(width) + ' ' + std::to_string(height) + " 255\n";
    text.append(static_cast<size_t>(width) * static_cast<size_t>(height), '\x7f');
    EXPECT_FALSE(verdict(bytes_of(text), "thin").has_value()) << width << " x " << height;
  }
}

TEST(Hostile, PixelCapIsAnOption) {
  DecodeOptions options;
  options.max_pixels = 45 * 31 - 1;
  EXPECT_THROW(load_image(fixture("jpeg_420.jpg"), options), Error);
  options.max_pixels = 45 * 31;
  EXPECT_NO_THROW(load_image(fixture("jpeg_420.jpg"), options));
}

// --- bombs
// ------------------------------------------------------------------------------------------------------------------------

TEST(Hostile, CompressedTextIsNotInflatedWithoutLimit) {
  // A zTXt chunk that inflates to 64 MB.
  const std::string zeros(64 << 20, '\0');
  std::string packed(compressBound(zeros.size()), '\0');
  uLongf size = packed.size();
  ASSERT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size,
                     reinterpret_cast<const Bytef*>(zeros.data()), zeros.size()),
            Z_OK);
  std::string body = std::string("zTXtkey\0\0", 9) + packed.substr(0, size);
  Bytes bytes = read_bytes(fixture("png_rgb_8.png"));
  Bytes chunk = bytes_of(std::string(4, '\0') + body + std::string(4, '\0'));
  put(chunk, 0, static_cast<uint32_t>(body.size() - 4), true);
  fix_png_crc(chunk, 0);
  bytes.insert(bytes.begin() + 33, chunk.begin(), chunk.end());
  rusage before;
  getrusage(RUSAGE_SELF, &before);
  verdict(bytes, "PNG with a text bomb");
  rusage after;
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 40 * 1024) << "kilobytes";
}

TEST(Hostile, ProgressiveJpegWithEndlessScans) {
  // The last scan of a progressive file repeated 3000 times over 8000 x 8000 pixels: bytes cost the sender
  // little.
  Bytes bytes = with_dimensions("jpeg_progressive.jpg", 8000, 8000);
  size_t scan = 0;
  for (size_t i = 0; i + 1 < bytes.size(); ++i) {
    if (static_cast<uint8_t>(bytes[i]) == 0xFF && static_cast<uint8_t>(bytes[i + 1]) == 0xDA) scan = i;
  }
  const Bytes last(bytes.begin() + static_cast<std::ptrdiff_t>(scan), bytes.end() - 2);
  bytes.resize(bytes.size() - 2);
  for (int i = 0; i < 3000; ++i) bytes.insert(bytes.end(), last.begin(), last.end());
  EXPECT_TRUE(verdict(bytes, "scans") == ErrorCode::too_large);
}

// --- wrong inside
// -----------------------------------------------------------------------------------------------------------------

TEST(Hostile, WrongChecksums) {
  for (const char* name : {"png_rgb_8.png", "png_palette_4.png"}) {
    Bytes bytes = read_bytes(fixture(name));
    bytes[29] ^= std::byte{1};
    EXPECT_TRUE(verdict(bytes, "PNG with a wrong header checksum") == ErrorCode::damaged);
    bytes = read_bytes(fixture(name));
    bytes[bytes.size() - 13] ^= std::byte{1};
    EXPECT_TRUE(verdict(bytes, "PNG with a wrong pixel checksum") == ErrorCode::damaged);
  }
}

TEST(Hostile, UnusualPngHeaders) {
  for (size_t at = 24; at < 29; ++at) {  // depth, colour, compression, filter, interlace
    for (int value = 0; value < 256; value += at < 26 ? 1 : 51) {
      Bytes bytes = read_bytes(fixture("png_grey_8.png"));
      bytes[at] = static_cast<std::byte>(value);
      fix_png_crc(bytes, 8);
      verdict(bytes, "PNG with byte " + std::to_string(at) + " = " + std::to_string(value));
    }
  }
}

TEST(Hostile, WrongExtensionsDoNotMatter) {
  for (const char* name : {"jpeg_420.jpg", "png_rgb_8.png", "gif_P.gif", "bmp_24.bmp", "pnm_RGB.ppm"}) {
    EXPECT_FALSE(verdict(read_bytes(fixture(name)), "picture.webp").has_value()) << name;
  }
}

TEST(Hostile, WhatIsNoPicture) {
  using namespace std::string_literals;
  const std::pair<std::string, const char*> files[] = {{"hello, this is a text\n", "no picture"},
                                                       {"II*\0\x08\0\0\0"s, "TIFF"},
                                                       {"\0\0\0\x18"
                                                        "ftypheic"s,
                                                        "HEIC"},
                                                       {"\0\0\0\x18"
                                                        "ftypavif"s,
                                                        "AVIF"},
                                                       {"\0\0\0\fjP  \r\n\x87\n"s, "JPEG 2000"},
                                                       {"8BPS\0\2"s, "Photoshop"},
                                                       {"%PDF-1.7\n"s, "PDF"},
                                                       {std::string(64, '\xff'), "no picture"},
                                                       {"P7\nWIDTH 1\n"s, "no picture"}};
  for (const auto& [text, part] : files) {
    try {
      decode_image(bytes_of(text), {}, "file");
      ADD_FAILURE() << part;
    } catch (const Error& e) {
      const std::string kind = part;
      if (kind == "TIFF" || kind == "HEIC" || kind == "AVIF") {
        // A build with the library says what is wrong with the file, one without it says what it is.
        EXPECT_TRUE(e.code() == ErrorCode::unsupported || e.code() == ErrorCode::damaged) << e.what();
        continue;
      }
      EXPECT_EQ(e.code(), ErrorCode::unsupported) << e.what();
      EXPECT_NE(std::string(e.what()).find(part), std::string::npos) << e.what();
    }
  }
  EXPECT_TRUE(verdict({}, "empty") == ErrorCode::damaged);
}

TEST(Hostile, GifCodesThatAreNotDefined) {
  for (const uint8_t bits : {0, 1, 2, 7, 8, 11, 12, 13, 31, 255}) {
    for (const uint8_t fill : {0x00, 0x55, 0xAA, 0xFF}) {
      Bytes bytes = read_bytes(fixture("gif_L.gif"));
      size_t at = bytes.size() - 2;
      for (size_t i = 13; i + 10 < bytes.size(); ++i) {  // the image descriptor of the one frame
        if (bytes[i] == std::byte{','} && bytes[i + 1] == std::byte{0} && bytes[i + 5] == std::byte{45})
          at = i + 10;
      }
      at += bytes[at - 1] == std::byte{0x87} || bytes[at - 1] == std::byte{0xC7} ? 768 : 0;
      bytes.resize(std::min(at, bytes.size()));
      bytes.push_back(static_cast<std::byte>(bits));
      for (int block = 0; block < 40; ++block) {
        bytes.push_back(std::byte{255});
        bytes.insert(bytes.end(), 255, static_cast<std::byte>(fill));
      }
      verdict(bytes, "GIF with " + std::to_string(bits) + " bits of " + std::to_string(fill));
    }
  }
}

// Random damage to every fixture: any outcome, but none that takes a second, crashes or is another exception.
TEST(Hostile, RandomDamageToEveryFixture) {
  std::mt19937 random(20261124);
  for (const Fields& f : golden("decode")) {
    if (not_read_here(f[1])) continue;
    const Bytes whole = read_bytes(fixture(f[1]));
    for (int round = 0; round < 40; ++round) {
      Bytes bytes = whole;
      const size_t flips = 1 + random() % 6;
      for (size_t i = 0; i < flips; ++i) {
        const size_t at =
            round % 2 == 0 ? random() % std::min<size_t>(bytes.size(), 100) : random() % bytes.size();
        bytes[at] = static_cast<std::byte>(random() % 3 == 0 ? 255 : random() & 255);
      }
      if (f[1].ends_with(".png")) {  // so that the damage gets past the first checksum
        fix_png_crc(bytes, 8);
      }
      DecodeOptions options;
      options.max_pixels = 1 << 22;
      try {
        const Image image = decode_image(bytes, options, "damaged");
        std::vector<float> out(size_t{3} * 16 * 16);
        preprocess(image, openai_config(), 16, 16, out);
      } catch (const Error& e) {
        EXPECT_TRUE(e.code() == ErrorCode::damaged || e.code() == ErrorCode::unsupported ||
                    e.code() == ErrorCode::too_large)
            << e.what();
      }
    }
  }
}

}  // namespace
}  // namespace simdclip::tests
