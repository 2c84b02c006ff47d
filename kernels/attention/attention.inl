// The one source of the attention kernels; see attention.h. Include after vec_*.h.
//
// Both products are the same register tile: R rows times P panels of 16 columns, one chain of FMAs per
// output. For the scores the panels are 16 keys (K transposed), for the weighted sum 16 columns of V; both
// are packed once per call, because rows that lie a whole model width apart would share few cache sets.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/attention/scratch.h"
#include "kernels/common/math.inl"

namespace simdclip::kernels {
namespace {

// The largest tile whose accumulators, with a row of panels and a broadcast, stay in registers.
inline constexpr int kTilePanels = kVectorRegisters == 32 && kRegistersPerF16 == 1 ? 2 : 1;
inline constexpr int kTileRows = (kVectorRegisters - 4) / (kRegistersPerF16 * kTilePanels);

// acc[r][p] += a[r][j] * panel p, row j, over every kStep-th j in [begin, end).
template <int R, int P, size_t kStep = 1>
SIMDCLIP_INLINE void accumulate(F16 (&acc)[R][P], const float* a, size_t lda, const float* panel,
                                size_t panel_stride, size_t begin, size_t end) {
  for (size_t j = begin; j < end; j += kStep) {
    F16 b[P];
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p) b[p] = load(panel + static_cast<size_t>(p) * panel_stride + j * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      const F16 x = broadcast(a[static_cast<size_t>(r) * lda + j]);
#pragma GCC unroll 2
      for (int p = 0; p < P; ++p) acc[r][p] = fma(x, b[p], acc[r][p]);
    }
  }
}

// Elements as floats. n <= 16 of them; the other lanes are zero.
SIMDCLIP_INLINE F16 load_elements(const float* p, size_t n) { return n == kLanes ? load(p) : load_n(p, n); }
SIMDCLIP_INLINE F16 load_elements(const uint16_t* p, size_t n) { return load_bf16(p, n); }
SIMDCLIP_INLINE void store_elements(float* p, F16 x, size_t n) {
  if (n == kLanes) return store(p, x);
  store_n(p, x, n);
}
SIMDCLIP_INLINE void store_elements(uint16_t* p, F16 x, size_t n) { store_bf16(p, x, n); }

// One block of up to kTileRows queries.
template <typename Element>
struct Block {
  const AttentionOperands<Element>* args;
  AttentionScratch scratch;
  size_t first;    // its first query
  size_t visible;  // keys that its first query sees
  size_t step;     // keys that each further query sees more: 1 below the diagonal, 0 elsewhere
};

// Keys that query `row` of the block sees.
template <typename Element>
SIMDCLIP_INLINE size_t visible_keys(const Block<Element>& block, size_t row) {
  const size_t n = block.visible + row * block.step;
  return n < block.args->keys ? n : block.args->keys;
}

template <int R, int P, typename Element>
SIMDCLIP_INLINE void score_panels(const Block<Element>& block, const float* q, size_t ldq, size_t panel) {
  const AttentionOperands<Element>& args = *block.args;
  F16 acc[R][P];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p) acc[r][p] = zero();
  }
  const size_t stride = args.head_dim * kLanes;
  accumulate<R, P>(acc, q, ldq, block.scratch.k + panel * stride, stride, 0, args.head_dim);
  float* out = block.scratch.scores + panel * kLanes;
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p) {
      store(out + static_cast<size_t>(r) * block.scratch.padded_keys + static_cast<size_t>(p) * kLanes,
            acc[r][p]);
    }
  }
}

// scores[0..n) -> e^(scale (score - max)), zeros up to the next multiple of 16; returns 1 / sum. scale2 =
// scale / ln 2. The scores' own rounding is as large as that of the exponent here: one multiply-add instead
// of exp's exact reduction.
SIMDCLIP_INLINE float exponentials(float* scores, size_t n, float scale2) {
  const F16 lowest = broadcast(-__builtin_inff()), scale = broadcast(scale2);
  const size_t whole = n / kLanes * kLanes, tail = n - whole;
  F16 top = lowest;
  for (size_t j = 0; j < whole; j += kLanes) top = max(top, load(scores + j));
  if (tail != 0) top = max(top, select(first_lanes(tail), load(scores + whole), lowest));
  const F16 shift = broadcast(horizontal_max(top));
  F16 sum = zero();
  for (size_t j = 0; j < whole; j += kLanes) {
    const F16 e = exp2((load(scores + j) - shift) * scale);
    store(scores + j, e);
    sum = sum + e;
  }
  if (tail != 0) {
    const F16 e = select(first_lanes(tail), exp2((load(scores + whole) - shift) * scale), zero());
    store(scores + whole, e);
    sum = sum + e;
  }
  return 1.0F / horizontal_sum(sum);
}

