#include "image/pipeline.h"

#include <algorithm>
#include <cstring>

#include "image/decode.h"

namespace simdclip {
namespace {

constexpr size_t kConvertedRows = 16;

}  // namespace

bool Pipeline::handles(PixelMode mode, const PreprocessConfig& config) noexcept {
  if (config.convert_rgb_first) return true;
  return mode != PixelMode::palette && mode != PixelMode::bilevel && mode != PixelMode::grey16 &&
         mode != PixelMode::grey32;
}

Pipeline::Before Pipeline::before(const PixelFormat& format, const PreprocessConfig& config,
                                  const ResizeGeometry& g) noexcept {
  if (config.convert_rgb_first) {
    if (has_alpha(format)) return Before::on_white;
    return format.mode == PixelMode::rgb ? Before::nothing : Before::to_rgb;
  }
  if (format.mode == PixelMode::rgba || format.mode == PixelMode::grey_alpha) {
    // Pillow premultiplies only when it resizes; otherwise the alpha is dropped, whether before or after the
    // crop.
    const bool same = g.in_width == g.out_width && g.in_height == g.out_height;
    return same ? Before::to_rgb : Before::premultiply;
  }
  return Before::nothing;
}

size_t Pipeline::channels() const noexcept {
  if (before_ == Before::to_rgb || before_ == Before::on_white) return 3;
  return before_ == Before::premultiply ? 4 : bytes_per_pixel(format_.mode);
}

Pipeline::Pipeline(const PixelFormat& format, const ResizeGeometry& geometry, const PreprocessConfig& config,
                   std::span<float> out, const kernels::Kernels& kernels, int orientation)
    : format_(format),
      config_(config),
      geometry_(stored_geometry(geometry, turn_of(orientation))),
      kernels_(kernels),
      out_(out),
      before_(before(format, config, geometry_)),
      after_(before_ == Before::premultiply                                ? After::unpremultiply
             : before_ == Before::nothing && format.mode != PixelMode::rgb ? After::to_rgb
                                                                           : After::nothing),
      rgb_(size_t{geometry_.width} * 3),
      resampler_(geometry_, interpolation_of(config, geometry.height, geometry.width), channels(), kernels,
                 [this](uint32_t y, const uint8_t* row) { emit(y, row); }) {
  if (before_ != Before::nothing)
    converted_ = AlignedBuffer<uint8_t>(kConvertedRows * size_t{geometry_.in_width} * channels());
  if (orientation != 1) {
    turned_ = make_image(geometry_.width, geometry_.height, PixelMode::rgb);
    turned_.orientation = orientation;
  }
}

void Pipeline::push(const uint8_t* rows, size_t stride, size_t count) {
  if (before_ == Before::nothing) return resampler_.push(rows, stride, count);
  // Only the columns that are needed are converted.
  const size_t begin = resampler_.first_column(), n = resampler_.end_column() - begin;
  const size_t in_step = bytes_per_pixel(format_.mode), out_step = channels(),
               out_stride = geometry_.in_width * out_step;
  while (count > 0) {
    const size_t batch = std::min(count, kConvertedRows);
    for (size_t r = 0; r < batch; ++r) {
      const uint8_t* in = rows + r * stride + begin * in_step;
      uint8_t* converted = converted_.data() + r * out_stride + begin * out_step;
      switch (before_) {
        case Before::to_rgb: row_to_rgb(format_, in, n, converted); break;
        case Before::on_white: row_on_white(format_, in, n, converted); break;
        case Before::premultiply: row_premultiplied(format_.mode, in, n, converted); break;
        case Before::nothing: break;
      }
    }
    resampler_.push(converted_.data(), out_stride, batch);
    rows += batch * stride;
    count -= batch;
  }
}

void Pipeline::emit(uint32_t y, const uint8_t* row) {
  if (after_ == After::to_rgb) {
    row_to_rgb(format_, row, geometry_.width, rgb_.data());
    row = rgb_.data();
  } else if (after_ == After::unpremultiply) {
    row_unpremultiplied_rgb(row, geometry_.width, rgb_.data());
    row = rgb_.data();
  }
  if (turned_.orientation != 1) return emit_turned(y, row);
  write_pixels(row, y, config_, geometry_.height, geometry_.width, out_, kernels_);
}

void Pipeline::emit_turned(uint32_t y, const uint8_t* rgb) {
  const size_t row_bytes = size_t{geometry_.width} * 3;
  std::memcpy(turned_.pixels.data() + y * row_bytes, rgb, row_bytes);
  if (y + 1 < geometry_.height) return;
  const Image upright = apply_orientation(turned_);
  for (uint32_t i = 0; i < upright.height; ++i) {
    write_pixels(upright.pixels.data() + size_t{i} * upright.width * 3, i, config_, upright.height,
                 upright.width, out_, kernels_);
  }
}

void write_pixels(const uint8_t* rgb, uint32_t y, const PreprocessConfig& config, uint32_t height,
                  uint32_t width, std::span<float> out, const kernels::Kernels& kernels) noexcept {
  kernels.pixels_to_float(rgb, width, config.mean.data(), config.std.data(), out.data() + size_t{y} * width,
                          size_t{height} * width);
}

}  // namespace simdclip
