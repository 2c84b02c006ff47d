// Multi-head attention over packed sequences (no projections; Block has them).
#pragma once

#include <cstddef>
#include <span>

#include "layers/engine.h"
#include "layers/span2.h"
#include "layers/workspace.h"

namespace simdclip {

// n sequences stand one after another in the rows of a matrix: sequence i is rows [starts[i], starts[i + 1]).
struct Sequences {
  std::span<const size_t> starts;  // n + 1 ascending row numbers, the first is 0
  size_t count() const noexcept { return starts.empty() ? 0 : starts.size() - 1; }
  size_t length(size_t i) const noexcept { return starts[i + 1] - starts[i]; }
  size_t rows() const noexcept { return starts.empty() ? 0 : starts.back(); }
};

struct AttentionShape {
  size_t heads = 0, head_dim = 0;
  bool causal = false;
};

// q: [rows of the sequences, D] or, with `only_row`, one query per sequence: q: [n, D], query i is token
// only_row[i] of sequence i. k, v: [rows, D]; out: as q. D = heads * head_dim.
// Element: float, or uint16_t for bf16.
template <typename Element>
struct AttentionRows {
  Span2<const Element> q, k, v;
  Span2<Element> out;
};
template <typename Element>
void multi_head_attention(const AttentionShape& shape, const Sequences& sequences,
                          std::span<const size_t> only_row, const AttentionRows<Element>& rows, Workspace& ws,
                          const Engine& engine);

// Workspace floats that it takes for sequences of at most `longest` tokens.
size_t attention_workspace_floats(size_t longest, size_t head_dim, size_t threads) noexcept;

}  // namespace simdclip
