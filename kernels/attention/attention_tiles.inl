// The attention of attention.h in bf16 on AMX tiles. Include after kernels/common/vec_*.h.
//
// Blocks of 32 queries: scores = Q K^T by tiles (f32), e^(scale (score - max)) in f32, rounded to bf16, the
// sum of the unrounded ones; then V by tiles and one multiplication by 1 / sum. K and V are packed once per
// call as weights are (gemm/pack.h). The exponentials take longer than both products, in other units of the
// core: so rows of them stand between the multiplications of the block before and of the one behind. A
// query's bits depend on its own row, K and V only. attention_order.inl gives the same bits without tiles, so
// that int8 files compute alike everywhere.
#pragma once

#include "kernels/attention/attention.h"
#include "kernels/attention/scratch.h"
#include "kernels/common/math.inl"
#include "kernels/gemm/amx_tiles.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kTile = 16, kStep = kTileStep;  // rows of a tile; elements of K it holds
inline constexpr size_t kTileLine = 64;
inline constexpr size_t kBlockRows = kAttentionTileRows;

// Bf16 in steps of 16 pairs. HardwarePairs (attention_amx.cpp) does the same by the instructions for it.
struct PlainPairs {
  static uint16_t tame(uint16_t x) {
    constexpr uint16_t kTiny = __builtin_bit_cast(uint32_t, kTinyOperand) >> 16;
    return (x & 0x7FFF) < kTiny ? uint16_t{0} : x;
  }
  // 32 elements.
  static void copy(const uint16_t* from, uint16_t* to) {
    for (size_t i = 0; i < kStep; ++i) to[i] = tame(from[i]);
  }
  // 16 rows of 16 pairs -> [pair][row].
  static void transpose(const uint16_t* from, size_t stride, uint16_t* to) {
    for (size_t r = 0; r < kTile; ++r) {
      for (size_t c = 0; c < kStep; ++c) to[(c / 2 * kTile + r) * 2 + c % 2] = tame(from[r * stride + c]);
    }
  }
  // 16 pairs.
  static void interleave(const uint16_t* first, const uint16_t* second, uint16_t* to) {
    for (size_t i = 0; i < kTile; ++i) {
      to[2 * i] = tame(first[i]);
      to[2 * i + 1] = tame(second[i]);
    }
  }
  static F16 power(F16 z) { return exp2_coarse(z, kLowestExponent); }
  // 32 results or weights, rounded. (In the place of scores, which are of another type.)
  static void store_rounded(F16 a, F16 b, uint16_t* to) {
    alignas(64) uint16_t rounded[kStep];
    store_bf16(rounded, a, kLanes);
    store_bf16(rounded + kLanes, b, kLanes);
    __builtin_memcpy(to, rounded, sizeof(rounded));
  }
  static F16 tame(F16 x) { return select(abs(x) < broadcast(kTinyOperand), zero(), x); }
};

// `n` <= 32 elements, tamed, and zeros behind them.
template <typename Pairs>
SIMDCLIP_INLINE void copy_step(const uint16_t* from, size_t n, uint16_t* to) {
  if (n == kStep) return Pairs::copy(from, to);
  alignas(64) uint16_t some[kStep] = {};
  __builtin_memcpy(some, from, n * sizeof(uint16_t));
  Pairs::copy(some, to);
}

// Up to 16 rows of up to 32 elements -> [16 pairs][16 rows][2], zeros beyond.
template <typename Pairs>
SIMDCLIP_INLINE void pack_key_step(const uint16_t* from, size_t stride, size_t rows, size_t columns,
                                   uint16_t* to) {
  if (rows == kTile && columns == kStep) return Pairs::transpose(from, stride, to);
  alignas(64) uint16_t block[kTile][kStep];
  if (rows < kTile) __builtin_memset(block, 0, sizeof(block));
  for (size_t r = 0; r < rows; ++r) copy_step<Pairs>(from + r * stride, columns, block[r]);
  Pairs::transpose(block[0], kStep, to);
}

