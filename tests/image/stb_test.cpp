// stb_image as an independent reader of PNG, GIF, BMP, TGA and PNM: where it keeps what a file says, both
// read the same bytes; and what it would lose in production, format by format (the table of docs/images.md).
// What it does read in production: psd_test.cpp.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstring>
#include <memory>

#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_JPEG
#include "image/files.h"
#include "image/stb_source.inl"
#include "simdclip/error.h"

namespace simdclip::tests {
namespace {

struct StbImage {
  uint32_t width = 0, height = 0, channels = 0;
  bool wide = false;            // 16 bits a sample
  std::vector<uint8_t> pixels;  // empty: stb_image refuses the file
};

// As many channels as stb_image finds, and 16 bits where it finds 16: the most that it keeps.
StbImage read_with_stb(std::span<const std::byte> bytes) {
  const auto* data = reinterpret_cast<const stbi_uc*>(bytes.data());
  const int size = static_cast<int>(bytes.size());
  int width = 0, height = 0, channels = 0;
  StbImage image;
  image.wide = stbi_is_16_bit_from_memory(data, size) != 0;
  const std::unique_ptr<void, void (*)(void*)> pixels(
      image.wide ? static_cast<void*>(stbi_load_16_from_memory(data, size, &width, &height, &channels, 0))
                 : static_cast<void*>(stbi_load_from_memory(data, size, &width, &height, &channels, 0)),
      stbi_image_free);
  if (pixels == nullptr) return image;
  image.width = static_cast<uint32_t>(width);
  image.height = static_cast<uint32_t>(height);
  image.channels = static_cast<uint32_t>(channels);
  const auto* first = static_cast<const uint8_t*>(pixels.get());
  image.pixels.assign(first,
                      first + size_t{image.width} * image.height * image.channels * (image.wide ? 2 : 1));
  return image;
}

enum class Verdict { same, no_palette, no_bilevel, other_pixels, refused };

// Whether Pillow's mode and pixels (`ours`: golden_test.cpp holds them to Pillow's) can be had from
// stb_image's.
Verdict compare(const Image& ours, const StbImage& stb) {
  if (stb.pixels.empty()) return Verdict::refused;
  // The mode decides how a picture is resized: P and 1 with NEAREST. stb_image gives colours, and 1 as grey.
  if (ours.mode == PixelMode::palette) return Verdict::no_palette;
  if (ours.mode == PixelMode::bilevel) return Verdict::no_bilevel;
  if (stb.width != ours.width || stb.height != ours.height) return Verdict::other_pixels;
  const size_t samples = ours.pixels.size() / (ours.mode == PixelMode::grey16   ? 2
                                               : ours.mode == PixelMode::grey32 ? 4
                                                                                : 1);
  if (stb.pixels.size() / (stb.wide ? 2 : 1) != samples) return Verdict::other_pixels;
  for (size_t i = 0; i < samples; ++i) {
    uint16_t wide = 0;
    if (stb.wide) std::memcpy(&wide, &stb.pixels[2 * i], 2);
    uint32_t want = 0, found = stb.wide ? wide : stb.pixels[i];
    if (ours.mode == PixelMode::grey16) {
      uint16_t v = 0;
      std::memcpy(&v, &ours.pixels[2 * i], 2);
      want = v;
    } else if (ours.mode == PixelMode::grey32) {
      std::memcpy(&want, &ours.pixels[4 * i], 4);
    } else {
      want = ours.pixels[i];
      if (stb.wide) found = wide >> 8;  // Pillow keeps the upper byte of 16-bit colours
    }
    if (found != want) return Verdict::other_pixels;
  }
  return Verdict::same;
}

struct Row {
  size_t files = 0, verdicts[5] = {};
  std::string others, refused;  // names of files
  size_t cut = 0,
         cut_read = 0;  // truncated files that are refused here, and those of them that stb_image reads
};

bool refused_here(std::span<const std::byte> bytes) {
  try {
    decode_image(bytes, {}, "cut");
    return false;
  } catch (const Error&) {
    return true;
  }
}

Row measure(const std::string& prefix) {
  Row row;
  for (const Fields& f : golden("decode")) {
    if (!f[1].starts_with(prefix)) continue;
    const std::vector<std::byte> bytes = read_bytes(fixture(f[1]));
    ++row.files;
    const Verdict verdict = compare(load_image(fixture(f[1])), read_with_stb(bytes));
    ++row.verdicts[static_cast<size_t>(verdict)];
    if (verdict == Verdict::other_pixels) row.others += " " + f[1];
    if (verdict == Verdict::refused) row.refused += " " + f[1];
    for (size_t percent = 10; percent < 100; percent += 10) {
      const std::span<const std::byte> cut = std::span(bytes).first(bytes.size() * percent / 100);
      if (!refused_here(cut)) continue;
      ++row.cut;
      if (!read_with_stb(cut).pixels.empty()) ++row.cut_read;
    }
  }
  return row;
}

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
    const StbImage stb = read_with_stb(read_bytes(fixture(name)));
    ASSERT_FALSE(stb.pixels.empty()) << name << ": " << stbi_failure_reason();
    const Image image = load_image(fixture(name));
    EXPECT_EQ(stb.channels, bytes_per_pixel(image.mode)) << name;
    EXPECT_EQ(compare(image, stb), Verdict::same) << name;
  }
}

// Why each of these formats has another reader in production. Where a later stb_image keeps everything that a
// format can say and refuses what is cut off, this fails: that reader can go then.
TEST(StbImage, LosesSomethingInEveryFormat) {
  std::printf(
      "| format | files | as Pillow | palette lost | 1-bit lost | other pixels | refused | cut files read "
      "|\n");
  for (const char* prefix : {"png_", "gif_", "bmp_", "tga_", "pnm_"}) {
    if (!kHavePng && std::string_view(prefix) == "png_")
      continue;  // what Pillow makes of all of them is not known here
    const Row row = measure(prefix);
    const size_t* n = row.verdicts;
    std::printf("| %s | %zu | %zu | %zu | %zu | %zu:%s | %zu:%s | %zu of %zu |\n", prefix, row.files, n[0],
                n[1], n[2], n[3], row.others.c_str(), n[4], row.refused.c_str(), row.cut_read, row.cut);
    EXPECT_GT(row.files, 5U);
    EXPECT_LT(n[static_cast<size_t>(Verdict::same)], row.files) << prefix;
    EXPECT_GT(row.cut, 50U) << prefix;
  }
}

}  // namespace
}  // namespace simdclip::tests
