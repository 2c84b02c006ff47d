// A stack of blocks.
#pragma once

#include <string>
#include <vector>

#include "layers/block.h"
#include "layers/mean_rows.h"

namespace simdclip {

class Transformer {
 public:
  // Tensors "<prefix>.blocks.I.*".
  Transformer(const ModelFile& file, const std::string& prefix, const TransformerConfig& config, bool causal,
              const Rotary& rotary = {}, ConstSpan2f attention_bias = {});

  // x: [T, D], in place.
  void forward(Span2f x, const Sequences& sequences, Workspace& ws, const Engine& engine) const;
  // Blocks [first, last) alone.
  void forward_part(size_t first, size_t last, Span2f x, const Sequences& sequences, Workspace& ws,
                    const Engine& engine) const;
  size_t layers() const noexcept { return blocks_.size(); }

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
// layer's activations stay near. Of 200, 400 and 800, 400 was fastest for B/32 in every precision (f32 43.7
// pictures/s against 41.1 and 41.4, int8 311 against 287 and 287; two cores, 2 MB of L2 each).
inline constexpr size_t kMicroBatchRows = 400;

}  // namespace simdclip