// scores[0..n) -> scale score + bias.
SIMDCLIP_INLINE void add_bias(float* scores, size_t n, float scale, const float* bias) {
  const F16 s = broadcast(scale);
  for (size_t j = 0; j < n; j += kLanes) {
    const size_t left = n - j;
    store(scores + j, fma(load(scores + j), s, load_elements(bias + j, left < kLanes ? left : kLanes)));
  }
}

template <int R, int P, typename Element>
SIMDCLIP_INLINE void weighted_panels(const Block<Element>& block, size_t panel, const float* inverse_sums) {
  const AttentionOperands<Element>& args = *block.args;
  F16 acc[R][P];
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p) acc[r][p] = zero();
  }
  const float* weights = block.scratch.scores;
  const size_t ldw = block.scratch.padded_keys, stride = args.keys * kLanes;
  const float* v = block.scratch.v + panel * stride;
  accumulate<R, P>(acc, weights, ldw, v, stride, 0, block.visible);
  // Below the diagonal each row ends at its own key; a masked key is not even multiplied by zero.
  const size_t end = visible_keys(block, R - 1);
  for (size_t j = block.visible; j < end; ++j) {
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
      if (j >= visible_keys(block, static_cast<size_t>(r))) continue;
      const F16 x = broadcast(weights[static_cast<size_t>(r) * ldw + j]);
#pragma GCC unroll 2
      for (int p = 0; p < P; ++p)
        acc[r][p] = fma(x, load(v + static_cast<size_t>(p) * stride + j * kLanes), acc[r][p]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
    const F16 scale = broadcast(inverse_sums[r]);
    Element* out = args.out + (block.first + static_cast<size_t>(r)) * args.ldo;
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p) {
      const size_t column = (panel + static_cast<size_t>(p)) * kLanes;
      const size_t left = args.head_dim - column;
      store_elements(out + column, acc[r][p] * scale, left < kLanes ? left : kLanes);
    }
  }
}

// The block's queries as floats, and their row stride.
SIMDCLIP_INLINE const float* float_queries(const Block<float>& block, size_t, size_t& ldq) {
  ldq = block.args->ldq;
  return block.args->q + block.first * ldq;
}
template <typename Element>
SIMDCLIP_INLINE const float* float_queries(const Block<Element>& block, size_t rows, size_t& ldq) {
  const AttentionOperands<Element>& args = *block.args;
  ldq = (args.head_dim + kLanes - 1) / kLanes * kLanes;
  for (size_t r = 0; r < rows; ++r) {
    const Element* q = args.q + (block.first + r) * args.ldq;
    for (size_t j = 0; j < args.head_dim; j += kLanes) {
      const size_t left = args.head_dim - j;
      store(block.scratch.queries + r * ldq + j, load_elements(q + j, left < kLanes ? left : kLanes));
    }
  }
  return block.scratch.queries;
}

template <int R, typename Element>
__attribute__((noinline)) void attend_block(const Block<Element>& block) {
  size_t ldq = 0;
  const float* q = float_queries(block, R, ldq);
  const size_t key_panels = (visible_keys(block, R - 1) + kLanes - 1) / kLanes;
  size_t panel = 0;
  for (; panel + kTilePanels <= key_panels; panel += kTilePanels)
    score_panels<R, kTilePanels>(block, q, ldq, panel);
  for (; panel < key_panels; ++panel) score_panels<R, 1>(block, q, ldq, panel);

  const AttentionOperands<Element>& args = *block.args;
  const float scale2 = (args.bias == nullptr ? args.scale : 1.0F) * 0x1.715476p0F;  // 1 / ln 2
  float inverse_sums[R];
  for (int r = 0; r < R; ++r) {
    const size_t row = static_cast<size_t>(r), keys = visible_keys(block, row);
    float* scores = block.scratch.scores + row * block.scratch.padded_keys;
    if (args.bias != nullptr)
      add_bias(scores, keys, args.scale,
               args.bias + static_cast<std::ptrdiff_t>(block.first + row) * args.ldbias);
    inverse_sums[r] = exponentials(scores, keys, scale2);
  }

  const size_t value_panels = (args.head_dim + kLanes - 1) / kLanes;
  panel = 0;
  for (; panel + kTilePanels <= value_panels; panel += kTilePanels) {
    weighted_panels<R, kTilePanels>(block, panel, inverse_sums);
  }
  for (; panel < value_panels; ++panel) weighted_panels<R, 1>(block, panel, inverse_sums);
}

