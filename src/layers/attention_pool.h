// Attention pooling: one query attends to all tokens of each picture, a learned one (SigLIP's MAP head, PE's
// attention pool) or the first token's (AttentionPool2d).
#pragma once

#include "layers/attention.h"
#include "layers/mlp.h"

namespace simdclip {

class AttentionPool {
 public:
  // Tensors visual.attention_pool.*. width: of the pool.
  AttentionPool(const ModelFile& file, const AttentionPoolConfig& config, size_t width);

  // x: [rows of the sequences, D], which a norm of the input changes; y: [n, the pool's width].
  void forward(Span2f x, const Sequences& sequences, Span2f y, Workspace& ws, const Engine& engine) const;

 private:
  // [n, D], of the tokens x [T, D].
  void fill_queries(ConstSpan2f x, const Sequences& sequences, Span2f q, Workspace& ws,
                    const Engine& engine) const;

  AttentionShape shape_;
  const float* query_ = nullptr;  // [D], projected at conversion; or q_
  Linear kv_;
  std::optional<Linear> q_, proj_;
  std::optional<LayerNorm> input_norm_;
  std::optional<Mlp> mlp_;
};

// Workspace floats for n sequences of `tokens` tokens; width: of the tower, pool_width: of the pool.
size_t attention_pool_workspace_floats(const AttentionPoolConfig& config, Precision precision, size_t width,
                                       size_t pool_width, size_t n, size_t tokens, size_t threads) noexcept;

}  // namespace simdclip
