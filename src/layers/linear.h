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

  // x as this layer multiplies it: x itself, or rounded to bf16 or quantized into `ws`.
  Operand operand(ConstSpan2f x, Workspace& ws, const Engine& engine) const;
  // bf16 rows are multiplied as they are, or quantized; only where takes_bf16().
  Operand operand(ConstSpan2b x, Workspace& ws, const Engine& engine) const;
  bool int8() const noexcept { return storage_ == Storage::gemm_int8; }
  // Whether this layer's input is bf16 here: in bf16 files, where the machine multiplies it faster than
  // floats. The layers that an int8 file keeps in bf16 multiply floats, so that its bits are the same on
  // every machine.
  bool multiplies_bf16(const Engine& engine) const noexcept { return bf16_file_ && engine.kernels.fast_bf16; }

  // Whether what computes this layer's input shall round it to bf16: then an int8 layer's rows to quantize
  // are half as many bytes.
  bool takes_bf16(const Engine& engine) const noexcept { return int8() || multiplies_bf16(engine); }

  // x: [M, K], y: [M, N]; residual: [M, N] or empty, may be y itself.
  void forward(const Operand& x, Span2f y, const Engine& engine, kernels::Act act = kernels::Act::none,
               ConstSpan2f residual = {}) const;
  // The same, rounded to bf16: the input of the next layer or of attention.
  void forward(const Operand& x, Span2b y, const Engine& engine, kernels::Act act = kernels::Act::none,
               ConstSpan2b residual = {}) const;
  // The same on the calling thread alone: a part of rows, from inside a task.
  template <typename Element>
  void forward_alone(const Operand& x, Span2<Element> y, const Engine& engine, kernels::Act act,
                     Span2<const Element> residual) const;

  // The layer that computes output columns [first, first + count) only. `first` is a multiple of a panel
  // (16).
  Linear columns(size_t first, size_t count) const;

 private:
  template <typename Element>
  void multiply(const Operand& x, Span2<Element> y, const Engine& engine, kernels::Act act,
                Span2<const Element> residual) const;
  template <typename Element>
  void multiply_part(const Operand& x, const Range& rows, const Range& cols, Span2<Element> y,
                     const Engine& engine, kernels::Act act, Span2<const Element> residual) const;
  template <typename Args, typename Element>
  Args part(const Range& rows, const Range& cols, Span2<Element> y, kernels::Act act,
            Span2<const Element> residual) const;

  size_t n_ = 0, k_ = 0;
  Storage storage_ = Storage::gemm_f32;
  bool bf16_file_ = false;
  const std::byte* weight_ = nullptr;  // packed panels
  const float* scale_ = nullptr;       // int8: [N]
  const float* bias_ = nullptr;        // [N] or null
};

}  // namespace simdclip
