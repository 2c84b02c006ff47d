// The rows that a Linear multiplies, in the type of its weights.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "format/config.h"
#include "kernels/gemm/gemm_bf16.h"
#include "kernels/gemm/gemm_i8.h"
#include "layers/engine.h"
#include "layers/span2.h"
#include "layers/workspace.h"

namespace simdclip {

// [rows, cols]: floats, or bf16, or (int8 weights) signed bytes with one scale a row: x = scale[row] * q.
struct Operand {
  size_t rows = 0, cols = 0;
  ConstSpan2f f32 = {};
  ConstSpan2b bf16 = {};
  const int8_t* q = nullptr;
  size_t ldq = 0;
  const float* scale = nullptr;
};

// The memory of [rows, cols] floats as a matrix of the elements that a tower hands from layer to layer: the
// floats themselves, or bf16, whose rows end with zeros up to a multiple of 32 as gemm_bf16.h wants them.
template <typename Element>
Span2<Element> rows_in(Span2f room) noexcept;

template <>
inline Span2f rows_in<float>(Span2f room) noexcept {
  return room;
}
template <>
inline Span2b rows_in<uint16_t>(Span2f room) noexcept {
  const Span2b rows{reinterpret_cast<uint16_t*>(room.data), room.rows, room.cols,
                    kernels::gemm_bf16_row_stride(room.cols)};
  const size_t end = round_up(rows.cols, 32);
  for (size_t r = 0; r < rows.rows; ++r) std::fill(rows.row(r) + rows.cols, rows.row(r) + end, uint16_t{0});
  return rows;
}
// Floats of a matrix of such elements, and the matrix itself, taken from a workspace.
template <typename Element>
constexpr size_t row_floats(size_t rows, size_t cols) noexcept {
  return sizeof(Element) == sizeof(float)
             ? workspace_floats(rows, cols)
             : round_up(ceil_div(rows * kernels::gemm_bf16_row_stride(cols), 2), kCacheLine / sizeof(float));
}
template <typename Element>
Span2<Element> take_rows(Workspace& ws, size_t rows, size_t cols) noexcept {
  return rows_in<Element>({ws.take_floats(row_floats<Element>(rows, cols)), rows, cols, padded_stride(cols)});
}

inline Operand operand_of(ConstSpan2b rows) noexcept { return {rows.rows, rows.cols, {}, rows}; }

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
  // Rows [first, first + count) become those of x [count, cols], on the calling thread.
  void fill(size_t first, ConstSpan2f x, const kernels::Kernels& kernels) const noexcept {
    kernels.quantize_s8({x.rows, x.cols, x.data, x.stride, q + first * ldq, ldq, scale + first});
  }
  void fill(size_t first, ConstSpan2b x, const kernels::Kernels& kernels) const noexcept {
    kernels.quantize_bf16_s8({x.rows, x.cols, x.data, x.stride, q + first * ldq, ldq, scale + first});
  }
  static constexpr size_t floats(size_t rows, size_t cols) noexcept {
    return round_up(rows, kCacheLine / sizeof(float)) +
           rows * kernels::gemm_i8_row_bytes(cols) / sizeof(float);
  }
  Operand operand(size_t rows, size_t cols, size_t first = 0) const noexcept {
    return {rows, cols, {}, {}, q + first * ldq, ldq, scale + first};
  }
};

// Workspace floats of Linear::operand for [rows, cols].
inline size_t operand_workspace_floats(Precision precision, size_t rows, size_t cols) noexcept {
  return precision == Precision::int8   ? QuantizedRows::floats(rows, cols)
         : precision == Precision::bf16 ? workspace_floats(rows, cols)
                                        : 0;
}

}  // namespace simdclip
