#include "image/preprocess.h"

#include "base/cpu.h"
#include "base/fail.h"
#include "image/pipeline.h"
#include "image/resize_exact.h"

namespace simdclip {
namespace {

void check(const Image& image, uint32_t height, uint32_t width, std::span<const float> out) {
  const size_t row_bytes = size_t{image.width} * bytes_per_pixel(image.mode);
  if (image.width == 0 || image.height == 0 || image.pixels.size() != row_bytes * image.height) {
    fail(ErrorCode::invalid_argument, "picture of ", image.width, " x ", image.height, " has ",
         image.pixels.size(), " bytes of pixels, expected ", row_bytes * image.height);
  }
  if (image.mode == PixelMode::palette && image.palette.size() != 256 * 4) {
    fail(ErrorCode::invalid_argument, "palette of ", image.palette.size(),
         " bytes, expected 256 RGBA entries (1024 bytes)");
  }
  if (height == 0 || width == 0 || out.size() != size_t{3} * height * width) {
    fail(ErrorCode::invalid_argument, "output span holds ", out.size(), " floats, expected 3 x ", height,
         " x ", width);
  }
}

// Palette and 1-bit pictures: the nearest pixel, then its colour.
void preprocess_nearest(const Image& image, const PreprocessConfig& config, uint32_t height, uint32_t width,
                        std::span<float> out, const kernels::Kernels& kernels) {
  const NearestMap map = nearest_map(resize_geometry(image.width, image.height, config, height, width));
  const PixelFormat format = pixel_format(image);
  std::vector<uint8_t> row(width), rgb(size_t{width} * 3);
  for (uint32_t y = 0; y < height; ++y) {
    const uint8_t* in = image.pixels.data() + size_t{map.rows[y]} * image.width;
    for (uint32_t x = 0; x < width; ++x) row[x] = in[map.columns[x]];
    row_to_rgb(format, row.data(), width, rgb.data());
    write_pixels(rgb.data(), y, config, height, width, out, kernels);
  }
}

void preprocess_grey16(const Image& image, const PreprocessConfig& config, uint32_t height, uint32_t width,
                       std::span<float> out, const kernels::Kernels& kernels) {
  const ResizeGeometry g = resize_geometry(image.width, image.height, config, height, width);
  const std::vector<int32_t> v = resize_grey16(image, g, interpolation_of(config, height, width));
  const PixelFormat format{.mode = PixelMode::grey32};
  std::vector<uint8_t> rgb(size_t{width} * 3);
  for (uint32_t y = 0; y < height; ++y) {
    row_to_rgb(format, reinterpret_cast<const uint8_t*>(v.data() + size_t{y} * width), width, rgb.data());
    write_pixels(rgb.data(), y, config, height, width, out, kernels);
  }
}

}  // namespace

void preprocess(const Image& image, const PreprocessConfig& config, uint32_t height, uint32_t width,
                std::span<float> out, const kernels::Kernels& kernels) {
  check(image, height, width, out);
  if (!Pipeline::handles(image.mode, config)) {
    const bool nearest = image.mode == PixelMode::palette || image.mode == PixelMode::bilevel;
    return (nearest ? preprocess_nearest : preprocess_grey16)(image, config, height, width, out, kernels);
  }
  Pipeline pipeline(pixel_format(image), resize_geometry(image.width, image.height, config, height, width),
                    config, out, kernels);
  const size_t stride = size_t{image.width} * bytes_per_pixel(image.mode);
  const uint32_t begin = pipeline.needs().first_row();
  pipeline.push(image.pixels.data() + begin * stride, stride, pipeline.needs().end_row() - begin);
}

void preprocess(const Image& image, const PreprocessConfig& config, uint32_t height, uint32_t width,
                std::span<float> out) {
  preprocess(image, config, height, width, out, kernels::select_kernels(default_isa()));
}

}  // namespace simdclip
