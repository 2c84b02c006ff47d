#include "layers/mlp.h"

#include <algorithm>

namespace simdclip {

kernels::Act act_of(Activation activation) noexcept {
  switch (activation) {
    case Activation::gelu: return kernels::Act::gelu;
    case Activation::gelu_tanh: return kernels::Act::gelu_tanh;
    case Activation::quick_gelu: return kernels::Act::quick_gelu;
    case Activation::relu: return kernels::Act::relu;
  }
  return kernels::Act::none;
}

Mlp::Mlp(const ModelFile& file, const std::string& norm, const std::string& name,
         const TransformerConfig& config)
    : norm_(file, norm, config.norm_eps, config.rms_norm),
      fc1_(file, name + ".fc1", true),
      fc2_(file, name + ".fc2", true),
      place_(config.norm),
      act_(act_of(config.activation)) {
  if (config.gated_mlp) gate_.emplace(file, name + ".gate", true);
  if (config.mlp_norm) hidden_norm_.emplace(file, name + ".ln", config.norm_eps, config.rms_norm);
}

// The rows of a gated mlp that are multiplied and normalised while they are near.
constexpr size_t kGatedRows = 8;

template <typename Element>
Operand Mlp::gated(const Operand& x, Span2f hidden, Workspace& ws, const Engine& engine) const {
  const size_t rows = hidden.rows, width = hidden.cols, parts = std::min<size_t>(engine.pool.size(), rows);
  const Span2<Element> gate = rows_in<Element>(hidden), value = rows_in<Element>(ws.take(rows, width));
  const Span2f products = ws.take(parts * kGatedRows, width), normed = ws.take(rows, width);
  gate_->forward(x, gate, engine, act_);
  fc1_.forward(x, value, engine);
  const bool direct = hidden_norm_ && !hidden_norm_->rms();
  const LayerNorm::Room room = direct ? LayerNorm::operand_room(fc2_, normed, ws, engine) : LayerNorm::Room();
  engine.pool.parallel_for(parts, [&](size_t part) {
    const size_t end = rows * (part + 1) / parts;
    for (size_t first = rows * part / parts, count = 0; first < end; first += count) {
      count = std::min(kGatedRows, end - first);
      const Span2f to = direct ? products.sub_rows(part * kGatedRows, count) : normed.sub_rows(first, count);
      for (size_t r = 0; r < count; ++r) {
        const kernels::MultiplyOperands<Element> args{width, gate.row(first + r), value.row(first + r),
                                                      to.row(r)};
        if constexpr (std::is_same_v<Element, float>)
          engine.kernels.multiply_f32(args);
        else
          engine.kernels.multiply_bf16(args);
      }
      if (direct) hidden_norm_->fill(room, first, to, engine);
    }
  });
  if (direct) return room.operand(rows, width);
  if (hidden_norm_) hidden_norm_->forward(normed, normed, engine);
  return fc2_.operand(normed, ws, engine);
}

Operand Mlp::inner(const Operand& x, Span2f hidden, Workspace& ws, const Engine& engine) const {
  if (gate_) {
    return fc2_.multiplies_bf16(engine) ? gated<uint16_t>(x, hidden, ws, engine)
                                        : gated<float>(x, hidden, ws, engine);
  }
  fc1_.forward(x, hidden, engine, act_);
  if (hidden_norm_) hidden_norm_->forward(hidden, hidden, engine);
  return fc2_.operand(hidden, ws, engine);
}

void Mlp::add_to(Span2f x, Span2f h, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const Span2f hidden = ws.take(x.rows, fc1_.outputs());  // [T, M]
  const bool one_product = place_ == BlockNorm::before && !gate_ && !hidden_norm_;
  if (fc2_.takes_bf16(engine) && one_product) {
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
  const Operand result = inner(input, hidden, ws, engine);
  if (place_ == BlockNorm::branch) {
    fc2_.forward(result, h, engine);
    norm_.add_to(x, h, engine);
    return;
  }
  fc2_.forward(result, x, engine, kernels::Act::none, x);
  if (place_ == BlockNorm::after) norm_.forward(x, x, engine);
}

size_t mlp_workspace_floats(size_t rows, size_t width, size_t mlp_width, Precision precision, bool gated,
                            size_t threads) noexcept {
  const size_t inner =
      gated ? 2 * workspace_floats(rows, mlp_width) + workspace_floats(threads * kGatedRows, mlp_width) : 0;
  return workspace_floats(rows, mlp_width) + operand_workspace_floats(precision, rows, width) + inner +
         operand_workspace_floats(precision, rows, mlp_width);
}

}  // namespace simdclip
