// A stack of pre-norm blocks.
#pragma once

#include <string>
#include <vector>

#include "layers/block.h"

namespace simdclip {

class Transformer {
 public:
  // Tensors "<prefix>.blocks.I.*".
  Transformer(const ModelFile& file, const std::string& prefix, const TransformerConfig& config, bool causal);

  // x: [T, D], in place.
  void forward(Span2f x, const Sequences& sequences, Workspace& ws, const Engine& engine) const;

  // y: [n, D] becomes token rows[i] of each sequence i. The last block computes no other token; x is scratch
  // afterwards.
  void forward_rows(Span2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f y,
                    Workspace& ws, const Engine& engine) const;

 private:
  void forward_blocks(size_t count, Span2f x, const Sequences& sequences, Workspace& ws,
                      const Engine& engine) const;

  std::vector<Block> blocks_;
};

// Tokens that are worth running together: enough rows to amortise reading the weights, few enough that one
// layer's activations stay in the second-level cache.
inline constexpr size_t kMicroBatchRows = 200;

}  // namespace simdclip
