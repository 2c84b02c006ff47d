// The transformer block (Dosovitskiy 2021, eq. 2-3; Radford 2019): x += attn(ln_1(x)); x += mlp(ln_2(x)); its
// norms where the configuration has them (BlockNorm).
#pragma once

#include <optional>
#include <string>

#include "format/model_file.h"
#include "layers/attention.h"
#include "layers/layer_norm.h"
#include "layers/linear.h"
#include "layers/mlp.h"

namespace simdclip {

class Block {
 public:
  // Tensors "<name>.ln_1", ".attn.qkv", ".attn.proj", ".ln_2", ".mlp.fc1", ".mlp.fc2"; ".attn.ln" and Mlp's
  // as the configuration says.
  Block(const ModelFile& file, const std::string& name, const TransformerConfig& config, bool causal,
        const Rotary& rotary = {}, ConstSpan2f attention_bias = {});

  // x: [T, D], all tokens of the sequences, updated in place.
  void forward(Span2f x, const Sequences& sequences, Workspace& ws, const Engine& engine) const;

  // The same, but only token rows[i] of each sequence i is computed: y: [n, D]. x is left as it is.
  // A tower's last block needs no more than the pooled token; its keys and values still come from all tokens.
  // Bit for bit the same rows. Only of blocks whose norms stand before.
  void forward_rows(ConstSpan2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f y,
                    Workspace& ws, const Engine& engine) const;

  bool norms_before() const noexcept { return place_ == BlockNorm::before; }

 private:
  // The attention half, its queries, keys and values as floats or (uint16_t) bf16. h: [T, D] or [n, D]
  // scratch.
  template <typename Element>
  void attend(Span2f x, const Sequences& sequences, Span2f h, Workspace& ws, const Engine& engine) const;
  template <typename Element>
  void attend_rows(ConstSpan2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f y,
                   Span2f h, Workspace& ws, const Engine& engine) const;

  template <typename Element>
  Operand attended(Span2<Element> out, Span2f h, Workspace& ws, const Engine& engine) const;
  bool hands_on_bf16(const Engine& engine) const noexcept;

  AttentionShape shape_;
  BlockNorm place_;
  Rotary rotary_;
  LayerNorm ln_1_;
  Linear qkv_, proj_;
  std::optional<LayerNorm> attention_norm_;
  Mlp mlp_;
};

// Workspace floats of one block for `rows` tokens in sequences of at most `longest`.
size_t block_workspace_floats(const TransformerConfig& config, Precision precision, size_t rows,
                              size_t longest, size_t threads) noexcept;

}  // namespace simdclip
