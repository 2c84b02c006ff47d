// Token ids to an embedding: token and position embedding, transformer, pooling, ln_final, projection.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "layers/token_embedding.h"
#include "model/transformer.h"

namespace simdclip {

// What must run of one text: its first `length` ids, of which token `pooled` becomes the vector.
// A causal tower pooled at EOS never looks at what follows EOS, so length = pooled + 1 is exact.
struct TextExtent {
  size_t length = 0, pooled = 0;
};

// ids: at most context_length of them. Without any EOS the reference's rule decides: argmax of a list without
// one is the largest id, a missing first EOS counts as position 0.
TextExtent text_extent(const TextConfig& config, std::span<const int32_t> ids);

class TextTower {
 public:
  TextTower(const ModelFile& file, const TextConfig& config, size_t embed_dim);

  const TextConfig& config() const noexcept { return config_; }
  size_t embed_dim() const noexcept { return embed_dim_; }
  size_t micro_batch_rows() const noexcept;  // tokens that run together; at least one whole context
  size_t workspace_floats(size_t threads) const noexcept;  // for one micro-batch

  // texts: ids of texts; out: [n, E], not normalised. shared: empty, or (causal towers) for each text how many of
  // its first tokens, fewer than its length, are those of the text before it; they are computed once. The lengths
  // (text_extent) without what is shared sum to at most micro_batch_rows(). The same bits with and without.
  void forward(std::span<const std::span<const int32_t>> texts, std::span<const size_t> shared, Span2f out,
               Workspace& ws, const Engine& engine) const;

  // States of all tokens of one text, for conditioning other models. ids: a whole context, padding included;
  // id -1 - k stands for row k of `extra` [*, D], where texts hold vectors instead of words. skip: blocks left
  // out at the end (0: the last block's states, hidden_states[-1 - skip] of transformers). states: [context, D],
  // after ln_final where final_norm is set. pooled_state [D]: the token at `pooled` after all blocks and
  // ln_final; out [E]: its projection.
  struct States {
    std::span<const int32_t> ids;
    std::span<const float> extra;
    size_t skip = 0, pooled = 0;
    bool final_norm = true;
  };
  void states(const States& request, Span2f states, Span2f pooled_state, Span2f out, Workspace& ws,
              const Engine& engine) const;
  size_t layers() const noexcept { return transformer_.layers(); }

 private:
  TextConfig config_;
  Precision precision_;
  size_t embed_dim_;
  TokenEmbedding embedding_;
  Transformer transformer_;
  LayerNorm ln_final_;
  std::optional<Linear> projection_;
};

}  // namespace simdclip
