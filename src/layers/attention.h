// Multi-head attention over packed sequences (no projections; Block has them).
#pragma once

#include <cstddef>
#include <cstdint>
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

  // A causal sequence may begin with rows of earlier ones: a prefix that several share is computed once. The
  // tokens before its own are rows prefix(i), in order; its queries and its output are its own rows only.
  // prefix_starts: n + 1 ascending places in prefix_rows, or empty where nothing is shared.
  std::span<const size_t> prefix_starts = {};
  std::span<const uint32_t> prefix_rows = {};
  std::span<const uint32_t> prefix(size_t i) const noexcept {
    if (prefix_starts.empty()) return {};
    return prefix_rows.subspan(prefix_starts[i], prefix_starts[i + 1] - prefix_starts[i]);
  }
  // Of causal sequences, where not empty: 1 where the last token attends to all before it but not to itself
  // (CoCa's class token).
  std::span<const uint8_t> blind_last = {};
  bool blind(size_t i) const noexcept { return !blind_last.empty() && blind_last[i] != 0; }
  // Of each row its place in its text, where attention has a bias and tokens were left out between others;
  // empty: 0, 1, 2, ... in each sequence.
  std::span<const uint32_t> places = {};
};

// Rotary positions of a picture's patches: in each head the channels i and head_dim / 2 + i are a pair,
// turned by the patch's angle i.
struct Rotary {
  ConstSpan2f table;  // [patches, head_dim]: the cosines of the pairs, then their sines; empty: none
  size_t lead = 0;    // tokens before the patches, which are not turned
};

// x: [rows of the sequences, heads * head_dim] or, with `only_row`, one row per sequence (as
// multi_head_attention); in place. Element: float, or uint16_t for bf16.
template <typename Element>
void rotate(const Rotary& rotary, size_t head_dim, const Sequences& sequences,
            std::span<const size_t> only_row, Span2<Element> x, const Engine& engine);

struct AttentionShape {
  size_t heads = 0, head_dim = 0;
  bool causal = false;
  // [heads, 2C - 1], or none: the bias of a key that stands c - (C - 1) places behind its query; then scores
  // are not divided by the square root of head_dim. Of whole sequences of at most C tokens.
  ConstSpan2f bias = {};
  bool int8 = false;  // of an int8 file: its bf16 attention gives the same bits with every instruction set
};

// q: [rows of the sequences, D] or, with `only_row`, one query per sequence: q: [n, D], query i is token
// only_row[i] of sequence i's own. k, v: [rows, D]; out: as q. D = heads * head_dim.
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
// What it takes beside that where sequences have places.
size_t places_workspace_floats(size_t longest, size_t threads) noexcept;
// What it takes beside that where sequences share prefixes; `longest` with them.
size_t prefix_workspace_floats(size_t longest, size_t head_dim, size_t threads) noexcept;

}  // namespace simdclip
