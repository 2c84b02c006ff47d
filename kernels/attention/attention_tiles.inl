// The attention of attention.h in bf16 on AMX tiles. Include after kernels/common/vec_*.h.
//
// Blocks of 32 queries: scores = Q K^T by tiles (f32), e^(scale (score - max)) in f32, rounded to bf16, the
// sum of the rounded ones; then V by tiles and one multiplication by 1 / sum. K and V are packed once per
// call as weights are (gemm/pack.h). A query's bits depend on its own row, K and V only.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/attention/scratch.h"
#include "kernels/common/math.inl"
#include "kernels/gemm/amx_tiles.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kTile = 16, kStep = 32;  // rows of a tile; elements of K it holds
inline constexpr size_t kTileLine = 64;
inline constexpr size_t kBlockRows = kAttentionTileRows;

// Up to 16 rows of up to 32 elements -> [16 pairs][16 rows][2], zeros beyond.
SIMDCLIP_INLINE void pack_key_step(const uint16_t* from, size_t stride, size_t rows, size_t columns,
                                   uint16_t* to) {
  alignas(64) uint16_t block[kTile][kStep];
  alignas(64) float pairs[kTile * kTile], turned[kTile * kTile];
  if (rows < kTile || columns < kStep) __builtin_memset(block, 0, sizeof(block));
  for (size_t r = 0; r < rows; ++r) {
    if (columns == kStep) {
      __builtin_memcpy(block[r], from + r * stride, sizeof(block[r]));
    } else {
      __builtin_memcpy(block[r], from + r * stride, columns * sizeof(uint16_t));
    }
  }
  __builtin_memcpy(pairs, block, sizeof(pairs));
  for (size_t j = 0; j < kTile; j += 4) transpose_16x4(pairs + j, kTile, turned + j * kTile);
  __builtin_memcpy(to, turned, sizeof(turned));
}

// Keys 0 .. keys of K in panels of 16.
inline void pack_key_tiles(const AttentionBf16Args& args, size_t keys, const AttentionTileScratch& s) {
  for (size_t key = 0; key < keys; key += kTile) {
    const size_t rows = keys - key < kTile ? keys - key : kTile;
    uint16_t* to = s.k + key * s.depth;
    for (size_t j = 0; j < s.depth; j += kStep, to += kStep * kTile) {
      const size_t left = args.head_dim - j;
      pack_key_step(args.k + key * args.ldkv + j, args.ldkv, rows, left < kStep ? left : kStep, to);
    }
  }
}

// Keys 0 .. keys of V in panels of 16 columns, pairs of keys; zeros up to a multiple of 32 keys.
inline void pack_value_tiles(const AttentionBf16Args& args, size_t keys, const AttentionTileScratch& s) {
  const size_t end = (keys + kStep - 1) / kStep * kStep;
  for (size_t key = 0; key < end; key += 2) {
    const uint16_t* const even = args.v + key * args.ldkv;
    const uint16_t* const odd = even + args.ldkv;
    for (size_t j = 0; j < args.head_dim; j += kTile) {
      const size_t columns = args.head_dim - j < kTile ? args.head_dim - j : kTile;
      uint16_t* const to = s.v + j * s.padded_keys + key * kTile;
      uint32_t pairs[kTile] = {};
      if (key + 1 < keys && columns == kTile) {
        for (size_t c = 0; c < kTile; ++c) pairs[c] = even[j + c] | static_cast<uint32_t>(odd[j + c]) << 16;
      } else {
        for (size_t c = 0; c < columns; ++c) {
          if (key < keys) pairs[c] = even[j + c];
          if (key + 1 < keys) pairs[c] |= static_cast<uint32_t>(odd[j + c]) << 16;
        }
      }
      __builtin_memcpy(to, pairs, sizeof(pairs));
    }
  }
}

// One block of a product: kA x kB tiles, to[32][stride] = A[32, 32 steps] * two panels.
struct TileProduct {
  const uint16_t* a;
  size_t a_stride;  // bytes
  const uint16_t *b0, *b1;
  size_t steps;
  float* to;
  size_t to_stride;  // floats
};

template <int kA, int kB, typename Tiles>
SIMDCLIP_INLINE void tile_product(Tiles& tiles, const TileProduct& p) noexcept {
  tiles.template zero<0>();
  if constexpr (kB == 2) tiles.template zero<1>();
  if constexpr (kA == 2) tiles.template zero<2>();
  if constexpr (kA == 2 && kB == 2) tiles.template zero<3>();
  const char *a0 = reinterpret_cast<const char*>(p.a), *a1 = a0 + kTile * p.a_stride;
  const uint16_t *b0 = p.b0, *b1 = p.b1;
  for (size_t step = p.steps; step != 0; --step) {
    tiles.template load<4>(a0, p.a_stride);
    tiles.template load<6>(b0, kTileLine);
    if constexpr (kB == 2) tiles.template load<7>(b1, kTileLine);
    if constexpr (kA == 2) tiles.template load<5>(a1, p.a_stride);
    tiles.template dot_bf16<0, 4, 6>();
    if constexpr (kB == 2) tiles.template dot_bf16<1, 4, 7>();
    if constexpr (kA == 2) tiles.template dot_bf16<2, 5, 6>();
    if constexpr (kA == 2 && kB == 2) tiles.template dot_bf16<3, 5, 7>();
    a0 += kTileLine;
    a1 += kTileLine;
    b0 += kStep * kTile;
    b1 += kStep * kTile;
  }
  const size_t stride = p.to_stride * sizeof(float);
  tiles.template store<0>(p.to, stride);
  if constexpr (kB == 2) tiles.template store<1>(p.to + kTile, stride);
  if constexpr (kA == 2) tiles.template store<2>(p.to + kTile * p.to_stride, stride);
  if constexpr (kA == 2 && kB == 2) tiles.template store<3>(p.to + kTile * p.to_stride + kTile, stride);
}

