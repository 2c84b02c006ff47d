// Views of row-major matrices with a row stride, in elements.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>

namespace simdclip {

template <typename T>
struct Span2 {
  T* data = nullptr;
  size_t rows = 0, cols = 0, stride = 0;

  T* row(size_t r) const noexcept { return data + r * stride; }
  Span2 sub_rows(size_t first, size_t count) const noexcept {
    assert(first + count <= rows);
    return {row(first), count, cols, stride};
  }
  Span2 sub_cols(size_t first, size_t count) const noexcept {
    assert(first + count <= cols);
    return {data + first, rows, count, stride};
  }
  operator Span2<const T>() const noexcept {
    return {data, rows, cols, stride};
  }  // NOLINT: a view of the same data
};

using Span2f = Span2<float>;
using ConstSpan2f = Span2<const float>;
using Span2b = Span2<uint16_t>;  // the bits of bf16
using ConstSpan2b = Span2<const uint16_t>;

}  // namespace simdclip
