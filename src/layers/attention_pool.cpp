#include "layers/attention_pool.h"

#include <algorithm>
#include <vector>

namespace simdclip {

AttentionPool::AttentionPool(const ModelFile& file, const AttentionPoolConfig& config, size_t width)
    : shape_{config.heads, width / config.heads, false},
      query_(file.tensor("visual.attention_pool.query").f32()),
      kv_(file, "visual.attention_pool.kv", true),
      proj_(file, "visual.attention_pool.proj", true) {
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
  const size_t n = sequences.count(), width = proj_.inputs();
  if (input_norm_) input_norm_->forward(x, x, engine);
  const Span2f kv = ws.take(x.rows, 2 * width);  // [T, 2D]
  const Span2f q = ws.take(n, width), h = ws.take(n, width);
  for (size_t i = 0; i < n; ++i) std::copy_n(query_, width, q.row(i));
  kv_.forward(kv_.operand(x, ws, engine), kv, engine);
  const std::vector<size_t> one_query(n, 0);
  multi_head_attention<float>(shape_, sequences, one_query,
                              {q, kv.sub_cols(0, width), kv.sub_cols(width, width), h}, ws, engine);
  proj_.forward(proj_.operand(h, ws, engine), y, engine);
  if (mlp_) mlp_->add_to(y, h, ws, engine);
}

size_t attention_pool_workspace_floats(const AttentionPoolConfig& config, Precision precision, size_t width,
                                       size_t pool_width, size_t n, size_t tokens, size_t threads) noexcept {
  const size_t attention = attention_workspace_floats(tokens, pool_width / config.heads, threads);
  return workspace_floats(n * tokens, 2 * pool_width) + 2 * workspace_floats(n, pool_width) +
         operand_workspace_floats(precision, n * tokens, width) +
         operand_workspace_floats(precision, n, pool_width) +
         std::max(attention, mlp_workspace_floats(n, pool_width, config.mlp_width, precision));
}

}  // namespace simdclip