// weights[0 .. n) = e^(scale (score - max)), rounded, zeros up to `end`; returns 1 / (sum of the rounded).
// scale2 = scale / ln 2.
SIMDCLIP_INLINE float tile_weights(const float* scores, uint16_t* weights, size_t n, size_t end,
                                   float scale2) {
  const F16 lowest = broadcast(-__builtin_inff()), scale = broadcast(scale2);
  const size_t whole = n / kLanes * kLanes, tail = n - whole;
  F16 top = lowest;
  for (size_t j = 0; j < whole; j += kLanes) top = max(top, load(scores + j));
  if (tail != 0) top = max(top, select(first_lanes(tail), load(scores + whole), lowest));
  const F16 shift = broadcast(horizontal_max(top));
  F16 sum = zero();
  for (size_t j = 0; j < whole; j += kLanes) {
    store_bf16(weights + j, exp2((load(scores + j) - shift) * scale), kLanes);
    sum = sum + load_bf16(weights + j, kLanes);
  }
  size_t done = whole;
  if (tail != 0) {
    const F16 e = exp2((load(scores + whole) - shift) * scale);
    store_bf16(weights + whole, select(first_lanes(tail), e, zero()), kLanes);
    sum = sum + load_bf16(weights + whole, kLanes);
    done += kLanes;
  }
  for (; done < end; done += kLanes) store_bf16(weights + done, zero(), kLanes);
  return 1.0F / horizontal_sum(sum);
}

// Queries first .. first + rows, kA tiles of them.
template <int kA, typename Tiles>
SIMDCLIP_INLINE void attend_tiles(Tiles& tiles, const AttentionBf16Args& args, const AttentionTileScratch& s,
                                  size_t first, size_t rows) noexcept {
  const auto visible = [&](size_t row) {
    const size_t n = args.first_query + first + row + 1;
    return args.causal && n < args.keys ? n : args.keys;
  };
  const size_t seen = visible(rows - 1), key_panels = (seen + kTile - 1) / kTile;
  const size_t steps = (seen + kStep - 1) / kStep;
  __builtin_memset(s.queries, 0, kA * kTile * s.depth * sizeof(uint16_t));
  for (size_t r = 0; r < rows; ++r) {
    __builtin_memcpy(s.queries + r * s.depth, args.q + (first + r) * args.ldq,
                     args.head_dim * sizeof(uint16_t));
  }
  TileProduct scores{s.queries,     s.depth * sizeof(uint16_t), s.k, nullptr, s.depth / kStep, s.scores,
                     s.score_stride};
  for (size_t panel = 0; panel < key_panels; panel += 2) {
    scores.b0 = s.k + panel * kTile * s.depth;
    scores.b1 = scores.b0 + kTile * s.depth;
    scores.to = s.scores + panel * kTile;
    panel + 1 < key_panels ? tile_product<kA, 2>(tiles, scores) : tile_product<kA, 1>(tiles, scores);
  }
  const float scale2 = args.scale * 0x1.715476p0F;  // 1 / ln 2
  float inverse[kBlockRows];
  for (size_t r = 0; r < rows; ++r) {
    inverse[r] = tile_weights(s.scores + r * s.score_stride, s.weights + r * s.weight_stride, visible(r),
                              steps * kStep, scale2);
  }
  TileProduct out{s.weights, s.weight_stride * sizeof(uint16_t), nullptr, nullptr, steps, s.sums, 2 * kTile};
  for (size_t column = 0; column < args.head_dim; column += 2 * kTile) {
    const size_t left = args.head_dim - column;
    out.b0 = s.v + column * s.padded_keys;
    out.b1 = out.b0 + kTile * s.padded_keys;
    left > kTile ? tile_product<kA, 2>(tiles, out) : tile_product<kA, 1>(tiles, out);
    for (size_t r = 0; r < rows; ++r) {
      const F16 factor = broadcast(inverse[r]);
      uint16_t* const to = args.out + (first + r) * args.ldo + column;
      const float* const sums = s.sums + r * 2 * kTile;
      store_bf16(to, load(sums) * factor, left < kTile ? left : kTile);
      if (left <= kTile) continue;
      store_bf16(to + kTile, load(sums + kTile) * factor, left < 2 * kTile ? left - kTile : kTile);
    }
  }
}

template <typename Tiles>
SIMDCLIP_INLINE void attention_tiles(const AttentionBf16Args& args) noexcept {
  if (args.queries == 0) return;
  const size_t last = args.first_query + args.queries;
  const size_t keys = args.causal && last < args.keys ? last : args.keys;  // that any query of this call sees
  const AttentionTileScratch s = split_attention_tile_scratch(args.scratch, args.keys, args.head_dim);
  pack_key_tiles(args, keys, s);
  pack_value_tiles(args, keys, s);
  TileConfig config;
  for (size_t i = 0; i < 8; ++i) {
    config.rows[i] = kTile;
    config.row_bytes[i] = kTileLine;
  }
  Tiles tiles;
  tiles.configure(config);
  for (size_t first = 0; first < args.queries; first += kBlockRows) {
    const size_t rows = args.queries - first < kBlockRows ? args.queries - first : kBlockRows;
    rows > kTile ? attend_tiles<2>(tiles, args, s, first, rows)
                 : attend_tiles<1>(tiles, args, s, first, rows);
  }
  tiles.release();
}

}  // namespace
}  // namespace simdclip::kernels
