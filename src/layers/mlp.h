// The residual MLP of a block: x += fc2(act(fc1(ln(x)))), with a gate, a norm inside, and its layer norm
// where the configuration has them.
#pragma once

#include <optional>
#include <string>

#include "format/model_file.h"
#include "layers/layer_norm.h"
#include "layers/linear.h"
#include "layers/workspace.h"

namespace simdclip {

kernels::Act act_of(Activation activation) noexcept;

class Mlp {
 public:
  // Tensors of the layer norm `norm`, and "<name>.fc1", "<name>.fc2"; ".gate", ".ln" as the configuration
  // says. Of it the widths are not used.
  Mlp(const ModelFile& file, const std::string& norm, const std::string& name,
      const TransformerConfig& config);

  // x: [T, D], in place; h: [T, D] scratch.
  void add_to(Span2f x, Span2f h, Workspace& ws, const Engine& engine) const;

 private:
  template <typename Element>
  void add_through(Span2<Element> hidden, Span2f x, Span2f h, Workspace& ws, const Engine& engine) const;
  void add_as_configured(Span2f hidden, Span2f x, Span2f h, Workspace& ws, const Engine& engine) const;
  // What fc2 multiplies: act(fc1(x)) or act(gate(x)) * fc1(x), normalised where there is a norm. hidden: [T,
  // M] scratch.
  Operand inner(const Operand& x, Span2f hidden, Workspace& ws, const Engine& engine) const;
  template <typename Element>
  Operand gated(const Operand& x, Span2f hidden, Workspace& ws, const Engine& engine) const;

  LayerNorm norm_;
  Linear fc1_, fc2_;
  std::optional<Linear> gate_;
  std::optional<LayerNorm> hidden_norm_;
  BlockNorm place_;
  kernels::Act act_;
};

// Workspace floats of add_to for `rows` rows.
size_t mlp_workspace_floats(size_t rows, size_t width, size_t mlp_width, Precision precision,
                            bool gated = false, size_t threads = 1) noexcept;

}  // namespace simdclip
