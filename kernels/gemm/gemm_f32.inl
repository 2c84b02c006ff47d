// The f32 GEMM of gemm.h for one instruction set. Include after kernels/common/vec_*.h; kernels
// use Tile and F16 only, so every instruction set runs the same chain of fused multiply-adds for every
// output.
//
// Order of the loops: blocks of rows that stay in L2 / pairs of panels / blocks of K / tiles of rows. A block
// of K of a pair of panels (32 KB) stays in L1 while the tiles of rows pass by it; B is read from memory once
// per block of rows.
#pragma once

#include <cstdint>

#include "kernels/common/math.inl"
#include "kernels/gemm/gemm.h"
#include "kernels/gemm/pack.h"

namespace simdclip::kernels {
namespace {

// A register tile is kRows x kPanels accumulators of 16 lanes.
inline constexpr size_t kDepth = 256;    // K per block
inline constexpr size_t kMaxTiles = 16;  // of rows, per block of rows
inline constexpr size_t kMaxRows = kMaxTiles * kRows;
inline constexpr size_t kTileColumns = kPanels * kLanes;

// kUnroll steps of k: acc[r][p] += a[r][k] * b[p][k]. Rows are reached from every third pointer, because 14
// pointers do not fit in the general registers.
template <size_t R, size_t P, size_t kUnroll>
SIMDCLIP_INLINE void steps(F16 (&acc)[R][P], const float* const (&a)[(R + 2) / 3], size_t lda, const float* b,
                           size_t panel) {
#pragma GCC unroll 8
  for (size_t u = 0; u < kUnroll; ++u) {
    F16 column[P];
#pragma GCC unroll 4
    for (size_t p = 0; p < P; ++p) column[p] = load(b + p * panel + u * kLanes);
#pragma GCC unroll 16
    for (size_t r = 0; r < R; ++r) {
      const F16 x = broadcast(a[r / 3][(r % 3) * lda + u]);
#pragma GCC unroll 4
      for (size_t p = 0; p < P; ++p) acc[r][p] = fma(x, column[p], acc[r][p]);
    }
  }
}

// sums[R][kTileColumns] (+)= A[R, k] * B[P panels, k]^T.
template <size_t R, size_t P>
void tile(const float* a, size_t lda, size_t k, const float* b, size_t panel, float* sums,
          bool first) noexcept {
  F16 acc[R][P];
#pragma GCC unroll 16
  for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (size_t p = 0; p < P; ++p) acc[r][p] = first ? zero() : load(sums + r * kTileColumns + p * kLanes);
  }
  const float* rows[(R + 2) / 3];
#pragma GCC unroll 5
  for (size_t i = 0; i < (R + 2) / 3; ++i) rows[i] = a + i * 3 * lda;
  size_t i = 0;
  for (; i + 4 <= k; i += 4) {
    steps<R, P, 4>(acc, rows, lda, b, panel);
#pragma GCC unroll 5
    for (size_t j = 0; j < (R + 2) / 3; ++j) rows[j] += 4;
    b += 4 * kLanes;
  }
  for (; i < k; ++i) {
    steps<R, P, 1>(acc, rows, lda, b, panel);
#pragma GCC unroll 5
    for (size_t j = 0; j < (R + 2) / 3; ++j) ++rows[j];
    b += kLanes;
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (size_t p = 0; p < P; ++p) store(sums + r * kTileColumns + p * kLanes, acc[r][p]);
  }
}

using TileFn = void(const float* a, size_t lda, size_t k, const float* b, size_t panel, float* sums,
                    bool first) noexcept;

// tile<rows, panels> for any rows <= R.
template <size_t P, size_t R = kRows>
TileFn* tile_of(size_t rows) noexcept {
  if constexpr (R == 1) {
    return &tile<1, P>;
  } else {
    return rows == R ? &tile<R, P> : tile_of<P, R - 1>(rows);
  }
}

// C[rows, columns] at (row, column) = act(sums + bias) + residual.
template <Act act>
void finish(const GemmArgs& args, const float* sums, size_t row, size_t rows, size_t column,
            size_t columns) noexcept {
  for (size_t j = 0; j < columns; j += kLanes) {
    const size_t n = columns - j < kLanes ? columns - j : kLanes, at = column + j;
    const F16 bias = args.bias == nullptr ? zero() : load_n(args.bias + at, n);
    for (size_t i = 0; i < rows; ++i) {
      F16 x = load(sums + i * kTileColumns + j);
      if (args.bias != nullptr) x = x + bias;
      x = activate<act>(x);
      if (args.residual != nullptr) x = x + load_n(args.residual + (row + i) * args.ldr + at, n);
      store_n(args.c + (row + i) * args.ldc + at, x, n);
    }
  }
}

using FinishFn = void(const GemmArgs& args, const float* sums, size_t row, size_t rows, size_t column,
                      size_t columns) noexcept;

FinishFn* finish_of(Act act) noexcept {
  switch (act) {
    case Act::gelu: return &finish<Act::gelu>;
    case Act::gelu_tanh: return &finish<Act::gelu_tanh>;
    case Act::quick_gelu: return &finish<Act::quick_gelu>;
    case Act::none: break;
  }
  return &finish<Act::none>;
}

// `count` things in `parts` parts whose sizes differ by at most one: part i begins here.
SIMDCLIP_INLINE size_t part_begin(size_t count, size_t parts, size_t i) noexcept {
  const size_t each = count / parts, longer = count % parts;
  return i * each + (i < longer ? i : longer);
}

// One block of weights as the tiles want it: [panels][depth][16] floats, panels `panel` floats apart.
struct Block {
  const float* b;
  size_t panel;
};

// Weights stored as f32 are used where they lie.
struct F32Weights {
  static constexpr size_t kRoom = 1;  // floats

