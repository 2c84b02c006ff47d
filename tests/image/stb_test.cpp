// stb_image as an independent reader: where it keeps what a file says (8 bits, no palette), both read the
// same pixels. docs/images.md says why it is no more than that.
#include <gtest/gtest.h>

#include <memory>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_JPEG
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#pragma GCC diagnostic ignored "-Wold-style-cast"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wunused-function"
#include <stb_image.h>
#pragma GCC diagnostic pop

#include "image/files.h"

namespace simdclip::tests {
namespace {

TEST(StbImage, ReadsTheSamePixels) {
  for (const char* name : {"png_grey_8.png",
                           "png_grey_8_interlaced.png",
                           "png_grey_2.png",
                           "png_grey_4_interlaced.png",
                           "png_rgb_8.png",
                           "png_rgb_8_interlaced.png",
                           "png_rgba_8.png",
                           "png_rgba_8_interlaced.png",
                           "png_grey_alpha_8.png",
                           "bmp_24.bmp",
                           "bmp_24_top_down.bmp",
                           "bmp_bgra.bmp",
                           "tga_L.tga",
                           "tga_L_rle.tga",
                           "tga_RGB.tga",
                           "tga_RGB_down.tga",
                           "tga_RGB_rle.tga",
                           "tga_RGBA.tga",
                           "tga_RGBA_rle_down.tga",
                           "pnm_L.pgm",
                           "pnm_RGB.ppm"}) {
    const Image image = load_image(fixture(name));
    const std::vector<std::byte> bytes = read_bytes(fixture(name));
    const int channels = static_cast<int>(bytes_per_pixel(image.mode));
    int width = 0, height = 0, found = 0;
    const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
        stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()), static_cast<int>(bytes.size()),
                              &width, &height, &found, channels),
        stbi_image_free);
    ASSERT_NE(pixels, nullptr) << name << ": " << stbi_failure_reason();
    EXPECT_EQ(static_cast<uint32_t>(width), image.width) << name;
    EXPECT_EQ(static_cast<uint32_t>(height), image.height) << name;
    EXPECT_EQ(found, channels) << name;
    EXPECT_EQ(crc(pixels.get(), image.pixels.size()), crc(image.pixels)) << name;
  }
}

}  // namespace
}  // namespace simdclip::tests
