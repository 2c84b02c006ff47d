#include "model/transformer.h"

#include <algorithm>

#include "kernels/gemm/pack.h"

namespace simdclip {

Transformer::Transformer(const ModelFile& file, const std::string& prefix, const TransformerConfig& config,
                         bool causal, const Rotary& rotary, ConstSpan2f attention_bias) {
  blocks_.reserve(config.layers);
  for (uint32_t i = 0; i < config.layers; ++i) {
    blocks_.emplace_back(file, prefix + ".blocks." + std::to_string(i), config, causal, rotary,
                         attention_bias);
  }
}

void Transformer::forward_blocks(size_t count, Span2f x, const Sequences& sequences, Workspace& ws,
                                 const Engine& engine) const {
  for (size_t i = 0; i < count; ++i) blocks_[i].forward(x, sequences, ws, engine);
}

void Transformer::forward(Span2f x, const Sequences& sequences, Workspace& ws, const Engine& engine) const {
  forward_blocks(blocks_.size(), x, sequences, ws, engine);
}

void Transformer::forward_part(size_t first, size_t last, Span2f x, const Sequences& sequences, Workspace& ws,
                               const Engine& engine) const {
  for (size_t i = first; i < last; ++i) blocks_[i].forward(x, sequences, ws, engine);
}

void Transformer::forward_rows(Span2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f y,
                               Workspace& ws, const Engine& engine) const {
  // Queries and keys are columns of one packed weight; they can be computed apart where the border lies
  // between two panels.
  const bool last_apart =
      !blocks_.empty() && x.cols % kernels::kPanelColumns == 0 && blocks_.back().norms_before();
  forward_blocks(blocks_.size() - (last_apart ? 1 : 0), x, sequences, ws, engine);
  if (last_apart) {
    blocks_.back().forward_rows(x, sequences, rows, y, ws, engine);
    return;
  }
  for (size_t i = 0; i < rows.size(); ++i)
    std::copy_n(x.row(sequences.starts[i] + rows[i]), x.cols, y.row(i));
}

}  // namespace simdclip
