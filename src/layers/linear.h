// y = act(x W^T + b) + residual, W used from the model file's mapping.
#pragma once

#include <string>

#include "format/model_file.h"
#include "kernels/activation/activation.h"
#include "layers/engine.h"
#include "layers/span2.h"

namespace simdclip {

class Linear {
 public:
  Linear() = default;
  // "<name>.weight" [N, K] and, if `bias`, "<name>.bias" [N].
  Linear(const ModelFile& file, const std::string& name, bool bias);

  size_t inputs() const noexcept { return k_; }
  size_t outputs() const noexcept { return n_; }

  // x: [M, K], y: [M, N]; residual: [M, N] or empty, may be y itself.
  void forward(ConstSpan2f x, Span2f y, const Engine& engine, kernels::Act act = kernels::Act::none,
               ConstSpan2f residual = {}) const;

  // The layer that computes output columns [first, first + count) only. `first` is a multiple of a panel
  // (16).
  Linear columns(size_t first, size_t count) const;

 private:
  size_t n_ = 0, k_ = 0;
  Storage storage_ = Storage::gemm_f32;
  const std::byte* weight_ = nullptr;  // packed panels
  const float* bias_ = nullptr;        // [N] or null
};

}  // namespace simdclip
