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
// Where padding is dropped and where a class token is appended, the length counts what is kept.
struct TextExtent {
  size_t length = 0, pooled = 0;
};

// The tokens of one text that run, where they are not simply its first ones.
struct KeptTokens {
  std::vector<int32_t> ids;
  std::vector<uint32_t> places;  // their positions; empty: 0, 1, 2, ...
  bool blind_class = false;      // the class token behind them does not attend to itself
};

// Pooling appended, or drop_padding. CoCa masks, as its weights were trained, the token *behind* each padding
// token, for every query; what is masked for all is left out, which is exact.
KeptTokens kept_tokens(const TextConfig& config, std::span<const int32_t> ids);

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

  // texts: ids of texts; out: [n, E], not normalised. shared: empty, or (causal towers) for each text how
  // many of its first tokens, fewer than its length, are those of the text before it; they are computed once.
  // The lengths (text_extent) without what is shared sum to at most micro_batch_rows(). The same bits with
  // and without.
  void forward(std::span<const std::span<const int32_t>> texts, std::span<const size_t> shared, Span2f out,
               Workspace& ws, const Engine& engine) const;

  // States of all tokens of one text, for conditioning other models. ids: a whole context, padding included;
  // id -1 - k stands for row k of `extra` [*, D], where texts hold vectors instead of words. skip: blocks
  // left out at the end (0: the last block's states, hidden_states[-1 - skip] of transformers). states:
  // [context, D], after ln_final where final_norm is set. pooled_state [D]: the token at `pooled` after all
  // blocks and ln_final; out [E]: its projection. hidden: empty, or [T]: 1 where no token attends to this
  // one, not even itself (an attention mask's zeros; causal towers only, and not the first token).
  struct States {
    std::span<const int32_t> ids;
    std::span<const float> extra;
    std::span<const uint8_t> hidden = {};
    size_t skip = 0, pooled = 0;
    bool final_norm = true;
  };
  void states(const States& request, Span2f states, Span2f pooled_state, Span2f out, Workspace& ws,
              const Engine& engine) const;
  size_t layers() const noexcept { return transformer_.layers(); }

 private:
  // The places of the texts' tokens, where attention has a bias.
  std::vector<uint32_t> places(std::span<const std::span<const int32_t>> texts) const;
  bool selects() const noexcept { return config_.drop_padding || config_.pooling == Pooling::appended; }
  // One text's tokens behind its first `skipped` into x, whose rows are its extent without them; returns
  // whether its class token is blind.
  bool embed(std::span<const int32_t> ids, size_t skipped, Span2f x) const;
  // Runs the blocks and takes one vector of each text, normalised.
  void pool(Span2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f pooled, Workspace& ws,
            const Engine& engine) const;
  void project(Span2f pooled, Span2f out, Workspace& ws, const Engine& engine) const;

  TextConfig config_;
  Precision precision_;
  size_t embed_dim_;
  TokenEmbedding embedding_;
  Transformer transformer_;
  std::optional<LayerNorm> ln_embed_, ln_final_;
  std::optional<Linear> projection_in_, projection_;
};

}  // namespace simdclip
