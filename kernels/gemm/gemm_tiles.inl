// GEMMs on AMX tiles, 32 x 32: four tiles of sums, two of A, two of B, so one tile load per multiplication. A
// tile of B is 16 rows of a panel as it lies (1 KB); rows of A are read where they lie. Include after
// kernels/common/vec_*.h.
//
// Order of the loops: pairs of panels / pairs of row tiles / K. What follows K (epilogue.inl) takes as long
// as the multiplications at small K: so the sums of one block are finished a few rows at a time between the
// multiplications of the next, which occupy another unit. Meanwhile the next pair of panels is fetched into
// L2.
#pragma once

#include "kernels/gemm/amx_tiles.h"
#include "kernels/gemm/epilogue.inl"
#include "kernels/gemm/gemm_bf16.h"
#include "kernels/gemm/gemm_i8.h"
#include "kernels/gemm/pack.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kTileRows = 16, kTileBytes = 64,
                        kTileStride = 32;  // stride of a 32 x 32 block of sums

struct ByteTiles {
  using Sum = int32_t;
  template <int kC, int kA, int kB, typename Tiles>
  SIMDCLIP_INLINE static void dot(Tiles& tiles) {
    tiles.template dot_i8<kC, kA, kB>();
  }
};
struct Bf16Tiles {
  using Sum = float;
  template <int kC, int kA, int kB, typename Tiles>
  SIMDCLIP_INLINE static void dot(Tiles& tiles) {
    tiles.template dot_bf16<kC, kA, kB>();
  }
};

// One product, its operands as bytes.
struct TileArgs {
  size_t m, n, row_bytes;  // of K elements
  const char* a;
  size_t lda;  // bytes
  const char* b;
  Output output;
  Act act;
};

// A block of sums that is still to be finished.
template <typename Sum>
struct Unfinished {
  const Output* output;
  FinishFn<Sum>* finish;
  const Sum* sums;  // [rows][kTileStride]
  size_t row, rows, column, columns;

  SIMDCLIP_INLINE void some(size_t count) noexcept {
    if (rows == 0) return;
    count = count < rows ? count : rows;
    finish(*output, sums, kTileStride, row, count, column, columns);
    sums += count * kTileStride;
    row += count;
    rows -= count;
  }
};

template <typename Sum>
struct TilePair {
  const char* a;  // first rows; the second tile's begin rows0 rows later
  size_t lda, rows0;
  const char* b;        // first panel
  size_t panel, steps;  // whole steps of 16 groups
  const char* rest;     // the last groups of both panels and zeros, or null
  const char* ahead;    // fetched, `lines` cache lines per step
  size_t lines;
  Sum* sums;  // [32][kTileStride]
};

// One step of 64 bytes of K.
template <typename Dot, int kA, int kB, typename Tiles>
SIMDCLIP_INLINE void tile_step(Tiles& tiles, const char* a0, const char* a1, size_t lda, const char* b0,
                               const char* b1) noexcept {
  tiles.template load<6>(b0, kTileBytes);
  tiles.template load<4>(a0, lda);
  Dot::template dot<0, 4, 6>(tiles);
  if constexpr (kB == 2) {
    tiles.template load<7>(b1, kTileBytes);
    Dot::template dot<1, 4, 7>(tiles);
  }
  if constexpr (kA == 2) {
    tiles.template load<5>(a1, lda);
    Dot::template dot<2, 5, 6>(tiles);
    if constexpr (kB == 2) Dot::template dot<3, 5, 7>(tiles);
  }
}

// Sums of kA row tiles x kB panels, while the block before is finished.
template <typename Dot, int kA, int kB, typename Tiles>
SIMDCLIP_INLINE void tile_pair(Tiles& tiles, const TilePair<typename Dot::Sum>& t,
                               Unfinished<typename Dot::Sum>& before) noexcept {
  tiles.template zero<0>();
  if constexpr (kB == 2) tiles.template zero<1>();
  if constexpr (kA == 2) tiles.template zero<2>();
  if constexpr (kA == 2 && kB == 2) tiles.template zero<3>();
  const char *a0 = t.a, *a1 = t.a + t.rows0 * t.lda;
  const char *b0 = t.b, *b1 = t.b + t.panel, *ahead = t.ahead;
  const size_t share = t.steps == 0 ? 0 : (before.rows + t.steps - 1) / t.steps;
  for (size_t step = 0; step < t.steps; ++step) {
    for (size_t i = 0; i < t.lines; ++i) __builtin_prefetch(ahead + i * kTileBytes, 0, 2);
    ahead += t.lines * kTileBytes;
    tile_step<Dot, kA, kB>(tiles, a0, a1, t.lda, b0, b1);
    before.some(share);
    a0 += kTileBytes;
    a1 += kTileBytes;
    b0 += kTileRows * kTileBytes;
    b1 += kTileRows * kTileBytes;
  }
  if (t.rest != nullptr)
    tile_step<Dot, kA, kB>(tiles, a0, a1, t.lda, t.rest, t.rest + kTileRows * kTileBytes);
  before.some(before.rows);
  constexpr size_t kStride = kTileStride * sizeof(int32_t);
  tiles.template store<0>(t.sums, kStride);
  if constexpr (kB == 2) tiles.template store<1>(t.sums + 16, kStride);
  if constexpr (kA == 2) tiles.template store<2>(t.sums + t.rows0 * kTileStride, kStride);
  if constexpr (kA == 2 && kB == 2) tiles.template store<3>(t.sums + t.rows0 * kTileStride + 16, kStride);
}

