#include "layers/mlp.h"

#include <algorithm>

namespace simdclip {

kernels::Act act_of(Activation activation) noexcept {
  switch (activation) {
    case Activation::gelu: return kernels::Act::gelu;
    case Activation::gelu_tanh: return kernels::Act::gelu_tanh;
    case Activation::quick_gelu: return kernels::Act::quick_gelu;
    case Activation::relu: break;  // no product ends in it: fill_hidden does it
  }
  return kernels::Act::none;
}

Mlp::Mlp(const ModelFile& file, const std::string& norm, const std::string& name,
         const TransformerConfig& config)
    : norm_(file, norm, config.norm_eps, config.rms_norm),
      fc1_(file, name + ".fc1", true),
      fc2_(file, name + ".fc2", true),
      place_(config.norm),
      relu_(config.activation == Activation::relu),
      act_(act_of(config.activation)) {
  if (config.gated_mlp) gate_.emplace(file, name + ".gate", true);
  if (config.mlp_norm) hidden_norm_.emplace(file, name + ".ln", config.norm_eps, config.rms_norm);
}

void Mlp::fill_hidden(const Operand& x, Span2f hidden, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const Linear& activated = gate_ ? *gate_ : fc1_;
  activated.forward(x, hidden, engine, act_);
  if (relu_) {
    for_rows(hidden.rows, engine, [&](size_t r) {
      float* row = hidden.row(r);
      for (size_t i = 0; i < hidden.cols; ++i) row[i] = row[i] < 0 ? 0 : row[i];  // NaN stays
    });
  }
  if (gate_) {
    const Span2f value = ws.take(hidden.rows, hidden.cols);  // [T, M]
    fc1_.forward(x, value, engine);
    for_rows(hidden.rows, engine, [&](size_t r) {
      float* row = hidden.row(r);
      for (size_t i = 0; i < hidden.cols; ++i) row[i] *= value.row(r)[i];
    });
  }
  if (hidden_norm_) hidden_norm_->forward(hidden, hidden, engine);
}

void Mlp::add_to(Span2f x, Span2f h, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const Span2f hidden = ws.take(x.rows, fc1_.outputs());  // [T, M]
  const bool one_product = place_ == BlockNorm::before && !gate_ && !hidden_norm_ && !relu_;
  if (fc2_.multiplies_bf16(engine) && one_product) {
    add_through(rows_in<uint16_t>(hidden), x, h, ws, engine);
  } else if (one_product) {
    add_through(hidden, x, h, ws, engine);
  } else {
    add_as_configured(hidden, x, h, ws, engine);
  }
}

template <typename Element>
void Mlp::add_through(Span2<Element> hidden, Span2f x, Span2f h, Workspace& ws, const Engine& engine) const {
  fc1_.forward(norm_.operand(x, fc1_, h, ws, engine), hidden, engine, act_);
  fc2_.forward(fc2_.operand(hidden, ws, engine), x, engine, kernels::Act::none, x);
}

void Mlp::add_as_configured(Span2f hidden, Span2f x, Span2f h, Workspace& ws, const Engine& engine) const {
  const Operand input =
      place_ == BlockNorm::before ? norm_.operand(x, fc1_, h, ws, engine) : fc1_.operand(x, ws, engine);
  fill_hidden(input, hidden, ws, engine);
  const Operand inner = fc2_.operand(hidden, ws, engine);
  if (place_ == BlockNorm::branch) {
    fc2_.forward(inner, h, engine);
    norm_.add_to(x, h, engine);
    return;
  }
  fc2_.forward(inner, x, engine, kernels::Act::none, x);
  if (place_ == BlockNorm::after) norm_.forward(x, x, engine);
}

size_t mlp_workspace_floats(size_t rows, size_t width, size_t mlp_width, Precision precision,
                            bool gated) noexcept {
  const size_t value = gated ? workspace_floats(rows, mlp_width) : 0;
  return workspace_floats(rows, mlp_width) + operand_workspace_floats(precision, rows, width) +
         std::max(value, operand_workspace_floats(precision, rows, mlp_width));
}

}  // namespace simdclip
