#include "layers/mlp.h"

namespace simdclip {

kernels::Act act_of(Activation activation) noexcept {
  switch (activation) {
    case Activation::gelu: return kernels::Act::gelu;
    case Activation::gelu_tanh: return kernels::Act::gelu_tanh;
    case Activation::quick_gelu: return kernels::Act::quick_gelu;
  }
  return kernels::Act::none;
}

Mlp::Mlp(const ModelFile& file, const std::string& norm, const std::string& name, Activation activation,
         float norm_eps)
    : norm_(file, norm, norm_eps),
      fc1_(file, name + ".fc1", true),
      fc2_(file, name + ".fc2", true),
      act_(act_of(activation)) {}

void Mlp::add_to(Span2f x, Span2f h, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const Span2f hidden = ws.take(x.rows, fc1_.outputs());  // [T, M]
  if (fc2_.multiplies_bf16(engine)) {
    add_through(rows_in<uint16_t>(hidden), x, h, ws, engine);
  } else {
    add_through(hidden, x, h, ws, engine);
  }
}

template <typename Element>
void Mlp::add_through(Span2<Element> hidden, Span2f x, Span2f h, Workspace& ws, const Engine& engine) const {
  fc1_.forward(norm_.operand(x, fc1_, h, ws, engine), hidden, engine, act_);
  fc2_.forward(fc2_.operand(hidden, ws, engine), x, engine, kernels::Act::none, x);
}

size_t mlp_workspace_floats(size_t rows, size_t width, size_t mlp_width, Precision precision) noexcept {
  return workspace_floats(rows, mlp_width) + operand_workspace_floats(precision, rows, width) +
         operand_workspace_floats(precision, rows, mlp_width);
}

}  // namespace simdclip
