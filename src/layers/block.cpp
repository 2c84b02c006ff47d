#include "layers/block.h"

#include <algorithm>
#include <cassert>
#include <type_traits>

#include "kernels/gemm/pack.h"

namespace simdclip {

Block::Block(const ModelFile& file, const std::string& name, const TransformerConfig& config, bool causal,
             const Rotary& rotary, ConstSpan2f attention_bias)
    : shape_{config.heads, config.width / config.heads, causal, attention_bias,
             file.config().precision == Precision::int8},
      place_(config.norm),
      rotary_(rotary),
      ln_1_(file, name + ".ln_1", config.norm_eps, config.rms_norm),
      qkv_(file, name + ".attn.qkv", true),
      proj_(file, name + ".attn.proj", true),
      mlp_(file, name + ".ln_2", name + ".mlp", config) {
  if (config.attention_norm)
    attention_norm_.emplace(file, name + ".attn.ln", config.norm_eps, config.rms_norm);
}

// Scores that are biased stay floats, and so do blocks whose norms stand elsewhere.
bool Block::hands_on_bf16(const Engine& engine) const noexcept {
  return proj_.takes_bf16(engine) && norms_before() && shape_.bias.data == nullptr;
}

// What the projection multiplies: attention's result, normalised where there is a norm. h: the memory that it
// is in.
template <typename Element>
Operand Block::attended(Span2<Element> out, Span2f h, Workspace& ws, const Engine& engine) const {
  if (!attention_norm_) return proj_.operand(out, ws, engine);
  if constexpr (std::is_same_v<Element, float>) {
    if (!proj_.multiplies_bf16(engine)) return attention_norm_->operand(out, proj_, h, ws, engine);
    attention_norm_->forward(out, out, engine);
    return proj_.operand(out, ws, engine);
  } else {
    const Span2f wide = ws.take(out.rows, out.cols);  // [T, D]
    engine.parallel_ranges(out.rows, [&](size_t first, size_t count) {
      for (size_t r = first; r < first + count; ++r) kernels::from_bf16(out.row(r), out.cols, wide.row(r));
    });
    return attention_norm_->operand(wide, proj_, h, ws, engine);
  }
}

void Block::forward(Span2f x, const Sequences& sequences, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const Span2f h = ws.take(x.rows, x.cols);  // [T, D]
  if (hands_on_bf16(engine)) {
    attend<uint16_t>(x, sequences, h, ws, engine);
  } else {
    attend<float>(x, sequences, h, ws, engine);
  }
  mlp_.add_to(x, h, ws, engine);
}

template <typename Element>
void Block::attend(Span2f x, const Sequences& sequences, Span2f h, Workspace& ws,
                   const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t width = x.cols;
  const Span2<Element> qkv = rows_in<Element>(ws.take(x.rows, 3 * width));  // [T, 3D]
  qkv_.forward(norms_before() ? ln_1_.operand(x, qkv_, h, ws, engine) : qkv_.operand(x, ws, engine), qkv,
               engine);
  rotate<Element>(rotary_, shape_.head_dim, sequences, {}, qkv.sub_cols(0, 2 * width), engine);
  const Span2<Element> out = rows_in<Element>(h);
  multi_head_attention<Element>(
      shape_, sequences, {},
      {qkv.sub_cols(0, width), qkv.sub_cols(width, width), qkv.sub_cols(2 * width, width), out}, ws, engine);
  const Operand input = attended(out, h, ws, engine);
  if (place_ == BlockNorm::branch) {
    const Span2f branch = ws.take(x.rows, width);
    proj_.forward(input, branch, engine);
    ln_1_.add_to(x, branch, engine);
    return;
  }
  proj_.forward(input, x, engine, kernels::Act::none, x);  // x += proj(attn)
  if (place_ == BlockNorm::after) ln_1_.forward(x, x, engine);
}

void Block::forward_rows(ConstSpan2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f y,
                         Workspace& ws, const Engine& engine) const {
  assert(rows.size() == sequences.count() && y.rows == rows.size() && norms_before());
  const Workspace::Scope scope(ws);
  const Span2f h = ws.take(rows.size(), x.cols);  // [n, D]
  for (size_t i = 0; i < rows.size(); ++i)
    std::copy_n(x.row(sequences.starts[i] + rows[i]), x.cols, y.row(i));
  if (hands_on_bf16(engine)) {
    attend_rows<uint16_t>(x, sequences, rows, y, h, ws, engine);
  } else {
    attend_rows<float>(x, sequences, rows, y, h, ws, engine);
  }
  mlp_.add_to(y, h, ws, engine);
}

template <typename Element>
void Block::attend_rows(ConstSpan2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f y,
                        Span2f h, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t width = x.cols;
  const Span2f all = ws.take(x.rows, width);                               // ln_1 of every token
  const Span2<Element> kv = rows_in<Element>(ws.take(x.rows, 2 * width));  // [T, 2D]
  const Span2<Element> q = rows_in<Element>(ws.take(rows.size(), width));  // [n, D]
  qkv_.columns(width, 2 * width).forward(ln_1_.operand(x, qkv_, all, ws, engine), kv, engine);
  qkv_.columns(0, width).forward(ln_1_.operand(y, qkv_, h, ws, engine), q, engine);
  rotate<Element>(rotary_, shape_.head_dim, sequences, {}, kv.sub_cols(0, width), engine);
  rotate<Element>(rotary_, shape_.head_dim, sequences, rows, q, engine);
  const Span2<Element> out = rows_in<Element>(h);
  multi_head_attention<Element>(shape_, sequences, rows,
                                {q, kv.sub_cols(0, width), kv.sub_cols(width, width), out}, ws, engine);
  proj_.forward(attended(out, h, ws, engine), y, engine, kernels::Act::none, y);
}

size_t block_workspace_floats(const TransformerConfig& config, Precision precision, size_t rows,
                              size_t longest, size_t threads) noexcept {
  const size_t width = config.width, d = workspace_floats(rows, width);
  // forward takes h, qkv and two operands; forward_rows, whose n <= rows, at most h, all, kv, q and three.
  // Both with the attention's scratch, and room for its result as floats before a norm.
  const size_t attention =
      (config.attention_norm ? d : 0) +
      std::max(workspace_floats(rows, 3 * width) + (config.norm == BlockNorm::branch ? d : 0),
               2 * d + workspace_floats(rows, 2 * width)) +
      attention_workspace_floats(longest, width / config.heads, threads) +
      3 * operand_workspace_floats(precision, rows, width);
  const size_t places = config.relative_bias ? places_workspace_floats(longest, threads) : 0;
  return d + std::max(attention + places, mlp_workspace_floats(rows, width, config.mlp_width, precision,
                                                               config.gated_mlp, threads));
}

}  // namespace simdclip
