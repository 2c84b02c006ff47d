#include "layers/block.h"

#include <algorithm>
#include <cassert>

namespace simdclip {
namespace {

void copy_row(const float* from, float* to, size_t n) { std::copy_n(from, n, to); }

}  // namespace

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
    ln_1_.forward(x, h, engine);
    qkv_.forward(h, qkv, engine);
    multi_head_attention(shape_, sequences, {}, qkv.sub_cols(0, width), qkv.sub_cols(width, width),
                         qkv.sub_cols(2 * width, width), h, ws, engine);
    proj_.forward(h, x, engine, kernels::Act::none, x);  // x += proj(attn)
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
    ln_1_.forward(x, all, engine);
    for (size_t i = 0; i < n; ++i) {
      copy_row(all.row(sequences.starts[i] + rows[i]), h.row(i), width);
      copy_row(x.row(sequences.starts[i] + rows[i]), y.row(i), width);
    }
    qkv_.columns(width, 2 * width).forward(all, kv, engine);
    qkv_.columns(0, width).forward(h, q, engine);
    multi_head_attention(shape_, sequences, rows, q, kv.sub_cols(0, width), kv.sub_cols(width, width), h, ws,
                         engine);
    proj_.forward(h, y, engine, kernels::Act::none, y);
  }
  mlp_.add_to(y, h, ws, engine);
}

size_t block_workspace_floats(const TransformerConfig& config, size_t rows, size_t longest,
                              size_t threads) noexcept {
  const size_t head_dim = config.width / config.heads;
  const size_t d = workspace_floats(rows, config.width);
  // forward_rows takes at most: h, all, kv, q; forward: h, qkv. Both with the attention's scratch.
  const size_t attention =
      std::max(workspace_floats(rows, 3 * config.width), 2 * d + workspace_floats(rows, 2 * config.width)) +
      attention_workspace_floats(longest, head_dim, threads);
  return d + std::max(attention, workspace_floats(rows, config.mlp_width));
}

}  // namespace simdclip