// Sums of 16 columns; A of whole 64 bytes; B of 16 groups; the tiles of one row pair have rows0 and rows1
// rows.
inline TileConfig config_of(size_t rows0, size_t rows1) noexcept {
  TileConfig config;
  const size_t rows[8] = {rows0, rows0, rows1, rows1, rows0, rows1, kTileRows, kTileRows};
  for (size_t i = 0; i < 8; ++i) {
    config.rows[i] = static_cast<uint8_t>(rows[i] == 0 ? 1 : rows[i]);
    config.row_bytes[i] = kTileBytes;
  }
  return config;
}

template <typename Dot, typename Tiles>
SIMDCLIP_INLINE void tile_blocks(const TileArgs& args) noexcept {
  using Sum = typename Dot::Sum;
  alignas(64) Sum sums[2][2 * kTileRows * kTileStride];
  alignas(64) char rest[2 * kTileRows * kTileBytes];
  if (args.m == 0) return;
  Tiles tiles;
  const size_t groups = (args.row_bytes + kGroupBytes - 1) / kGroupBytes, panel = groups * kTileBytes;
  const size_t row_pairs = (args.m + 2 * kTileRows - 1) / (2 * kTileRows);
  const size_t steps = groups / kTileRows, tail = groups % kTileRows;
  const size_t turns = row_pairs * steps, lines = turns == 0 ? 0 : (2 * groups + turns - 1) / turns;
  const char* b = args.b;
  size_t configured = 0, turn = 0;
  Unfinished<Sum> before{&args.output, finish_of<Sum>(args.act), nullptr, 0, 0, 0, 0};
  for (size_t column = 0; column < args.n; column += 32, b += 2 * panel) {
    const size_t columns = args.n - column < 32 ? args.n - column : 32;
    // A's rows end with zeros, but B does not.
    if (tail != 0) {
      __builtin_memset(rest, 0, sizeof(rest));
      for (size_t p = 0; p < (columns > 16 ? 2 : 1); ++p)
        __builtin_memcpy(rest + p * kTileRows * kTileBytes, b + p * panel + steps * kTileRows * kTileBytes,
                         tail * kTileBytes);
    }
    for (size_t pair = 0; pair < row_pairs; ++pair) {
      const size_t row = args.m * pair / row_pairs, rows = args.m * (pair + 1) / row_pairs - row;
      const size_t rows1 = rows / 2, rows0 = rows - rows1;
      if (rows != configured) {
        tiles.configure(config_of(rows0, rows1));
        configured = rows;
      }
      Sum* const to = sums[turn++ % 2];
      const TilePair<Sum> t{args.a + row * args.lda,
                            args.lda,
                            rows0,
                            b,
                            panel,
                            steps,
                            tail == 0 ? nullptr : rest,
                            b + 2 * panel + pair * steps * lines * kTileBytes,
                            lines,
                            to};
      if (columns > 16) {
        rows1 != 0 ? tile_pair<Dot, 2, 2>(tiles, t, before) : tile_pair<Dot, 1, 2>(tiles, t, before);
      } else {
        rows1 != 0 ? tile_pair<Dot, 2, 1>(tiles, t, before) : tile_pair<Dot, 1, 1>(tiles, t, before);
      }
      before = {&args.output, before.finish, to, row, rows, column, columns};
    }
  }
  before.some(before.rows);
  if (configured != 0) tiles.release();
}

template <typename Tiles>
SIMDCLIP_INLINE void gemm_tiles(const GemmI8Args& args) noexcept {
  Output output = output_of(args);
  output.a_scale = args.a_scale;
  output.b_scale = args.b_scale;
  tile_blocks<ByteTiles, Tiles>({args.m, args.n, args.k, reinterpret_cast<const char*>(args.a), args.lda,
                                 static_cast<const char*>(args.b), output, args.act});
}
template <typename Tiles>
SIMDCLIP_INLINE void gemm_tiles(const GemmBf16Args& args) noexcept {
  tile_blocks<Bf16Tiles, Tiles>({args.m, args.n, args.k * 2, reinterpret_cast<const char*>(args.a),
                                 args.lda * 2, static_cast<const char*>(args.b), output_of(args), args.act});
}

}  // namespace
}  // namespace simdclip::kernels
