// The rows that a Linear multiplies, in the type of its weights.
#pragma once

#include <cstddef>
#include <cstdint>

#include "format/config.h"
#include "kernels/gemm/gemm_i8.h"
#include "layers/engine.h"
#include "layers/span2.h"
#include "layers/workspace.h"

namespace simdclip {

// [rows, cols]: floats, or (int8 weights) signed bytes with one scale a row: x = scale[row] * q.
struct Operand {
  size_t rows = 0, cols = 0;
  ConstSpan2f f32;
  const int8_t* q = nullptr;
  size_t ldq = 0;
  const float* scale = nullptr;
};

// Scratch for quantized rows. The bytes between cols and the next multiple of 64 of each row are zero, as
// gemm_i8.h wants them.
struct QuantizedRows {
  int8_t* q = nullptr;
  size_t ldq = 0;
  float* scale = nullptr;

  static QuantizedRows take(Workspace& ws, size_t rows, size_t cols) noexcept {
    QuantizedRows room;
    room.ldq = kernels::gemm_i8_row_bytes(cols);
    room.scale = ws.take_floats(rows);
    room.q = reinterpret_cast<int8_t*>(ws.take_floats(rows * room.ldq / sizeof(float)));
    const size_t end = round_up(cols, 64);
    for (size_t row = 0; row < rows; ++row) {
      for (size_t k = cols; k < end; ++k) room.q[row * room.ldq + k] = 0;
    }
    return room;
  }
  static constexpr size_t floats(size_t rows, size_t cols) noexcept {
    return round_up(rows, kCacheLine / sizeof(float)) +
           rows * kernels::gemm_i8_row_bytes(cols) / sizeof(float);
  }
  Operand operand(size_t rows, size_t cols) const noexcept { return {rows, cols, {}, q, ldq, scale}; }
};

// Workspace floats of Linear::operand for [rows, cols].
inline size_t operand_workspace_floats(Precision precision, size_t rows, size_t cols) noexcept {
  return precision == Precision::int8 ? QuantizedRows::floats(rows, cols) : 0;
}

}  // namespace simdclip
