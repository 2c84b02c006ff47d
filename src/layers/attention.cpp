#include "layers/attention.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <type_traits>

namespace simdclip {
namespace {

size_t scratch_floats(size_t longest, size_t head_dim) {
  return round_up(kernels::attention_scratch_floats(longest, head_dim), kCacheLine / sizeof(float));
}

size_t longest_of(const Sequences& sequences) {
  size_t longest = 0;
  for (size_t i = 0; i < sequences.count(); ++i)
    longest = std::max(longest, sequences.prefix(i).size() + sequences.length(i));
  return longest;
}

// Keys, then values of one head, one row of the prefix or the sequence after another.
size_t gathered_floats(size_t longest, size_t head_dim) {
  return round_up(2 * longest * head_dim, kCacheLine / sizeof(float));
}

// Appends rows of k and v, columns [column, column + d), to their copies.
template <typename Element>
struct Gathered {
  Element *k, *v;
  size_t d;

  void add(const Span2<const Element>& keys, const Span2<const Element>& values, size_t row, size_t column) {
    k = std::copy_n(keys.row(row) + column, d, k);
    v = std::copy_n(values.row(row) + column, d, v);
  }
};

void run(const kernels::AttentionArgs& args, const kernels::Kernels& k) { k.attention_f32(args); }
void run(const kernels::AttentionBf16Args& args, const kernels::Kernels& k) { k.attention_bf16(args); }
void run(const kernels::RotateArgs& args, const kernels::Kernels& k) { k.rotate_f32(args); }
void run(const kernels::RotateBf16Args& args, const kernels::Kernels& k) { k.rotate_bf16(args); }

size_t placed_floats(size_t longest) { return round_up(longest * longest, kCacheLine / sizeof(float)); }

// The bias of one head over one sequence whose queries begin with token `first`: where no token is missing, the
// table itself is a matrix whose rows overlap.
void set_bias(kernels::AttentionArgs& args, const AttentionShape& shape, size_t head, size_t first,
              std::span<const uint32_t> places, float* room) {
  const float* middle = shape.bias.row(head) + (shape.bias.cols - 1) / 2;
  const auto at = [&](size_t token) { return static_cast<std::ptrdiff_t>(places.empty() ? token : places[token]); };
  if (places.empty() || places.back() - places.front() + 1 == places.size()) {
    args.bias = middle - static_cast<std::ptrdiff_t>(first);
    args.ldbias = -1;
    return;
  }
  for (size_t i = 0; i < args.queries; ++i)
    for (size_t j = 0; j < args.keys; ++j) room[i * args.keys + j] = middle[at(j) - at(first + i)];
  args.bias = room;
  args.ldbias = static_cast<std::ptrdiff_t>(args.keys);
}

// One causal head whose last token does not see itself. args: as if it did.
template <typename Element>
void run_blind(kernels::AttentionOperands<Element> args, const kernels::Kernels& k) {
  args.keys -= 1;
  if (args.queries > 1) {
    args.queries -= 1;
    run(args, k);
    args.q += args.queries * args.ldq;
    args.out += args.queries * args.ldo;
    args.queries = 1;
    args.first_query = args.keys;
  }
  args.first_query = std::min(args.first_query, args.keys - 1);
  run(args, k);
}

}  // namespace

size_t attention_workspace_floats(size_t longest, size_t head_dim, size_t threads) noexcept {
  return threads * scratch_floats(longest, head_dim);
}

size_t places_workspace_floats(size_t longest, size_t threads) noexcept {
  return threads * placed_floats(longest);
}

size_t prefix_workspace_floats(size_t longest, size_t head_dim, size_t threads) noexcept {
  return threads * gathered_floats(longest, head_dim);
}

template <typename Element>
void multi_head_attention(const AttentionShape& shape, const Sequences& sequences,
                          std::span<const size_t> only_row, const AttentionRows<Element>& rows, Workspace& ws,
                          const Engine& engine) {
  const auto& [q, k, v, out] = rows;
  assert(k.stride == v.stride && k.rows == sequences.rows());
  assert(only_row.empty() ? q.rows == k.rows : q.rows == sequences.count());
  assert(sequences.prefix_starts.empty() || shape.causal);
  const Workspace::Scope scope(ws);
  const size_t items = sequences.count() * shape.heads;  // one item: one head of one sequence
  const size_t parts = std::min<size_t>(engine.pool.size(), items);
  const size_t longest = longest_of(sequences);
  const size_t scratch = scratch_floats(longest, shape.head_dim);
  float* const all_scratch = ws.take_floats(parts * scratch);
  const size_t gathered = sequences.prefix_rows.empty() ? 0 : gathered_floats(longest, shape.head_dim);
  float* const all_gathered = ws.take_floats(parts * gathered);
  const size_t placed = sequences.places.empty() || shape.bias.data == nullptr ? 0 : placed_floats(longest);
  float* const all_placed = ws.take_floats(parts * placed);
  const float scale = shape.bias.data != nullptr ? 1.0F : 1.0F / std::sqrt(static_cast<float>(shape.head_dim));
  engine.pool.parallel_for(parts, [&, q = q, k = k, v = v, out = out](size_t part) {
    for (size_t item = items * part / parts; item < items * (part + 1) / parts; ++item) {
      const size_t sequence = item / shape.heads;
      const size_t column = item % shape.heads * shape.head_dim;
      const size_t first = sequences.starts[sequence];
      const size_t query = only_row.empty() ? first : sequence;  // row of q and out
      const std::span<const uint32_t> prefix = sequences.prefix(sequence);
      kernels::AttentionOperands<Element> args;
      args.queries = only_row.empty() ? sequences.length(sequence) : 1;
      args.keys = prefix.size() + sequences.length(sequence);
      args.head_dim = shape.head_dim;
      args.q = q.row(query) + column;
      args.ldq = q.stride;
      args.k = k.row(first) + column;
      args.v = v.row(first) + column;
      args.ldkv = k.stride;
      if (!prefix.empty()) {
        auto* const keys = reinterpret_cast<Element*>(all_gathered + part * gathered);
        Gathered<Element> copy{keys, keys + args.keys * shape.head_dim, shape.head_dim};
        args.k = copy.k;
        args.v = copy.v;
        args.ldkv = shape.head_dim;
        for (const uint32_t row : prefix) copy.add(k, v, row, column);
        for (size_t t = 0; t < sequences.length(sequence); ++t) copy.add(k, v, first + t, column);
      }
      args.out = out.row(query) + column;
      args.ldo = out.stride;
      args.scale = scale;
      args.causal = shape.causal;
      args.first_query = prefix.size() + (only_row.empty() ? 0 : only_row[sequence]);
      args.scratch = all_scratch + part * scratch;
      if constexpr (std::is_same_v<Element, float>) {
        const std::span<const uint32_t> places =
            placed == 0 ? std::span<const uint32_t>() : sequences.places.subspan(first, args.keys);
        if (shape.bias.data != nullptr)
          set_bias(args, shape, item % shape.heads, args.first_query, places, all_placed + part * placed);
      }
      if (sequences.blind(sequence)) {
        run_blind(args, engine.kernels);
      } else {
        run(args, engine.kernels);
      }
    }
  });
}

template <typename Element>
void rotate(const Rotary& rotary, size_t head_dim, const Sequences& sequences,
            std::span<const size_t> only_row, Span2<Element> x, const Engine& engine) {
  if (rotary.table.data == nullptr) return;
  // Rows [row, row + count) of x are tokens [token, token + count) of their sequence.
  const auto turn = [&](size_t row, size_t token, size_t count) {
    const size_t skip = token < rotary.lead ? std::min(rotary.lead - token, count) : 0;
    if (skip == count) return;
    kernels::RotateOperands<Element> args;
    args.rows = count - skip;
    args.heads = x.cols / head_dim;
    args.half = head_dim / 2;
    args.x = x.row(row + skip);
    args.ldx = x.stride;
    args.angles = rotary.table.row(token + skip - rotary.lead);
    args.ldangles = rotary.table.stride;
    run(args, engine.kernels);
  };
  const size_t rows = only_row.empty() ? sequences.rows() : only_row.size();
  engine.parallel_ranges(rows, [&](size_t first, size_t count) {
    if (!only_row.empty()) {
      for (size_t i = first; i < first + count; ++i) turn(i, only_row[i], 1);
      return;
    }
    size_t i = static_cast<size_t>(std::upper_bound(sequences.starts.begin(), sequences.starts.end(), first) -
                                   sequences.starts.begin()) - 1;
    for (size_t row = first; row < first + count; ++i) {
      const size_t end = std::min(first + count, sequences.starts[i + 1]);
      turn(row, row - sequences.starts[i], end - row);
      row = end;
    }
  });
}

template void rotate<float>(const Rotary&, size_t, const Sequences&, std::span<const size_t>, Span2f,
                            const Engine&);
template void rotate<uint16_t>(const Rotary&, size_t, const Sequences&, std::span<const size_t>, Span2b,
                               const Engine&);
template void multi_head_attention<float>(const AttentionShape&, const Sequences&, std::span<const size_t>,
                                          const AttentionRows<float>&, Workspace&, const Engine&);
template void multi_head_attention<uint16_t>(const AttentionShape&, const Sequences&, std::span<const size_t>,
                                             const AttentionRows<uint16_t>&, Workspace&, const Engine&);

}  // namespace simdclip
