#include "image/preprocess.h"

#include <algorithm>
#include <cmath>

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

TargetSize target_size(const VisionConfig& v) noexcept {
  return {v.image_height, v.image_width, v.patch_size, v.max_patches};
}

PixelSize picture_size(const TargetSize& target, uint32_t in_height, uint32_t in_width) noexcept {
  if (target.max_patches == 0) return {target.height, target.width};
  return naflex_size(in_height, in_width, target.patch_size, target.max_patches);
}

std::span<float> picture_part(const TargetSize& target, PixelSize size, std::span<float> out) noexcept {
  const size_t floats = size_t{3} * size.height * size.width;
  return target.max_patches == 0 || floats > out.size() ? out : out.first(floats);
}

uint64_t most_floats(const TargetSize& target) noexcept {
  const uint64_t varying = uint64_t{3} * target.patch_size * target.patch_size * target.max_patches;
  return std::max(uint64_t{3} * target.height * target.width, varying);
}

PixelSize naflex_size(uint32_t in_height, uint32_t in_width, uint32_t patch_size,
                      uint32_t max_patches) noexcept {
  constexpr double kEps = 1e-5;
  const double patch = patch_size;
  const auto scaled = [&](double scale, uint32_t side) {
    return std::max(patch, std::ceil(side * scale / patch) * patch);
  };
  double low = kEps / 10, high = 100;
  while (high - low >= kEps) {
    const double scale = (low + high) / 2;
    const double patches = scaled(scale, in_height) / patch * (scaled(scale, in_width) / patch);
    (patches <= max_patches ? low : high) = scale;
  }
  return {static_cast<uint32_t>(scaled(low, in_height)), static_cast<uint32_t>(scaled(low, in_width))};
}

PixelSize preprocess(const Image& image, const PreprocessConfig& config, const TargetSize& target,
                     std::span<float> out, const kernels::Kernels& kernels) {
  const PixelSize size = picture_size(target, image.height, image.width);
  preprocess(image, config, size.height, size.width, picture_part(target, size, out), kernels);
  return size;
}

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
