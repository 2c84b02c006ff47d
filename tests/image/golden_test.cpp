// Every mode and format against what Pillow, torchvision and open_clip make of it (make_golden.py), byte for
// byte.
#include <gtest/gtest.h>

#include "image/files.h"
#include "image/preprocess.h"
#include "image/rows.h"

namespace simdclip::tests {
namespace {

std::vector<uint8_t> converted(const Image& image, void (*convert)(const PixelFormat&, const uint8_t*, size_t,
                                                                   uint8_t*) noexcept) {
  const size_t n = size_t{image.width} * image.height;
  std::vector<uint8_t> rgb(3 * n);
  convert(pixel_format(image), image.pixels.data(), n, rgb.data());
  return rgb;
}

TEST(Golden, DecodedPixelsArePillows) {
  size_t compared = 0;
  for (const Fields& f : golden("decode")) {
    if (not_read_here(f[1])) continue;
    SCOPED_TRACE(f[1]);
    const Image image = load_image(fixture(f[1]));
    EXPECT_EQ(pillow_mode(image.mode), f[2]);
    EXPECT_EQ(std::to_string(image.width) + "x" + std::to_string(image.height), f[3] + "x" + f[4]);
    EXPECT_EQ(std::to_string(image.orientation), f[5]);
    EXPECT_EQ(crc(image.pixels), f[6]);
    EXPECT_EQ(crc(converted(image, row_to_rgb)), f[7]);
    const bool alpha = has_alpha(pixel_format(image));
    EXPECT_EQ(crc(converted(image, alpha ? row_on_white : row_to_rgb)), f[8]);
    ++compared;
  }
  EXPECT_GT(compared, 120U);
}

TEST(Golden, OrientationIsAppliedOnRequest) {
  DecodeOptions options;
  options.apply_orientation = true;
  size_t compared = 0;
  for (const Fields& f : golden("upright")) {
    if (not_read_here(f[1])) continue;
    SCOPED_TRACE(f[1]);
    const Image image = load_image(fixture(f[1]), options);
    EXPECT_EQ(std::to_string(image.width) + "x" + std::to_string(image.height), f[2] + "x" + f[3]);
    EXPECT_EQ(crc(image.pixels), f[4]);
    EXPECT_EQ(image.orientation, 1);
    ++compared;
  }
  EXPECT_GE(compared, 16U);
}

TEST(Golden, EncodedPicturesAreTurnedUprightAsTheyAreDecoded) {
  DecodeOptions options;
  options.apply_orientation = true;
  size_t compared = 0;
  for (const Fields& f : golden("turned")) {
    if (not_read_here(f[1])) continue;
    const uint32_t height = static_cast<uint32_t>(std::stoul(f[2])),
                   width = static_cast<uint32_t>(std::stoul(f[3]));
    std::vector<float> out(size_t{3} * height * width);
    for (const Isa isa : cpu_isas()) {
      std::fill(out.begin(), out.end(), -1.0F);
      preprocess_encoded(read_bytes(fixture(f[1])), options, f[1], openai_config(), height, width, out,
                         kernels::select_kernels(isa));
      EXPECT_EQ(crc(out.data(), out.size() * sizeof(float)), f[4])
          << f[1] << ' ' << f[2] << 'x' << f[3] << ' ' << to_string(isa);
    }
    ++compared;
  }
  EXPECT_GE(compared, 40U);
}

TEST(Golden, PreprocessedFloatsAreTorchvisionsOnEveryInstructionSet) {
  size_t compared = 0;
  for (const Fields& f : golden("preprocess")) {
    if (not_read_here(f[1])) continue;
    const Image image = load_image(fixture(f[1]));
    PreprocessConfig config = openai_config();
    config.resize = f[2] == "squash" ? ResizeMode::squash : ResizeMode::shortest;
    config.interpolation = f[3] == "bilinear" ? Interpolation::bilinear : Interpolation::bicubic;
    config.convert_rgb_first = f[4] == "1";
    const uint32_t height = static_cast<uint32_t>(std::stoul(f[5])),
                   width = static_cast<uint32_t>(std::stoul(f[6]));
    std::vector<float> out(size_t{3} * height * width);
    preprocess_encoded(read_bytes(fixture(f[1])), {}, f[1], config, height, width, out,
                       kernels::select_kernels(default_isa()));
    EXPECT_EQ(crc(out.data(), out.size() * sizeof(float)), f[7])
        << f[1] << " streamed, " << f[2] << ' ' << f[3];
    for (const Isa isa : cpu_isas()) {
      std::fill(out.begin(), out.end(), -1.0F);
      preprocess(image, config, height, width, out, kernels::select_kernels(isa));
      EXPECT_EQ(crc(out.data(), out.size() * sizeof(float)), f[7])
          << f[1] << ' ' << f[2] << ' ' << f[3] << " first " << f[4] << " to " << f[5] << 'x' << f[6]
          << " with " << to_string(isa);
    }
    ++compared;
  }
  EXPECT_GT(compared, 480U);
}

}  // namespace
}  // namespace simdclip::tests