template <int R, typename Element>
SIMDCLIP_INLINE void attend_rows(const Block<Element>& block, size_t rows) {
  if constexpr (R > 1) {
    if (rows < static_cast<size_t>(R)) return attend_rows<R - 1>(block, rows);
  }
  attend_block<R>(block);
}

// Up to 16 rows and 16 columns of K, transposed; zeros beyond.
template <typename Element>
SIMDCLIP_INLINE void transpose_block(const Element* from, size_t stride, size_t rows, size_t columns,
                                     float* to) {
  alignas(64) float block[kLanes * kLanes], turned[kLanes * kLanes];
  for (size_t i = 0; i < kLanes; ++i) {
    store(block + i * kLanes, i < rows ? load_elements(from + i * stride, columns) : zero());
  }
  for (size_t j = 0; j < kLanes; j += 4) transpose_16x4(block + j, kLanes, turned + j * kLanes);
  for (size_t j = 0; j < columns; ++j) store(to + j * kLanes, load(turned + j * kLanes));
}

// K: [keys, d] -> panels of 16 keys, [panel][d][16]; keys beyond the last are zero.
template <typename Element>
SIMDCLIP_INLINE void pack_keys(const AttentionOperands<Element>& args, size_t keys, float* packed) {
  const size_t d = args.head_dim;
  for (size_t key = 0; key < keys; key += kLanes) {
    const Element* k = args.k + key * args.ldkv;
    float* panel = packed + key * d;
    const size_t rows = keys - key < kLanes ? keys - key : kLanes;
    size_t j = 0;
    if constexpr (sizeof(Element) == sizeof(float)) {
      if (rows == kLanes) {
        for (; j + 4 <= d; j += 4) transpose_16x4(k + j, args.ldkv, panel + j * kLanes);
      }
    }
    for (; j < d; j += kLanes) {
      transpose_block(k + j, args.ldkv, rows, d - j < kLanes ? d - j : kLanes, panel + j * kLanes);
    }
  }
}

// V: [keys, d] -> panels of 16 columns, [panel][keys][16]; columns beyond d are zero.
template <typename Element>
SIMDCLIP_INLINE void pack_values(const AttentionOperands<Element>& args, size_t keys, float* packed) {
  for (size_t key = 0; key < keys; ++key) {
    const Element* v = args.v + key * args.ldkv;
    float* to = packed + key * kLanes;
    for (size_t j = 0; j < args.head_dim; j += kLanes) {
      const size_t left = args.head_dim - j;
      store(to + j * args.keys, load_elements(v + j, left < kLanes ? left : kLanes));
    }
  }
}

template <typename Element>
SIMDCLIP_INLINE void attention(const AttentionOperands<Element>& args) {
  if (args.queries == 0) return;
  const size_t last = args.first_query + args.queries;
  const size_t keys = args.causal && last < args.keys ? last : args.keys;  // that any query of this call sees
  const AttentionScratch scratch = split_attention_scratch(args.scratch, args.keys, args.head_dim);
  pack_keys(args, keys, scratch.k);
  pack_values(args, keys, scratch.v);
  // Blocks of equal height: 197 queries are 13 x 13 + 2 x 14 rather than 14 x 14 + 1.
  const size_t blocks = (args.queries + kTileRows - 1) / kTileRows;
  for (size_t b = 0; b < blocks; ++b) {
    const size_t first = args.queries * b / blocks, end = args.queries * (b + 1) / blocks;
    Block<Element> block{&args, scratch, first, args.keys, 0};
    if (args.causal && args.first_query + first + 1 < args.keys) {
      block.visible = args.first_query + first + 1;
      block.step = 1;
    }
    attend_rows<kTileRows>(block, end - first);
  }
}

}  // namespace
}  // namespace simdclip::kernels
