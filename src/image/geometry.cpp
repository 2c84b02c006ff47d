#include "image/geometry.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/fail.h"

namespace simdclip {
namespace {

// Weights of one pass that fit in memory that a picture may cost: 2^24 of them are 184 MB.
constexpr uint64_t kMaxWeights = uint64_t{1} << 24;

void check_pass(const char* what, uint32_t in_size, double out_size, uint32_t shown,
                Interpolation interpolation) {
  // Pillow's own limit is an int's worth of bytes in its coefficient table.
  const double pillow_limit = 2147483647.0 / 8;
  if (out_size < 1 || out_size > pillow_limit) {
    fail(ErrorCode::too_large, "the resized picture would have a ", what, " of ", out_size, " pixels (from ",
         in_size, "), at most 268435455 are possible; crop the picture first");
  }
  const uint64_t taps = filter_taps(in_size, static_cast<uint32_t>(out_size), interpolation);
  if (static_cast<double>(taps) * out_size > pillow_limit || taps * shown > kMaxWeights) {
    fail(ErrorCode::too_large, "resizing a ", what, " of ", in_size, " pixels to ",
         static_cast<uint64_t>(out_size), " needs ", taps,
         " weights a pixel, more than a picture may cost; crop or shrink the picture first");
  }
}

uint32_t crop_offset(uint32_t size, uint32_t crop, bool transformers) {
  const uint32_t margin = size - crop;
  // torchvision: int(round(margin / 2.0)), half to even; transformers: margin // 2.
  if (transformers || margin % 2 == 0) return margin / 2;
  const uint32_t half = margin / 2;
  return half + half % 2;
}

}  // namespace

bool vertical_pass_first(const ResizeGeometry& g) noexcept {
  const int64_t shrink_y = int64_t{g.in_height} - g.out_height, shrink_x = int64_t{g.in_width} - g.out_width;
  return shrink_y > 0 && shrink_y > shrink_x * 2;
}

ResizeGeometry stored_geometry(const ResizeGeometry& upright, const Turn& turn) noexcept {
  ResizeGeometry g = upright;
  if (turn.swap) {
    std::swap(g.in_width, g.in_height);
    std::swap(g.out_width, g.out_height);
    std::swap(g.left, g.top);
    std::swap(g.width, g.height);
    g.vertical_first = !upright.vertical_first;
  }
  g.mirror_x = turn.flip_x;
  g.mirror_y = turn.flip_y;
  if (turn.flip_x) g.left = g.out_width - g.left - g.width;
  if (turn.flip_y) g.top = g.out_height - g.top - g.height;
  return g;
}

Interpolation interpolation_of(const PreprocessConfig& config, uint32_t height, uint32_t width) noexcept {
  return config.resize == ResizeMode::shortest && height != width ? Interpolation::bicubic
                                                                  : config.interpolation;
}

ResizeGeometry resize_geometry(uint32_t in_width, uint32_t in_height, const PreprocessConfig& config,
                               uint32_t height, uint32_t width) {
  double out_width = width, out_height = height;
  if (config.resize == ResizeMode::shortest && height == width) {
    // int(size * long / short), a true division of integers
    const double size = width;
    if (in_width <= in_height) {
      out_height = std::trunc(size * in_height / in_width);
    } else {
      out_width = std::trunc(size * in_width / in_height);
    }
  } else if (config.resize == ResizeMode::shortest) {
    const double ratio =
        std::min(static_cast<double>(in_height) / height, static_cast<double>(in_width) / width);
    out_width = std::max<double>(width, std::nearbyint(in_width / ratio));
    out_height = std::max<double>(height, std::nearbyint(in_height / ratio));
  }
  const Interpolation interpolation = interpolation_of(config, height, width);
  check_pass("width", in_width, out_width, width, interpolation);
  check_pass("height", in_height, out_height, height, interpolation);
  ResizeGeometry g;
  g.in_width = in_width;
  g.in_height = in_height;
  g.out_width = static_cast<uint32_t>(out_width);
  g.out_height = static_cast<uint32_t>(out_height);
  g.width = width;
  g.height = height;
  g.left = crop_offset(g.out_width, width, config.convert_rgb_first);
  g.top = crop_offset(g.out_height, height, config.convert_rgb_first);
  g.vertical_first = vertical_pass_first(g);
  return g;
}

}  // namespace simdclip
