// The residual MLP of a block: x += fc2(act(fc1(ln(x)))).
#pragma once

#include <string>

#include "format/model_file.h"
#include "layers/layer_norm.h"
#include "layers/linear.h"
#include "layers/workspace.h"

namespace simdclip {

kernels::Act act_of(Activation activation) noexcept;

class Mlp {
 public:
  // Tensors of the layer norm `norm`, and "<name>.fc1", "<name>.fc2".
  Mlp(const ModelFile& file, const std::string& norm, const std::string& name, Activation activation,
      float norm_eps);

  // x: [T, D], in place; h: [T, D] scratch.
  void add_to(Span2f x, Span2f h, Workspace& ws, const Engine& engine) const;

 private:
  template <typename Element>
  void add_through(Span2<Element> hidden, Span2f x, Span2f h, Workspace& ws, const Engine& engine) const;

  LayerNorm norm_;
  Linear fc1_, fc2_;
  kernels::Act act_;
};

// Workspace floats of add_to for `rows` rows.
size_t mlp_workspace_floats(size_t rows, size_t width, size_t mlp_width, Precision precision) noexcept;

}  // namespace simdclip
