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
  const size_t width = x.cols;
  const Span2f h = ws.take(x.rows, width);  // [T, D]
  {
    const Workspace::Scope attention(ws);
    const Span2f qkv = ws.take(x.rows, 3 * width);  // [T, 3D]
    qkv_.forward(ln_1_.operand(x, qkv_, h, ws, engine), qkv, engine);
    multi_head_attention(shape_, sequences, {}, qkv.sub_cols(0, width), qkv.sub_cols(width, width),
                         qkv.sub_cols(2 * width, width), h, ws, engine);
    proj_.forward(proj_.operand(h, ws, engine), x, engine, kernels::Act::none, x);  // x += proj(attn)
  }
  mlp_.add_to(x, h, ws, engine);
}

void Block::forward_rows(ConstSpan2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f y,
                         Workspace& ws, const Engine& engine) const {
  assert(rows.size() == sequences.count() && y.rows == rows.size());
  const Workspace::Scope scope(ws);
  const size_t width = x.cols, n = rows.size();
  const Span2f h = ws.take(n, width);  // [n, D]
  {
    const Workspace::Scope attention(ws);
    const Span2f all = ws.take(x.rows, width);     // ln_1 of every token
    const Span2f kv = ws.take(x.rows, 2 * width);  // [T, 2D]
    const Span2f q = ws.take(n, width);            // [n, D]
    for (size_t i = 0; i < n; ++i) std::copy_n(x.row(sequences.starts[i] + rows[i]), width, y.row(i));
    qkv_.columns(width, 2 * width).forward(ln_1_.operand(x, qkv_, all, ws, engine), kv, engine);
    qkv_.columns(0, width).forward(ln_1_.operand(y, qkv_, h, ws, engine), q, engine);
    multi_head_attention(shape_, sequences, rows, q, kv.sub_cols(0, width), kv.sub_cols(width, width), h, ws,
                         engine);
    proj_.forward(proj_.operand(h, ws, engine), y, engine, kernels::Act::none, y);
  }
  mlp_.add_to(y, h, ws, engine);
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
