// y = act(x W^T + b) + residual, W used from the model file's mapping.
#pragma once

#include <string>

#include "format/model_file.h"
#include "kernels/activation/activation.h"
#include "layers/engine.h"
#include "layers/operand.h"
#include "layers/span2.h"

namespace simdclip {

// A part of the rows or columns of a matrix.
struct Range {
  size_t first = 0, count = 0;
};

class Linear {
 public:
  Linear() = default;
  // "<name>.weight" [N, K] and, if `bias`, "<name>.bias" [N].
  Linear(const ModelFile& file, const std::string& name, bool bias);

  size_t inputs() const noexcept { return k_; }
  size_t outputs() const noexcept { return n_; }

  // x as this layer multiplies it: x itself, or (int8 weights) quantized into `ws`.
  Operand operand(ConstSpan2f x, Workspace& ws, const Engine& engine) const;
  bool int8() const noexcept { return storage_ == Storage::gemm_int8; }

  // x: [M, K], y: [M, N]; residual: [M, N] or empty, may be y itself.
  void forward(const Operand& x, Span2f y, const Engine& engine, kernels::Act act = kernels::Act::none,
               ConstSpan2f residual = {}) const;

  // The layer that computes output columns [first, first + count) only. `first` is a multiple of a panel
  // (16).
  Linear columns(size_t first, size_t count) const;

 private:
  template <typename Args>
  Args part(const Range& rows, const Range& cols, Span2f y, kernels::Act act, ConstSpan2f residual) const;

  size_t n_ = 0, k_ = 0;
  Storage storage_ = Storage::gemm_f32;
  const std::byte* weight_ = nullptr;  // packed panels
  const float* scale_ = nullptr;       // int8: [N]
  const float* bias_ = nullptr;        // [N] or null
};

}  // namespace simdclip
