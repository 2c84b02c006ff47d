// Scratch memory of one call: a bump allocator sized once from the configuration, so nothing is allocated
// while a tower runs.
#pragma once

#include <cassert>
#include <cstddef>

#include "base/aligned.h"
#include "base/checked.h"
#include "kernels/gemm/gemm.h"
#include "layers/span2.h"

namespace simdclip {

// Row stride, in floats, of an activation matrix: what the products want.
constexpr size_t padded_stride(size_t cols) noexcept { return kernels::gemm_row_stride(cols); }

// Floats that Workspace::take(rows, cols) uses.
constexpr size_t workspace_floats(size_t rows, size_t cols) noexcept { return rows * padded_stride(cols); }

class Workspace {
 public:
  explicit Workspace(size_t floats) : memory_(floats), begin_(memory_.data()), size_(floats) {}
  // In memory that was taken from another one: for one thread of several.
  Workspace(float* memory, size_t floats) noexcept : begin_(memory), size_(floats) {}

  // [rows, cols], uninitialised, valid until the Scope it was taken in ends.
  Span2f take(size_t rows, size_t cols) noexcept {
    const size_t stride = padded_stride(cols);
    return {take_floats(rows * stride), rows, cols, stride};
  }
  float* take_floats(size_t n) noexcept {
    const size_t begin = used_;
    used_ += round_up(n, kCacheLine / sizeof(float));
    assert(used_ <= size_ && "the size function and the forward pass disagree");
    return begin_ + begin;
  }
  size_t bytes() const noexcept { return size_ * sizeof(float); }

  // Gives back, at its end, everything taken since its beginning.
  class Scope {
   public:
    explicit Scope(Workspace& ws) noexcept : ws_(ws), mark_(ws.used_) {}
    ~Scope() { ws_.used_ = mark_; }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Workspace& ws_;
    size_t mark_;
  };

 private:
  AlignedBuffer<float> memory_;  // empty where another one's is used
  float* begin_;
  size_t size_, used_ = 0;
};

}  // namespace simdclip
