// The rules of sizes and crops, the stream of rows, and the errors of preprocess().
#include "image/preprocess.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "image/exif.h"
#include "image/files.h"
#include "image/geometry.h"
#include "image/pipeline.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

Image noise(uint32_t width, uint32_t height, PixelMode mode, uint32_t seed) {
  Image image;
  image.width = width;
  image.height = height;
  image.mode = mode;
  image.pixels.resize(size_t{width} * height * bytes_per_pixel(mode));
  std::mt19937 random(seed);
  for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(random());
  if (mode == PixelMode::palette) {
    image.palette.resize(1024);
    for (uint8_t& v : image.palette) v = static_cast<uint8_t>(random());
  }
  return image;
}

ResizeGeometry geometry(uint32_t width, uint32_t height, uint32_t size, bool transformers = false) {
  PreprocessConfig config;
  config.convert_rgb_first = transformers;
  return resize_geometry(width, height, config, size, size);
}

TEST(Geometry, LongerSideIsTruncated) {
  const ResizeGeometry g = geometry(500, 333, 224);  // 224 * 500 / 333 = 336.3
  EXPECT_EQ(g.out_width, 336U);
  EXPECT_EQ(g.out_height, 224U);
  EXPECT_EQ(geometry(333, 500, 224).out_height, 336U);
  EXPECT_EQ(geometry(224, 224, 224).out_width, 224U);
}

TEST(Geometry, OddMarginsRoundHalfToEvenInTorchvisionAndDownInTransformers) {
  // Widths 225, 227, 229: margins 1, 3, 5.
  const uint32_t widths[] = {225, 227, 229}, torchvision[] = {0, 2, 2}, transformers[] = {0, 1, 2};
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(geometry(widths[i], 224, 224).left, torchvision[i]);
    EXPECT_EQ(geometry(widths[i], 224, 224, true).left, transformers[i]);
  }
}

TEST(Geometry, OblongTargetsKeepTheRatioAndAreBicubic) {
  PreprocessConfig config;
  config.interpolation = Interpolation::bilinear;
  const ResizeGeometry g = resize_geometry(640, 480, config, 256, 128);
  EXPECT_EQ(g.out_height, 256U);
  EXPECT_EQ(g.out_width, 341U);
  EXPECT_EQ(g.left, 106U);
  EXPECT_EQ(interpolation_of(config, 256, 128), Interpolation::bicubic);
  EXPECT_EQ(interpolation_of(config, 128, 128), Interpolation::bilinear);
}

