// Grids of vectors at another size: position embeddings for pictures of another resolution.
#pragma once

#include <cstddef>
#include <span>

#include "image/coefficients.h"

namespace simdclip {

// A resize of [rows, columns, D] to [out_rows, out_columns, D], as torch.nn.functional.interpolate computes
// it with antialias=True and align_corners=False: Pillow's weights, in float, columns before rows.
class GridResize {
 public:
  GridResize(size_t rows, size_t columns, size_t out_rows, size_t out_columns, Interpolation interpolation);

  size_t out_rows() const noexcept { return rows_.size(); }
  size_t out_columns() const noexcept { return columns_.size(); }

  // One cell: out [width] of grid [rows, columns, width]; scratch: [width]. The same operations in the same
  // order on every machine.
  void cell(const float* grid, size_t width, size_t row, size_t column, float* scratch,
            float* out) const noexcept;

 private:
  struct Window {
    size_t first = 0;
    std::vector<float> weights;
  };
  static std::vector<Window> windows(size_t in, size_t out, Interpolation interpolation);

  size_t in_columns_;
  std::vector<Window> rows_, columns_;
};

// The whole grid. out: [out_rows, out_columns, width].
void resize_grid(const GridResize& resize, std::span<const float> grid, size_t width, std::span<float> out);

}  // namespace simdclip