// Keys 0 .. keys of K in panels of 16.
template <typename Pairs>
SIMDCLIP_INLINE void pack_key_tiles(const AttentionBf16Args& args, size_t keys,
                                    const AttentionTileScratch& s) {
  for (size_t key = args.packed / kTile * kTile; key < keys; key += kTile) {
    const size_t rows = keys - key < kTile ? keys - key : kTile;
    uint16_t* to = s.k + key * s.depth;
    for (size_t j = 0; j < s.depth; j += kStep, to += kStep * kTile) {
      const size_t left = args.head_dim - j;
      pack_key_step<Pairs>(args.k + key * args.ldkv + j, args.ldkv, rows, left < kStep ? left : kStep, to);
    }
  }
}

// Keys 0 .. keys of V in panels of 16 columns, pairs of keys; zeros up to a whole step.
template <typename Pairs>
SIMDCLIP_INLINE void pack_value_tiles(const AttentionBf16Args& args, size_t keys,
                                      const AttentionTileScratch& s) {
  constexpr uint16_t kNone[kTile] = {};
  const size_t end = (keys + kStep - 1) / kStep * kStep;
  for (size_t key = args.packed / 2 * 2; key < end; key += 2) {
    const uint16_t* const even = args.v + key * args.ldkv;
    for (size_t j = 0; j < args.head_dim; j += kTile) {
      const size_t left = args.head_dim - j;
      const uint16_t *a = key < keys ? even + j : kNone, *b = key + 1 < keys ? even + args.ldkv + j : kNone;
      uint16_t* const to = s.v + j * s.padded_keys + key * kTile;
      if (left >= kTile) {
        Pairs::interleave(a, b, to);
        continue;
      }
      uint16_t tails[2][kTile] = {};
      __builtin_memcpy(tails[0], a, left * sizeof(uint16_t));
      __builtin_memcpy(tails[1], b, left * sizeof(uint16_t));
      Pairs::interleave(tails[0], tails[1], to);
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

// between(): called after each step.
template <int kA, int kB, typename Tiles, typename Between>
SIMDCLIP_INLINE void tile_product(Tiles& tiles, const TileProduct& p, const Between& between) noexcept {
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
    between();
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

// R rows of scores, `stride` apart: [0 .. n) of each become e^(scale (score - max)), rounded, in their own
// place, then zeros up to `end`, whole steps; inverse: 1 / (sum of the unrounded). scale2 = scale / ln 2.
// Rows side by side, since each is one chain through its maximum and its sum.
template <size_t R, typename Pairs>
__attribute__((noinline)) void tile_weights(float* scores, size_t stride, const size_t (&n)[R], size_t end,
                                            float scale2, float* inverse) noexcept {
  const F16 lowest = broadcast(-__builtin_inff()), scale = broadcast(scale2);
  size_t whole = end;
  for (const size_t seen : n) whole = seen / kStep * kStep < whole ? seen / kStep * kStep : whole;
  // The lanes from j on that row r sees.
  const auto lanes = [&](size_t r, size_t j) {
    return first_lanes(n[r] <= j ? 0 : n[r] - j < kLanes ? n[r] - j : kLanes);
  };
  F16 top[R][2], shift[R], sum[R];
  for (size_t r = 0; r < R; ++r) top[r][0] = top[r][1] = lowest;
  for (size_t j = 0; j < whole; j += kStep) {
#pragma GCC unroll 2
    for (size_t r = 0; r < R; ++r) {
      top[r][0] = max(top[r][0], load(scores + r * stride + j));
      top[r][1] = max(top[r][1], load(scores + r * stride + j + kLanes));
    }
  }
  for (size_t j = whole; j < end; j += kLanes) {
    for (size_t r = 0; r < R; ++r)
      top[r][0] = max(top[r][0], select(lanes(r, j), load(scores + r * stride + j), lowest));
  }
  for (size_t r = 0; r < R; ++r) {
    shift[r] = broadcast(horizontal_max(max(top[r][0], top[r][1])));
    sum[r] = zero();
  }
  const auto weight = [&](size_t r, size_t j) {
    return Pairs::power((load(scores + r * stride + j) - shift[r]) * scale);
  };
  for (size_t j = 0; j < whole; j += kStep) {
#pragma GCC unroll 2
    for (size_t r = 0; r < R; ++r) {
      uint16_t* const to = reinterpret_cast<uint16_t*>(scores + r * stride) + j;
      const F16 first = weight(r, j), second = weight(r, j + kLanes);
      sum[r] = sum[r] + (first + second);
      Pairs::store_rounded(first, second, to);
    }
  }
  for (size_t j = whole; j < end; j += kStep) {
    for (size_t r = 0; r < R; ++r) {
      uint16_t* const to = reinterpret_cast<uint16_t*>(scores + r * stride) + j;
      const F16 first = select(lanes(r, j), weight(r, j), zero());
      const F16 second = select(lanes(r, j + kLanes), weight(r, j + kLanes), zero());
      sum[r] = sum[r] + (first + second);
      Pairs::store_rounded(first, second, to);
    }
  }
  for (size_t r = 0; r < R; ++r) inverse[r] = 1.0F / horizontal_sum(sum[r]);
}

// 32 queries on their way: scores, then weights.
struct TileQueries {
  size_t first = 0, rows = 0;
  size_t steps = 0;     // of 32 keys
  size_t weighted = 0;  // rows whose scores are weights
  float* scores = nullptr;
  float inverse[kBlockRows];
};

// All queries of a call.
template <typename Tiles, typename Pairs>
struct TileHead {
  Tiles& tiles;
  const AttentionBf16Args& args;
  const AttentionTileScratch& s;

  SIMDCLIP_INLINE size_t visible(size_t query) const {
    const size_t n = args.first_query + query + 1;
    return args.causal && n < args.keys ? n : args.keys;
  }
  // Pairs of rows.
  SIMDCLIP_INLINE void weigh(TileQueries& block, size_t count) const noexcept {
    for (; count != 0 && block.weighted < block.rows; --count) {
      const size_t r = block.weighted, query = block.first + r, end = block.steps * kStep;
      float* const scores = block.scores + r * s.score_stride;
      const float scale2 = args.scale * kInverseLn2;
      block.weighted += 2;
      if (r + 1 < block.rows) {
        const size_t seen[2] = {visible(query), visible(query + 1)};
        tile_weights<2, Pairs>(scores, s.score_stride, seen, end, scale2, block.inverse + r);
      } else {
        const size_t seen[1] = {visible(query)};
        tile_weights<1, Pairs>(scores, s.score_stride, seen, end, scale2, block.inverse + r);
      }
    }
  }
  // Pairs of rows to weigh after each of `steps` multiplications so that half of a block's are done beside
  // them.
  static size_t share(size_t steps) { return (kBlockRows / 4 + steps - 1) / steps; }

  template <int kA>
  SIMDCLIP_INLINE void score(TileQueries& block, TileQueries* before) const noexcept {
    if (block.rows < kA * kTile) __builtin_memset(s.queries, 0, kA * kTile * s.depth * sizeof(uint16_t));
    for (size_t r = 0; r < block.rows; ++r) {
      const uint16_t* const from = args.q + (block.first + r) * args.ldq;
      for (size_t j = 0; j < args.head_dim; j += kStep) {
        const size_t left = args.head_dim - j;
        copy_step<Pairs>(from + j, left < kStep ? left : kStep, s.queries + r * s.depth + j);
      }
    }
    const size_t key_panels = (visible(block.first + block.rows - 1) + kTile - 1) / kTile;
    TileProduct scores{s.queries,     s.depth * sizeof(uint16_t), s.k, nullptr, s.depth / kStep, block.scores,
                       s.score_stride};
    const size_t rows = share((key_panels + 1) / 2 * scores.steps);
    const auto between = [&] {
      if (before != nullptr) weigh(*before, rows);
    };
    for (size_t panel = 0; panel < key_panels; panel += 2) {
      scores.b0 = s.k + panel * kTile * s.depth;
      scores.b1 = scores.b0 + kTile * s.depth;
      scores.to = block.scores + panel * kTile;
      panel + 1 < key_panels ? tile_product<kA, 2>(tiles, scores, between)
                             : tile_product<kA, 1>(tiles, scores, between);
    }
  }

  template <int kA>
  SIMDCLIP_INLINE void weighted_sums(TileQueries& block, TileQueries* behind) const noexcept {
    weigh(block, block.rows);
    TileProduct out{reinterpret_cast<const uint16_t*>(block.scores),
                    s.score_stride * sizeof(float),
                    nullptr,
                    nullptr,
                    block.steps,
                    s.sums,
                    2 * kTile};
    const size_t rows = share((args.head_dim + kStep - 1) / kStep * out.steps);
    const auto between = [&] {
      if (behind != nullptr) weigh(*behind, rows);
    };
    for (size_t column = 0; column < args.head_dim; column += kStep) {
      const size_t left = args.head_dim - column;
      out.b0 = s.v + column * s.padded_keys;
      out.b1 = out.b0 + kTile * s.padded_keys;
      left > kTile ? tile_product<kA, 2>(tiles, out, between) : tile_product<kA, 1>(tiles, out, between);
      for (size_t r = 0; r < block.rows; ++r) {
        const F16 factor = broadcast(block.inverse[r]);
        uint16_t* const to = args.out + (block.first + r) * args.ldo + column;
        const float* const sums = s.sums + r * kStep;
        if (left >= kStep) {
          Pairs::store_rounded(Pairs::tame(load(sums) * factor), Pairs::tame(load(sums + kTile) * factor),
                               to);
          continue;
        }
        alignas(64) uint16_t results[kStep];
        const F16 second = left > kTile ? Pairs::tame(load(sums + kTile) * factor) : zero();
        Pairs::store_rounded(Pairs::tame(load(sums) * factor), second, results);
        __builtin_memcpy(to, results, left * sizeof(uint16_t));
      }
    }
  }

  // The scores of each block, then the outputs of the one before.
  void run() const noexcept {
    TileQueries blocks[2];
    TileQueries* before = nullptr;
    for (size_t first = 0, i = 0; first < args.queries; first += kBlockRows, i ^= 1) {
      TileQueries& block = blocks[i];
      block.first = first;
      block.rows = args.queries - first < kBlockRows ? args.queries - first : kBlockRows;
      block.steps = (visible(first + block.rows - 1) + kStep - 1) / kStep;
      block.weighted = 0;
      block.scores = s.scores[i];
      block.rows > kTile ? score<2>(block, before) : score<1>(block, before);
      if (before != nullptr) weighted_sums<2>(*before, &block);
      before = &block;
    }
    before->rows > kTile ? weighted_sums<2>(*before, nullptr) : weighted_sums<1>(*before, nullptr);
  }
};

template <typename Tiles, typename Pairs>
SIMDCLIP_INLINE void attention_tiles(const AttentionBf16Args& args) noexcept {
  if (args.queries == 0) return;
  const size_t last = args.first_query + args.queries;
  const size_t keys = args.causal && last < args.keys ? last : args.keys;  // that any query of this call sees
  const AttentionTileScratch s = split_attention_tile_scratch(
      args.scratch, args.keys < args.room ? args.room : args.keys, args.head_dim);
  pack_key_tiles<Pairs>(args, keys, s);
  pack_value_tiles<Pairs>(args, keys, s);
  TileConfig config;
  for (size_t i = 0; i < 8; ++i) {
    config.rows[i] = kTile;
    config.row_bytes[i] = kTileLine;
  }
  Tiles tiles;
  tiles.configure(config);
  TileHead<Tiles, Pairs>{tiles, args, s}.run();
  tiles.release();
}

}  // namespace
}  // namespace simdclip::kernels
