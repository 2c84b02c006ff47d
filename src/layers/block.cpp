#include "layers/block.h"

#include <algorithm>
#include <cassert>

namespace simdclip {

Block::Block(const ModelFile& file, const std::string& name, const TransformerConfig& config, bool causal)
    : shape_{config.heads, config.width / config.heads, causal},
      ln_1_(file, name + ".ln_1", config.norm_eps),
      qkv_(file, name + ".attn.qkv", true),
      proj_(file, name + ".attn.proj", true),
      mlp_(file, name + ".ln_2", name + ".mlp", config.activation, config.norm_eps) {}

void Block::forward(Span2f x, const Sequences& sequences, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const Span2f h = ws.take(x.rows, x.cols);  // [T, D]
  if (proj_.multiplies_bf16(engine)) {
    attend<uint16_t>(x, sequences, h, ws, engine);
  } else {
    attend<float>(x, sequences, h, ws, engine);
  }
  mlp_.add_to(x, h, ws, engine);
}

template <typename Element>
void Block::attend(Span2f x, const Sequences& sequences, Span2f h, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t width = x.cols;
  const Span2<Element> qkv = rows_in<Element>(ws.take(x.rows, 3 * width));  // [T, 3D]
  qkv_.forward(ln_1_.operand(x, qkv_, h, ws, engine), qkv, engine);
  const Span2<Element> out = rows_in<Element>(h);
  multi_head_attention<Element>(
      shape_, sequences, {},
      {qkv.sub_cols(0, width), qkv.sub_cols(width, width), qkv.sub_cols(2 * width, width), out}, ws, engine);
  proj_.forward(proj_.operand(out, ws, engine), x, engine, kernels::Act::none, x);  // x += proj(attn)
}

void Block::forward_rows(ConstSpan2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f y,
                         Workspace& ws, const Engine& engine) const {
  assert(rows.size() == sequences.count() && y.rows == rows.size());
  const Workspace::Scope scope(ws);
  const Span2f h = ws.take(rows.size(), x.cols);  // [n, D]
  for (size_t i = 0; i < rows.size(); ++i) std::copy_n(x.row(sequences.starts[i] + rows[i]), x.cols, y.row(i));
  if (proj_.multiplies_bf16(engine)) {
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
  const Span2f all = ws.take(x.rows, width);                                // ln_1 of every token
  const Span2<Element> kv = rows_in<Element>(ws.take(x.rows, 2 * width));  // [T, 2D]
  const Span2<Element> q = rows_in<Element>(ws.take(rows.size(), width));  // [n, D]
  qkv_.columns(width, 2 * width).forward(ln_1_.operand(x, qkv_, all, ws, engine), kv, engine);
  qkv_.columns(0, width).forward(ln_1_.operand(y, qkv_, h, ws, engine), q, engine);
  const Span2<Element> out = rows_in<Element>(h);
  multi_head_attention<Element>(shape_, sequences, rows,
                                {q, kv.sub_cols(0, width), kv.sub_cols(width, width), out}, ws, engine);
  proj_.forward(proj_.operand(out, ws, engine), y, engine, kernels::Act::none, y);
}

size_t block_workspace_floats(const TransformerConfig& config, Precision precision, size_t rows,
                              size_t longest, size_t threads) noexcept {
  const size_t width = config.width, d = workspace_floats(rows, width);
  // forward takes h, qkv and two operands; forward_rows, whose n <= rows, at most h, all, kv, q and three.
  // Both with the attention's scratch.
  const size_t attention =
      std::max(workspace_floats(rows, 3 * width), 2 * d + workspace_floats(rows, 2 * width)) +
      attention_workspace_floats(longest, width / config.heads, threads) +
      3 * operand_workspace_floats(precision, rows, width);
  return d + std::max(attention, mlp_workspace_floats(rows, width, config.mlp_width, precision));
}

}  // namespace simdclip
