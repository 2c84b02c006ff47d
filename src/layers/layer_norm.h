// Layer normalisation with its weights, rows spread over the threads.
#pragma once

#include <string>

#include "format/model_file.h"
#include "layers/engine.h"
#include "layers/linear.h"
#include "layers/span2.h"

namespace simdclip {

class LayerNorm {
 public:
  LayerNorm() = default;
  // "<name>.weight", "<name>.bias": [D]. rms: y = x / sqrt(mean(x^2) + eps) * weight + bias.
  LayerNorm(const ModelFile& file, const std::string& name, float eps, bool rms = false);

  // x, y: [rows, D]; y may be x.
  void forward(ConstSpan2f x, Span2f y, const Engine& engine) const;

  bool rms() const noexcept { return rms_; }

  // x += ln(h); h is normalised in place.
  void add_to(Span2f x, Span2f h, const Engine& engine) const;

  // The normalised rows as `next` multiplies them: floats or bf16 in the memory of h [rows, D], or quantized
  // into `ws` on the way.
  Operand operand(ConstSpan2f x, const Linear& next, Span2f h, Workspace& ws, const Engine& engine) const;

  // Rows [first, first + x.rows) of the operand that `operand` would make of all: on this thread alone. x:
  // these rows; to: the whole operand's room, of operand_room.
  struct Room {
    Span2f f32 = {};      // [rows, D], where the next layer multiplies floats
    Span2b bf16 = {};     // or bf16
    int8_t* q = nullptr;  // or bytes
    size_t ldq = 0;
    float* scale = nullptr;
    Operand operand(size_t rows, size_t cols) const noexcept;
  };
  static Room operand_room(const Linear& next, Span2f h, Workspace& ws, const Engine& engine);
  void fill(const Room& to, size_t first, ConstSpan2f x, const Engine& engine) const;

 private:
  // The part that the kernels' arguments have in common.
  void describe(kernels::LayerNormInput& input, ConstSpan2f x, size_t first, size_t count) const;

  const float* gamma_ = nullptr;
  const float* beta_ = nullptr;
  float eps_ = 0;
  bool rms_ = false;
};

}  // namespace simdclip
