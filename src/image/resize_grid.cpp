#include "image/resize_grid.h"

#include <algorithm>

namespace simdclip {

GridResize::GridResize(size_t rows, size_t columns, size_t out_rows, size_t out_columns,
                       Interpolation interpolation)
    : in_columns_(columns),
      rows_(windows(rows, out_rows, interpolation)),
      columns_(windows(columns, out_columns, interpolation)) {}

std::vector<GridResize::Window> GridResize::windows(size_t in, size_t out, Interpolation interpolation) {
  std::vector<Window> all(out);
  FilterWindow window;
  for (size_t i = 0; i < out; ++i) {
    filter_window(static_cast<uint32_t>(in), static_cast<uint32_t>(out), interpolation,
                  static_cast<uint32_t>(i), window);
    all[i].first = static_cast<size_t>(window.first);
    all[i].weights.assign(window.weights.begin(), window.weights.end());
  }
  return all;
}

void GridResize::cell(const float* grid, size_t width, size_t row, size_t column, float* scratch,
                      float* out) const noexcept {
  const Window &r = rows_[row], &c = columns_[column];
  for (size_t i = 0; i < r.weights.size(); ++i) {
    const float* from = grid + ((r.first + i) * in_columns_ + c.first) * width;
    for (size_t d = 0; d < width; ++d) scratch[d] = c.weights[0] * from[d];
    for (size_t j = 1; j < c.weights.size(); ++j)
      for (size_t d = 0; d < width; ++d) scratch[d] += c.weights[j] * from[j * width + d];
    if (i == 0) {
      for (size_t d = 0; d < width; ++d) out[d] = r.weights[0] * scratch[d];
    } else {
      for (size_t d = 0; d < width; ++d) out[d] += r.weights[i] * scratch[d];
    }
  }
}

void resize_grid(const GridResize& resize, std::span<const float> grid, size_t width, std::span<float> out) {
  std::vector<float> scratch(width);
  for (size_t y = 0; y < resize.out_rows(); ++y)
    for (size_t x = 0; x < resize.out_columns(); ++x)
      resize.cell(grid.data(), width, y, x, scratch.data(),
                  out.data() + (y * resize.out_columns() + x) * width);
}

}  // namespace simdclip