  static Block block(const GemmArgs& args, size_t first_panel, size_t /*panels*/, size_t k0, size_t /*depth*/,
                     float* /*room*/) noexcept {
    const size_t panel = args.k * kLanes;
    return {static_cast<const float*>(args.b) + first_panel * panel + k0 * kLanes, panel};
  }
};

// Weights stored as pairs of bf16 are widened, a block at a time, into `room` (L1); k0 is even. An odd K ends
// with half a pair.
struct Bf16Weights {
  static constexpr size_t kRoom = kPanels * kDepth * kLanes;

  static Block block(const GemmArgs& args, size_t first_panel, size_t panels, size_t k0, size_t depth,
                     float* room) noexcept {
    const size_t groups = (args.k + 1) / 2;
    for (size_t p = 0; p < panels; ++p) {
      const uint32_t* pairs =
          static_cast<const uint32_t*>(args.b) + ((first_panel + p) * groups + k0 / 2) * kLanes;
      float* to = room + p * kDepth * kLanes;
      for (size_t g = 0; g < (depth + 1) / 2; ++g, pairs += kLanes, to += 2 * kLanes) {
        for (size_t c = 0; c < kLanes; ++c) to[c] = __builtin_bit_cast(float, pairs[c] << 16);
        for (size_t c = 0; c < kLanes; ++c)
          to[kLanes + c] = __builtin_bit_cast(float, pairs[c] & 0xFFFF0000U);
      }
    }
    return {room, kDepth * kLanes};
  }
};

template <typename Weights>
SIMDCLIP_INLINE void gemm(const GemmArgs& args) {
  alignas(64) float sums[kMaxRows * kTileColumns];
  alignas(64) float room[Weights::kRoom];
  if (args.m == 0) return;
  FinishFn* const finish_tile = finish_of(args.act);
  const size_t tiles = (args.m + kRows - 1) / kRows, blocks = (tiles + kMaxTiles - 1) / kMaxTiles;
  const size_t short_rows = args.m / tiles;
  TileFn* const tile_table[2][2] = {
      {tile_of<1>(short_rows), tile_of<1>(short_rows < kRows ? short_rows + 1 : kRows)},
      {tile_of<kPanels>(short_rows), tile_of<kPanels>(short_rows < kRows ? short_rows + 1 : kRows)}};
  for (size_t block = 0; block < blocks; ++block) {
    const size_t first_tile = part_begin(tiles, blocks, block),
                 last_tile = part_begin(tiles, blocks, block + 1);
    const size_t row0 = part_begin(args.m, tiles, first_tile);
    for (size_t column = 0; column < args.n; column += kTileColumns) {
      const size_t columns = args.n - column < kTileColumns ? args.n - column : kTileColumns;
      const size_t panels = (columns + kLanes - 1) / kLanes;
      TileFn* const* const tile_fn = tile_table[panels == 1 ? 0 : 1];
      for (size_t k0 = 0; k0 == 0 || k0 < args.k; k0 += kDepth) {
        const size_t depth = args.k - k0 < kDepth ? args.k - k0 : kDepth;
        const Block b = Weights::block(args, column / kLanes, panels, k0, depth, room);
        for (size_t t = first_tile; t < last_tile; ++t) {
          const size_t row = part_begin(args.m, tiles, t), rows = part_begin(args.m, tiles, t + 1) - row;
          float* const tile_sums = sums + (row - row0) * kTileColumns;
          tile_fn[rows - short_rows](args.a + row * args.lda + k0, args.lda, depth, b.b, b.panel, tile_sums,
                                     k0 == 0);
          if (k0 + depth == args.k) finish_tile(args, tile_sums, row, rows, column, columns);
        }
      }
    }
  }
}

}  // namespace
}  // namespace simdclip::kernels
