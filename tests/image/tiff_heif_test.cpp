// TIFF and HEIF, in builds that have the libraries.
#include <gtest/gtest.h>

#include "image/files.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

#if defined(SIMDCLIP_HAVE_TIFF)

void put16(std::string& out, unsigned value) {
  out += {static_cast<char>(value & 255U), static_cast<char>(value >> 8U)};
}
void put32(std::string& out, uint32_t value) {
  put16(out, value & 0xFFFFU);
  put16(out, value >> 16U);
}

// Uncompressed RGB in one strip, little-endian.
std::string tiff(uint32_t width, uint32_t height, unsigned orientation, const std::string& pixels) {
  std::string out("II*\0", 4);
  put32(out, 8);
  const struct {
    unsigned tag, type;
    uint32_t count, value;
  } entries[] = {{256, 4, 1, width},       {257, 4, 1, height},
                 {258, 3, 1, 8},           {259, 3, 1, 1},
                 {262, 3, 1, 2},           {273, 4, 1, 140},
                 {274, 3, 1, orientation}, {277, 3, 1, 3},
                 {278, 4, 1, height},      {279, 4, 1, static_cast<uint32_t>(pixels.size())}};
  put16(out, 10);
  for (const auto& e : entries) {
    put16(out, e.tag);
    put16(out, e.type);
    put32(out, e.count);
    put32(out, e.value);
  }
  put32(out, 0);
  out.resize(140);
  return out + pixels;
}

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Tiff, KeepsPixelsAndOrientation) {
  std::string pixels;
  for (int i = 0; i < 3 * 2 * 3; ++i) pixels += static_cast<char>(i * 7);
  for (unsigned orientation = 1; orientation <= 8; ++orientation) {
    const Image image = decode_image(bytes(tiff(3, 2, orientation, pixels)));
    ASSERT_EQ(image.width, 3U);
    ASSERT_EQ(image.height, 2U);
    EXPECT_EQ(image.mode, PixelMode::rgb);
    EXPECT_EQ(image.orientation, static_cast<int>(orientation));
    EXPECT_EQ(std::string(image.pixels.begin(), image.pixels.end()), pixels)
        << "as stored, orientation " << orientation;
  }
}

TEST(Tiff, CutAnywhereOrHugeIsAnError) {
  const std::string whole = tiff(40, 30, 1, std::string(3600, 'x'));
  for (size_t size = 4; size < whole.size(); size += 13) {
    try {
      decode_image(bytes(whole.substr(0, size)));
      ADD_FAILURE() << "cut at " << size << " was read";
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported)
          << error.what();
    }
  }
  expect_error(ErrorCode::too_large, [] { decode_image(bytes(tiff(65535, 65535, 1, ""))); }, {"65535"});
  expect_error(ErrorCode::damaged, [] { decode_image(bytes(tiff(0, 5, 1, ""))); });
  for (size_t at = 8; at < 130; ++at) {
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x81);
    try {
      decode_image(bytes(flipped));
    } catch (const Error&) {
    }
  }
}

TEST(Tiff, SharedPicture) {
  const std::string path = shared_data("image-formats/chess-knight.tiff");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no shared data at " << path;
  EXPECT_GT(load_image(path).width, 10U);
}

#endif

#if defined(SIMDCLIP_HAVE_HEIF)

// The same photo as JPEG and HEIC: nearly the same pixels.
TEST(Heif, SharedPictureLooksLikeItsJpeg) {
  const std::string folder = shared_data("image-formats/");
  if (!std::filesystem::exists(folder + "bee.heic")) GTEST_SKIP() << "no shared data at " << folder;
  const Image heic = load_image(folder + "bee.heic"),
              jpeg = load_image(folder + "bee.jpg", {.apply_orientation = true});
  ASSERT_EQ(heic.width, jpeg.width);
  ASSERT_EQ(heic.height, jpeg.height);
  double difference = 0;
  for (size_t i = 0; i < jpeg.pixels.size(); ++i)
    difference += std::abs(int{heic.pixels[i]} - int{jpeg.pixels[i]});
  EXPECT_LT(difference / static_cast<double>(jpeg.pixels.size()), 8);
}

TEST(Heif, CutOnesAreErrors) {
  const std::string path = shared_data("image-formats/bee.heic");
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no shared data at " << path;
  const std::vector<std::byte> whole = read_bytes(path);
  for (size_t percent = 1; percent < 100; percent += 7) {
    try {
      decode_image(std::span(whole).first(whole.size() * percent / 100));
      ADD_FAILURE() << "cut at " << percent << " % was read";
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported)
          << error.what();
    }
  }
}

#endif

}  // namespace
}  // namespace simdclip::tests
