#include "image/resize_exact.h"

#include <algorithm>
#include <cstring>

namespace simdclip {
namespace {

// Pillow adds up the step instead of multiplying by the index: the same doubles, the same source pixels.
std::vector<uint32_t> nearest(uint32_t in_size, uint32_t out_size, uint32_t begin, uint32_t count) {
  std::vector<uint32_t> map(count);
  const double step = static_cast<double>(static_cast<float>(in_size)) / out_size;
  double at = step * 0.5;
  for (uint32_t i = 0; i < begin + count; ++i) {
    if (i >= begin) map[i - begin] = std::min(in_size - 1, static_cast<uint32_t>(at));
    at += step;
  }
  return map;
}

int32_t rounded(double v) noexcept { return static_cast<int32_t>(v >= 0.0 ? v + 0.5F : v - 0.5F); }

// One of the two passes, over `lines` lines. A line's samples are `step` apart, lines `next` apart.
struct Axis {
  std::vector<FilterWindow> windows;
};

Axis axis(uint32_t in_size, uint32_t out_size, uint32_t begin, uint32_t count, Interpolation interpolation) {
  Axis a;
  a.windows.resize(count);
  for (uint32_t i = 0; i < count; ++i) {
    if (in_size == out_size) {
      a.windows[i] = {static_cast<int32_t>(begin + i), {}};  // the pass is skipped: a copy
    } else {
      filter_window(in_size, out_size, interpolation, begin + i, a.windows[i]);
    }
  }
  return a;
}

// A grid of samples of which rows [row_begin, ...) and all columns are held.
struct Grid {
  uint32_t width = 0, row_begin = 0;
  std::vector<int32_t> v;
  int32_t at(uint32_t y, uint32_t x) const { return v[size_t{y - row_begin} * width + x]; }
};

int32_t filtered(const FilterWindow& window, bool clip, auto&& sample) {
  if (window.weights.empty()) return sample(static_cast<uint32_t>(window.first));
  double sum = 0.0;
  for (size_t j = 0; j < window.weights.size(); ++j) {
    sum += sample(static_cast<uint32_t>(window.first) + static_cast<uint32_t>(j)) * window.weights[j];
  }
  const int32_t v = rounded(sum);
  return clip ? std::clamp(v, 0, 65535) : v;
}

Grid pass_horizontal(const Grid& in, uint32_t row_begin, uint32_t row_end, const Axis& columns, bool clip) {
  Grid out{static_cast<uint32_t>(columns.windows.size()), row_begin, {}};
  out.v.reserve(size_t{row_end - row_begin} * out.width);
  for (uint32_t y = row_begin; y < row_end; ++y) {
    for (const FilterWindow& w : columns.windows) {
      out.v.push_back(filtered(w, clip, [&](uint32_t x) { return in.at(y, x); }));
    }
  }
  return out;
}

Grid pass_vertical(const Grid& in, const Axis& rows, bool clip) {
  Grid out{in.width, 0, {}};
  out.v.reserve(rows.windows.size() * in.width);
  for (const FilterWindow& w : rows.windows) {
    for (uint32_t x = 0; x < in.width; ++x) {
      out.v.push_back(filtered(w, clip, [&](uint32_t y) { return in.at(y, x); }));
    }
  }
  return out;
}

Grid samples(const Image& image, uint32_t row_begin, uint32_t row_end) {
  Grid g{image.width, row_begin, {}};
  g.v.resize(size_t{row_end - row_begin} * image.width);
  const size_t begin = size_t{row_begin} * image.width;
  if (image.mode == PixelMode::grey32) {
    std::memcpy(g.v.data(), image.pixels.data() + 4 * begin, 4 * g.v.size());
  } else {
    for (size_t i = 0; i < g.v.size(); ++i) {
      uint16_t v;
      std::memcpy(&v, image.pixels.data() + 2 * (begin + i), 2);
      g.v[i] = v;
    }
  }
  return g;
}

}  // namespace

NearestMap nearest_map(const ResizeGeometry& g) {
  return {nearest(g.in_width, g.out_width, g.left, g.width),
          nearest(g.in_height, g.out_height, g.top, g.height)};
}

std::vector<int32_t> resize_grey16(const Image& image, const ResizeGeometry& g, Interpolation interpolation) {
  const bool clip = image.mode == PixelMode::grey16;
  const Axis columns = axis(g.in_width, g.out_width, g.left, g.width, interpolation);
  const Axis rows = axis(g.in_height, g.out_height, g.top, g.height, interpolation);
  const FilterWindow& last = rows.windows.back();
  const uint32_t begin = static_cast<uint32_t>(rows.windows.front().first);
  const uint32_t end =
      static_cast<uint32_t>(last.first) + static_cast<uint32_t>(std::max<size_t>(1, last.weights.size()));
  const Grid source = samples(image, begin, end);
  if (g.vertical_first) {
    const Grid tall = pass_vertical(source, rows, clip);
    return pass_horizontal(tall, 0, g.height, columns, clip).v;
  }
  return pass_vertical(pass_horizontal(source, begin, end, columns, clip), rows, clip).v;
}

}  // namespace simdclip
