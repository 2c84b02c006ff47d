// The attention of int8 files on vectors: bit for bit what attention_tiles.inl gives on the tiles of AMX.
// Include after kernels/common/vec_*.h.
//
// A tile multiplies bf16 in steps of 32: the 16 even and the 16 odd elements are a chain of fused
// multiply-adds each, from zero; both are added, then added to the sum of the steps before. Products of two
// bf16 are exact in f32, so f32 multiply-adds of the widened values in that order round alike. Operands and
// results below 2^-56 count as zero, weights are never smaller: every product is a multiple of 2^-126 then,
// and so is every sum, rounded or not: the denormals that tiles flush do not occur.
#pragma once

#include "kernels/attention/attention.inl"

namespace simdclip::kernels {
namespace {

struct TameBf16 {
  uint16_t bits;
};
SIMDCLIP_INLINE F16 tame(F16 x) { return select(abs(x) < broadcast(kTinyOperand), zero(), x); }
SIMDCLIP_INLINE F16 load_elements(const TameBf16* p, size_t n) { return tame(load_bf16(&p->bits, n)); }

inline constexpr size_t kMaxRowSums = static_cast<size_t>(kTileRows) * kTilePanels * kLanes;

template <int R, int P>
SIMDCLIP_INLINE void clear(F16 (&acc)[R][P]) {
#pragma GCC unroll 16
  for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (int p = 0; p < P; ++p) acc[r][p] = zero();
  }
}

// to[r][p] = the sum over j in [0, end), end > 0, of a[r][j] * panel p, row j. to: rows `ldt` apart.
template <int R, int P>
SIMDCLIP_INLINE void tile_order_sums(const float* a, size_t lda, const float* panel, size_t panel_stride,
                                     size_t end, float* to, size_t ldt) {
  alignas(64) float first[kMaxRowSums];
  size_t step = 0;
  do {
    const auto until = [&](size_t j) { return j < end ? j : end; };
    F16 acc[R][P];
    clear(acc);
    accumulate<R, P, 2>(acc, a, lda, panel, panel_stride, step, until(step + kTileStep));
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int p = 0; p < P; ++p) {
        store(first + static_cast<size_t>(r * P + p) * kLanes, acc[r][p]);
        acc[r][p] = zero();
      }
    }
    accumulate<R, P, 2>(acc, a, lda, panel, panel_stride, step + 1, until(step + kTileStep));
#pragma GCC unroll 16
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 2
      for (int p = 0; p < P; ++p) {
        float* const sum = to + static_cast<size_t>(r) * ldt + static_cast<size_t>(p) * kLanes;
        const F16 both = load(first + static_cast<size_t>(r * P + p) * kLanes) + acc[r][p];
        store(sum, step == 0 ? both : both + load(sum));
      }
    }
    step += kTileStep;
  } while (step < end);
}

// scores[0 .. n) -> the rounded e^(scale (score - max)), zeros up to `end`; returns 1 / (sum of the
// unrounded).
SIMDCLIP_INLINE float rounded_weights(float* scores, size_t n, size_t end, float scale2) {
  const F16 lowest = broadcast(-__builtin_inff()), scale = broadcast(scale2);
  F16 top = lowest;
  for (size_t j = 0; j < n; j += kLanes) {
    const F16 score = load(scores + j);
    top = max(top, n - j < kLanes ? select(first_lanes(n - j), score, lowest) : score);
  }
  const F16 shift = broadcast(horizontal_max(top));
  const auto weight = [&](size_t j) {
    if (j >= n) return zero();
    F16 e = exp2_coarse((load(scores + j) - shift) * scale, kLowestExponent);
    if (n - j < kLanes) e = select(first_lanes(n - j), e, zero());
    store(scores + j, rounded_to_bf16(e));
    return e;
  };
  F16 sum = zero();
  for (size_t j = 0; j < n; j += kTileStep) {
    const F16 first = weight(j), second = weight(j + kTileStep / 2);
    sum = sum + (first + second);
  }
  for (size_t j = (n + kLanes - 1) / kLanes * kLanes; j < end; j += kLanes) store(scores + j, zero());
  return 1.0F / horizontal_sum(sum);
}

template <int R, int P>
SIMDCLIP_INLINE void weighted_order(const Block<TameBf16>& block, size_t end, size_t panel,
                                    const float* inverse) {
  const AttentionOperands<TameBf16>& args = *block.args;
  alignas(64) float sums[kMaxRowSums];
  const size_t stride = args.keys * kLanes;
  tile_order_sums<R, P>(block.scratch.scores, block.scratch.padded_keys, block.scratch.v + panel * stride,
                        stride, end, sums, static_cast<size_t>(P) * kLanes);
  for (size_t r = 0; r < static_cast<size_t>(R); ++r) {
    for (size_t p = 0; p < static_cast<size_t>(P); ++p) {
      const size_t column = (panel + p) * kLanes, left = args.head_dim - column;
      const F16 x = load(sums + (r * static_cast<size_t>(P) + p) * kLanes) * broadcast(inverse[r]);
      store_bf16(&args.out[(block.first + r) * args.ldo + column].bits, tame(x),
                 left < kLanes ? left : kLanes);
    }
  }
}

