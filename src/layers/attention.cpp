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

// Keys, then values of one head, and the number of the row that each was copied from.
size_t gathered_floats(size_t longest, size_t head_dim) {
  return round_up((2 * head_dim + 1) * longest, kCacheLine / sizeof(float));
}

// Copies of the keys and values that one head of one sequence attends to, its prefix first. What the sequence
// before it had in common stays: texts in order share nearly all of their prefixes.
template <typename Element>
class Gathered {
 public:
  Gathered(float* memory, size_t longest, size_t head_dim)
      : k_(reinterpret_cast<Element*>(memory)),
        v_(k_ + longest * head_dim),
        rows_(reinterpret_cast<uint32_t*>(memory + 2 * longest * head_dim)),
        d_(head_dim) {}

  const Element* k() const noexcept { return k_; }
  const Element* v() const noexcept { return v_; }
  void begin_head(size_t column) noexcept {
    column_ = column;
    count_ = 0;
  }
  // Returns how many of the keys were there before.
  size_t gather(const AttentionRows<Element>& from, std::span<const uint32_t> prefix, size_t first,
                size_t length) noexcept {
    const size_t most = std::min(count_, prefix.size());
    count_ = static_cast<size_t>(
        std::mismatch(prefix.begin(), prefix.begin() + static_cast<std::ptrdiff_t>(most), rows_).first -
        prefix.begin());
    const size_t kept = count_;
    for (const uint32_t row : prefix.subspan(count_)) add(from, row);
    for (size_t t = 0; t < length; ++t) add(from, static_cast<uint32_t>(first + t));
    return kept;
  }

 private:
  void add(const AttentionRows<Element>& from, uint32_t row) noexcept {
    std::copy_n(from.k.row(row) + column_, d_, k_ + count_ * d_);
    std::copy_n(from.v.row(row) + column_, d_, v_ + count_ * d_);
    rows_[count_++] = row;
  }

  Element *k_, *v_;
  uint32_t* rows_;
  size_t d_, column_ = 0, count_ = 0;
};

void run(const kernels::AttentionArgs& args, const AttentionShape&, const kernels::Kernels& k) {
  k.attention_f32(args);
}
void run(const kernels::AttentionBf16Args& args, const AttentionShape& shape, const kernels::Kernels& k) {
  (shape.int8 ? k.attention_i8 : k.attention_bf16)(args);
}
void run(const kernels::RotateArgs& args, const kernels::Kernels& k) { k.rotate_f32(args); }
void run(const kernels::RotateBf16Args& args, const kernels::Kernels& k) { k.rotate_bf16(args); }

size_t placed_floats(size_t longest) { return round_up(longest * longest, kCacheLine / sizeof(float)); }

// The bias of one head over one sequence whose queries begin with token `first`: where no token is missing,
// the table itself is a matrix whose rows overlap.
void set_bias(kernels::AttentionArgs& args, const AttentionShape& shape, size_t head, size_t first,
              std::span<const uint32_t> places, float* room) {
  const float* middle = shape.bias.row(head) + (shape.bias.cols - 1) / 2;
  const auto at = [&](size_t token) {
    return static_cast<std::ptrdiff_t>(places.empty() ? token : places[token]);
  };
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
void run_blind(kernels::AttentionOperands<Element> args, const AttentionShape& shape,
               const kernels::Kernels& k) {
  args.keys -= 1;
  if (args.queries > 1) {
    args.queries -= 1;
    run(args, shape, k);
    args.q += args.queries * args.ldq;
    args.out += args.queries * args.ldo;
    args.queries = 1;
    args.first_query = args.keys;
  }
  args.first_query = std::min(args.first_query, args.keys - 1);
  run(args, shape, k);
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
  const float scale =
      shape.bias.data != nullptr ? 1.0F : 1.0F / std::sqrt(static_cast<float>(shape.head_dim));
  engine.pool.parallel_for(parts, [&, q = q, k = k, v = v, out = out](size_t part) {
    Gathered<Element> copies(all_gathered + part * gathered, longest, shape.head_dim);
    size_t gathered_head = shape.heads;  // none
    size_t packed = 0;                   // keys of the call before
    for (size_t item = items * part / parts; item < items * (part + 1) / parts; ++item) {
      // Heads one after another where prefixes are shared: the copies of one head stay in L1.
      const size_t sequence = gathered == 0 ? item / shape.heads : item % sequences.count();
      const size_t head = gathered == 0 ? item % shape.heads : item / sequences.count();
      const size_t column = head * shape.head_dim;
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
      if (gathered != 0) {
        if (head != gathered_head) copies.begin_head(column);
        gathered_head = head;
        args.packed = std::min(packed, copies.gather(rows, prefix, first, sequences.length(sequence)));
        args.room = longest;
        args.k = copies.k();
        args.v = copies.v();
        args.ldkv = shape.head_dim;
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
          set_bias(args, shape, head, args.first_query, places, all_placed + part * placed);
      }
      if (sequences.blind(sequence)) {
        args.packed = packed = 0;  // several calls
        run_blind(args, shape, engine.kernels);
        continue;
      }
      run(args, shape, engine.kernels);
      packed = args.causal ? std::min(args.keys, args.first_query + args.queries) : args.keys;
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
                                   sequences.starts.begin()) -
               1;
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