TEST(Geometry, WhatPillowCannotHoldIsTooLarge) {
  PreprocessConfig config;
  expect_error(ErrorCode::too_large, [&] { resize_geometry(1, 2'000'000'000, config, 224, 224); },
               {"height", "crop"});
  config.resize = ResizeMode::squash;
  expect_error(ErrorCode::too_large, [&] { resize_geometry(178'000'000, 1, config, 224, 224); }, {"width"});
}

TEST(Preprocess, RowsMayArriveInAnyBatches) {
  const Image image = noise(301, 407, PixelMode::rgba, 5);
  std::vector<float> whole(size_t{3} * 40 * 40);
  preprocess(image, openai_config(), 40, 40, whole);
  for (const size_t batch : {1U, 3U, 16U, 17U, 1000U}) {
    std::vector<float> out(whole.size());
    const ResizeGeometry g = resize_geometry(image.width, image.height, openai_config(), 40, 40);
    Pipeline pipeline(pixel_format(image), g, openai_config(), out, kernels::select_kernels(default_isa()));
    const size_t stride = size_t{4} * image.width;
    for (size_t y = pipeline.needs().first_row(); y < pipeline.needs().end_row(); y += batch) {
      pipeline.push(image.pixels.data() + y * stride, stride,
                    std::min<size_t>(batch, pipeline.needs().end_row() - y));
    }
    EXPECT_TRUE(pipeline.done());
    EXPECT_EQ(std::memcmp(out.data(), whole.data(), out.size() * sizeof(float)), 0) << batch;
  }
}

// What lies outside the filter windows of the crop cannot matter: it is overwritten and nothing changes.
TEST(Preprocess, OnlyTheCropsWindowsAreRead) {
  for (const auto& [width, height] :
       {std::pair<uint32_t, uint32_t>{600, 100}, {100, 600}, {90, 1000}, {80, 90}}) {
    Image image = noise(width, height, PixelMode::rgb, 9);
    std::vector<float> before(size_t{3} * 32 * 32), after(before.size());
    preprocess(image, openai_config(), 32, 32, before);
    const Pipeline pipeline(pixel_format(image), resize_geometry(width, height, openai_config(), 32, 32),
                            openai_config(), after, kernels::select_kernels(Isa::portable));
    const Resampler& needs = pipeline.needs();
    for (uint32_t y = 0; y < height; ++y) {
      for (uint32_t x = 0; x < width; ++x) {
        const bool needed = y >= needs.first_row() && y < needs.end_row() && x >= needs.first_column() &&
                            x < needs.end_column();
        if (!needed) std::memset(image.pixels.data() + (size_t{y} * width + x) * 3, 0xA5, 3);
      }
    }
    preprocess(image, openai_config(), 32, 32, after);
    EXPECT_EQ(std::memcmp(before.data(), after.data(), before.size() * sizeof(float)), 0)
        << width << " x " << height;
    EXPECT_LE(needs.end_column() - needs.first_column(), width);
  }
}

TEST(Preprocess, EveryInstructionSetGivesTheSameBits) {
  for (const PixelMode mode : {PixelMode::grey, PixelMode::grey_alpha, PixelMode::rgb, PixelMode::rgba,
                               PixelMode::palette, PixelMode::cmyk, PixelMode::grey16}) {
    for (const auto& [width, height] :
         {std::pair<uint32_t, uint32_t>{641, 479}, {97, 1203}, {31, 29}, {5, 3}}) {
      const Image image = noise(width, height, mode, width);
      for (const bool first : {false, true}) {
        PreprocessConfig config = openai_config();
        config.convert_rgb_first = first;
        std::vector<float> portable(size_t{3} * 64 * 64), out(portable.size());
        preprocess(image, config, 64, 64, portable, kernels::select_kernels(Isa::portable));
        for (const Isa isa : cpu_isas()) {
          preprocess(image, config, 64, 64, out, kernels::select_kernels(isa));
          ASSERT_EQ(std::memcmp(out.data(), portable.data(), out.size() * sizeof(float)), 0)
              << pillow_mode(mode) << ' ' << width << 'x' << height << ' ' << to_string(isa);
        }
      }
    }
  }
}

TEST(Preprocess, FastDecodeIsCloseAndOnlyUsedOnLargePictures) {
  DecodeOptions fast;
  fast.fast_decode = true;
  const auto pixels = [&](const char* name, uint32_t size, const DecodeOptions& options) {
    std::vector<float> out(size_t{3} * size * size);
    preprocess_encoded(read_bytes(fixture(name)), options, name, PreprocessConfig(), size, size, out,
                       kernels::select_kernels(default_isa()));
    return out;
  };
  for (const char* name :
       {"jpeg_wide_420.jpg", "jpeg_tall_444_progressive.jpg", "jpeg_wide_grey.jpg", "jpeg_tall_cmyk.jpg"}) {
    const std::vector<float> exact = pixels(name, 8, {}), scaled = pixels(name, 8, fast);
    double sum = 0;
    for (size_t i = 0; i < exact.size(); ++i) sum += std::abs(exact[i] - scaled[i]);
    EXPECT_GT(sum, 0.0) << name;
    EXPECT_LT(sum / static_cast<double>(exact.size()), 6.0 / 255) << name;
    EXPECT_EQ(pixels(name, 32, {}), pixels(name, 32, fast))
        << name << ": 37 pixels are less than three times 32";
  }
}

TEST(Preprocess, WrongArgumentsAreRefused) {
  Image image = noise(8, 8, PixelMode::rgb, 1);
  std::vector<float> out(size_t{3} * 4 * 4);
  expect_error(ErrorCode::invalid_argument, [&] { preprocess(image, openai_config(), 4, 5, out); },
               {"48 floats", "3 x 4 x 5"});
  image.pixels.pop_back();
  expect_error(ErrorCode::invalid_argument, [&] { preprocess(image, openai_config(), 4, 4, out); },
               {"191 bytes", "192"});
  image = noise(8, 8, PixelMode::palette, 1);
  image.palette.resize(100);
  expect_error(ErrorCode::invalid_argument, [&] { preprocess(image, openai_config(), 4, 4, out); },
               {"palette of 100"});
}

TEST(Exif, OrientationFromEveryFormOfTheField) {
  const auto block = [](std::vector<uint8_t> entry) {
    static constexpr uint8_t kHead[] = {'E', 'x', 'i', 'f', 0, 0, 'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0};
    entry.insert(entry.begin(), std::begin(kHead), std::end(kHead));
    return entry;
  };
  EXPECT_EQ(exif_orientation(block({0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0})), 6);
  EXPECT_EQ(exif_orientation(block({0x12, 1, 4, 0, 1, 0, 0, 0, 8, 0, 0, 0})), 8);
  EXPECT_EQ(exif_orientation(block({0x12, 1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0})), 0);
  EXPECT_EQ(exif_orientation(block({0x13, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0})), 0);
  EXPECT_EQ(exif_orientation(block({0x12, 1, 3, 0, 1, 0, 0, 0})), 0);  // cut off
  EXPECT_EQ(xmp_orientation("<x tiff:Orientation=\"3\"/>"), 3);
  EXPECT_EQ(xmp_orientation("<tiff:Orientation>7</tiff:Orientation>"), 7);
  EXPECT_EQ(xmp_orientation("tiff:Orientation"), 0);
}

TEST(Image, MissingFilesAndFolders) {
  expect_error(ErrorCode::not_found, [] { load_image(fixture("no such file.png")); }, {"no such file.png"});
  expect_error(ErrorCode::io, [] { load_image(fixture("")); });
}

}  // namespace
}  // namespace simdclip::tests