// end: keys that the tiles multiply for these queries.
template <int R>
__attribute__((noinline)) void order_block(const Block<TameBf16>& block, size_t end) {
  const AttentionOperands<TameBf16>& args = *block.args;
  const AttentionScratch& s = block.scratch;
  size_t ldq = 0;
  const float* q = float_queries(block, R, ldq);
  const size_t key_panels = (visible_keys(block, R - 1) + kLanes - 1) / kLanes,
               stride = args.head_dim * kLanes;
  const auto scores = [&]<int P>(size_t panel) {
    tile_order_sums<R, P>(q, ldq, s.k + panel * stride, stride, args.head_dim, s.scores + panel * kLanes,
                          s.padded_keys);
  };
  size_t panel = 0;
  for (; panel + kTilePanels <= key_panels; panel += kTilePanels)
    scores.template operator()<kTilePanels>(panel);
  for (; panel < key_panels; ++panel) scores.template operator()<1>(panel);

  float inverse[R];
  for (size_t r = 0; r < static_cast<size_t>(R); ++r) {
    inverse[r] =
        rounded_weights(s.scores + r * s.padded_keys, visible_keys(block, r), end, args.scale * kInverseLn2);
  }
  const size_t value_panels = (args.head_dim + kLanes - 1) / kLanes;
  panel = 0;
  for (; panel + kTilePanels <= value_panels; panel += kTilePanels)
    weighted_order<R, kTilePanels>(block, end, panel, inverse);
  for (; panel < value_panels; ++panel) weighted_order<R, 1>(block, end, panel, inverse);
}

template <int R>
SIMDCLIP_INLINE void order_rows(const Block<TameBf16>& block, size_t rows, size_t end) {
  if constexpr (R > 1) {
    if (rows < static_cast<size_t>(R)) return order_rows<R - 1>(block, rows, end);
  }
  order_block<R>(block, end);
}

SIMDCLIP_INLINE void attention_in_tile_order(const AttentionBf16Args& bf16) {
  if (bf16.queries == 0) return;
  AttentionOperands<TameBf16> args;
  args.queries = bf16.queries;
  args.keys = bf16.keys;
  args.head_dim = bf16.head_dim;
  args.q = reinterpret_cast<const TameBf16*>(bf16.q);
  args.k = reinterpret_cast<const TameBf16*>(bf16.k);
  args.v = reinterpret_cast<const TameBf16*>(bf16.v);
  args.ldq = bf16.ldq;
  args.ldkv = bf16.ldkv;
  args.out = reinterpret_cast<TameBf16*>(bf16.out);
  args.ldo = bf16.ldo;
  args.scale = bf16.scale;
  args.causal = bf16.causal;
  args.first_query = bf16.first_query;
  const auto seen_by = [&](size_t query) {
    const size_t n = args.first_query + query + 1;
    return args.causal && n < args.keys ? n : args.keys;
  };
  const size_t keys = seen_by(args.queries - 1);  // that any query of this call sees
  const AttentionScratch scratch = split_attention_scratch(bf16.scratch, args.keys, args.head_dim);
  pack_keys(args, keys, scratch.k);
  pack_values(args, keys, scratch.v);
  for (size_t first = 0; first < args.queries; first += kAttentionTileRows) {
    const size_t left = args.queries - first, rows = left < kAttentionTileRows ? left : kAttentionTileRows;
    // The tiles multiply whole steps of keys for all 32 queries, masked keys by zero.
    const size_t steps = (seen_by(first + rows - 1) + kTileStep - 1) / kTileStep * kTileStep;
    const size_t end = steps < keys ? steps : keys;
    const size_t parts = (rows + kTileRows - 1) / kTileRows;
    for (size_t part = 0; part < parts; ++part) {
      const size_t begin = first + rows * part / parts, until = first + rows * (part + 1) / parts;
      Block<TameBf16> block{&args, scratch, begin, args.keys, 0};
      if (args.causal && args.first_query + begin + 1 < args.keys) {
        block.visible = args.first_query + begin + 1;
        block.step = 1;
      }
      order_rows<kTileRows>(block, until - begin, end);
    }
  }
}

}  // namespace
}  // namespace simdclip::kernels
