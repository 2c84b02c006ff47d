#include "layers/attention_pool.h"

#include <algorithm>
#include <vector>

namespace simdclip {

AttentionPool::AttentionPool(const ModelFile& file, const AttentionPoolConfig& config, size_t width)
    : shape_{config.heads, width / config.heads, false}, kv_(file, "visual.attention_pool.kv", true) {
  if (config.token_query) {
    q_.emplace(file, "visual.attention_pool.q", true);
  } else {
    query_ = file.tensor("visual.attention_pool.query").f32();
    proj_.emplace(file, "visual.attention_pool.proj", true);
  }
  if (config.input_norm) input_norm_.emplace(file, "visual.attention_pool.ln_in", config.norm_eps);
  if (config.mlp_width == 0) return;
  TransformerConfig mlp;
  mlp.activation = config.activation;
  mlp.norm_eps = config.norm_eps;
  mlp_.emplace(file, "visual.attention_pool.ln", "visual.attention_pool.mlp", mlp);
}

void AttentionPool::forward(Span2f x, const Sequences& sequences, Span2f y, Workspace& ws,
                            const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t n = sequences.count(), width = kv_.outputs() / 2;
  if (input_norm_) input_norm_->forward(x, x, engine);
  const Span2f kv = ws.take(x.rows, 2 * width);  // [T, 2D]
  const Span2f q = ws.take(n, width), h = ws.take(n, width);
  fill_queries(x, sequences, q, ws, engine);
  kv_.forward(kv_.operand(x, ws, engine), kv, engine);
  const std::vector<size_t> one_query(n, 0);
  multi_head_attention<float>(shape_, sequences, one_query,
                              {q, kv.sub_cols(0, width), kv.sub_cols(width, width), proj_ ? h : y}, ws,
                              engine);
  if (proj_) proj_->forward(proj_->operand(h, ws, engine), y, engine);
  if (mlp_) mlp_->add_to(y, h, ws, engine);
}

void AttentionPool::fill_queries(ConstSpan2f x, const Sequences& sequences, Span2f q, Workspace& ws,
                                 const Engine& engine) const {
  if (!q_) {
    for (size_t i = 0; i < q.rows; ++i) std::copy_n(query_, q.cols, q.row(i));
    return;
  }
  const Workspace::Scope scope(ws);
  const Span2f tokens = ws.take(q.rows, x.cols);  // [n, D]
  for (size_t i = 0; i < q.rows; ++i) std::copy_n(x.row(sequences.starts[i]), x.cols, tokens.row(i));
  q_->forward(q_->operand(tokens, ws, engine), q, engine);
}

size_t attention_pool_workspace_floats(const AttentionPoolConfig& config, Precision precision, size_t width,
                                       size_t pool_width, size_t n, size_t tokens, size_t threads) noexcept {
  const size_t attention = attention_workspace_floats(tokens, pool_width / config.heads, threads);
  return workspace_floats(n * tokens, 2 * pool_width) + 2 * workspace_floats(n, pool_width) +
         operand_workspace_floats(precision, n * tokens, width) +
         operand_workspace_floats(precision, n, pool_width) + workspace_floats(n, width) +
         operand_workspace_floats(precision, n, width) +
         std::max(attention, mlp_workspace_floats(n, pool_width, config.mlp_width, precision));
}

}  // namespace simdclip
