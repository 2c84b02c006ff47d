// Resizes a picture that arrives row by row, exactly as Pillow resizes a whole one, and computes only what a
// crop needs.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/aligned.h"
#include "image/coefficients.h"
#include "kernels/registry.h"

namespace simdclip {

// in_width x in_height is resized to out_width x out_height; of that the crop at (left, top) is wanted.
struct ResizeGeometry {
  uint32_t in_width = 0, in_height = 0;
  uint32_t out_width = 0, out_height = 0;
  uint32_t left = 0, top = 0, width = 0, height = 0;
  bool vertical_first = false;              // which pass runs first decides roundings
  bool mirror_x = false, mirror_y = false;  // the picture is stored backwards along that axis
};

// 8-bit samples. Memory: the rows of one vertical window.
class Resampler {
 public:
  // Called once for each row of the crop, top to bottom: [geometry.width, channels] bytes.
  using Emit = std::function<void(uint32_t y, const uint8_t* row)>;

  Resampler(const ResizeGeometry& geometry, Interpolation interpolation, size_t channels,
            const kernels::Kernels& kernels, Emit emit);

  // The source rows that the crop depends on.
  uint32_t first_row() const noexcept { return first_row_; }
  uint32_t end_row() const noexcept { return end_row_; }
  // The source columns that the crop depends on: others are never read.
  uint32_t first_column() const noexcept { return first_column_; }
  uint32_t end_column() const noexcept { return end_column_; }

  // The next rows in order, beginning with first_row(): [rows, in_width, channels], stride in bytes.
  void push(const uint8_t* rows, size_t stride, size_t count);
  bool done() const noexcept { return emitted_ == geometry_.height; }

 private:
  void store(const uint8_t* rows, size_t stride, size_t count);
  void emit_ready();
  void emit_row(const uint8_t* row);
  void flush_pending();
  const uint8_t* const* window(uint32_t i);

  ResizeGeometry geometry_;
  size_t channels_;
  const kernels::Kernels& kernels_;
  Emit emit_;
  bool horizontal_, vertical_, vertical_first_;
  Coefficients columns_, rows_;
  uint32_t first_row_ = 0, end_row_ = 0, first_column_ = 0, end_column_ = 0;
  uint32_t pushed_ = 0, emitted_ = 0, computed_ = 0;  // absolute source rows; rows of the crop
  size_t ring_rows_ = 0, ring_stride_ = 0;            // source row y lies in slot y % ring_rows_
  size_t row_bytes_ = 0, row_offset_ = 0;             // what a slot holds: bytes of a row from row_offset_ on
  size_t pending_ = 0;                                // vertical results that wait for the horizontal pass
  AlignedBuffer<uint8_t> ring_, pending_rows_, out_rows_;
  std::vector<const uint8_t*> window_;
};

}  // namespace simdclip
