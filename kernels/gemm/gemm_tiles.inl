// int8 GEMM on AMX tiles, 32 x 32: four tiles of sums, two of A, two of B, so one tile load per
// multiplication. A tile of B is 16 rows of a panel as it lies (1 KB); rows of A are read where they lie.
// Include after kernels/common/vec_*.h.
//
// Order of the loops: pairs of panels / pairs of row tiles / K. Meanwhile the next pair of panels is fetched
// into L2.
#pragma once

#include "kernels/gemm/amx_tiles.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/scale.inl"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kTileRows = 16, kTileBytes = 64,
                        kTileStride = 32;  // stride of a 32 x 32 block of sums

struct TilePair {
  const int8_t* a;  // first rows; the second tile's begin rows0 rows later
  size_t lda, rows0;
  const char* b;  // first panel
  size_t panel, groups;
  const char* ahead;  // fetched, `lines` cache lines per step
  size_t lines;
  int32_t* sums;  // [32][kTileStride]
};

// Sums of kA row tiles x kB panels. The last, incomplete 16 groups of B are copied beside zeros: A's rows end
// with zeros, but B does not.
template <int kA, int kB, typename Tiles>
SIMDCLIP_INLINE void tile_pair(Tiles& tiles, const TilePair& t) noexcept {
  alignas(64) char rest[2][kTileRows * kTileBytes];
  tiles.template zero<0>();
  if constexpr (kB == 2) tiles.template zero<1>();
  if constexpr (kA == 2) tiles.template zero<2>();
  if constexpr (kA == 2 && kB == 2) tiles.template zero<3>();
  const int8_t *a0 = t.a, *a1 = t.a + t.rows0 * t.lda;
  const char *b0 = t.b, *b1 = t.b + t.panel, *ahead = t.ahead;
  for (size_t left = t.groups; left != 0;) {
    const size_t groups = left < kTileRows ? left : kTileRows;
    if (groups < kTileRows) {
      __builtin_memset(rest, 0, sizeof(rest));
      __builtin_memcpy(rest[0], b0, groups * kTileBytes);
      if constexpr (kB == 2) __builtin_memcpy(rest[1], b1, groups * kTileBytes);
      b0 = rest[0];
      b1 = rest[1];
    }
    for (size_t i = 0; i < t.lines; ++i) __builtin_prefetch(ahead + i * kTileBytes, 0, 2);
    ahead += t.lines * kTileBytes;
    tiles.template load<6>(b0, kTileBytes);
    tiles.template load<4>(a0, t.lda);
    tiles.template dot_i8<0, 4, 6>();
    if constexpr (kB == 2) {
      tiles.template load<7>(b1, kTileBytes);
      tiles.template dot_i8<1, 4, 7>();
    }
    if constexpr (kA == 2) {
      tiles.template load<5>(a1, t.lda);
      tiles.template dot_i8<2, 5, 6>();
      if constexpr (kB == 2) tiles.template dot_i8<3, 5, 7>();
    }
    a0 += kTileBytes;
    a1 += kTileBytes;
    b0 += kTileRows * kTileBytes;
    b1 += kTileRows * kTileBytes;
    left -= groups;
  }
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

template <typename Tiles>
SIMDCLIP_INLINE void gemm_i8_tiles(const GemmI8Args& args) noexcept {
  alignas(64) int32_t sums[2 * kTileRows * kTileStride];
  alignas(64) float scaled[2 * kTileRows * kTileStride];
  if (args.m == 0) return;
  Tiles tiles;
  const GemmArgs output = output_of(args);
  FinishFn* const finish_tile = finish_of(args.act);
  const size_t groups = (args.k + 3) / 4, panel = groups * kTileBytes;
  const size_t row_pairs = (args.m + 2 * kTileRows - 1) / (2 * kTileRows);
  const size_t steps = (groups + kTileRows - 1) / kTileRows;
  const size_t lines =
      row_pairs * steps == 0 ? 0 : (2 * groups + row_pairs * steps - 1) / (row_pairs * steps);
  const char* b = static_cast<const char*>(args.b);
  size_t configured = 0;
  for (size_t column = 0; column < args.n; column += 32, b += 2 * panel) {
    const size_t columns = args.n - column < 32 ? args.n - column : 32;
    for (size_t pair = 0; pair < row_pairs; ++pair) {
      const size_t row = args.m * pair / row_pairs, rows = args.m * (pair + 1) / row_pairs - row;
      const size_t rows1 = rows / 2, rows0 = rows - rows1;
      if (rows != configured) {
        tiles.configure(config_of(rows0, rows1));
        configured = rows;
      }
      const TilePair t{args.a + row * args.lda,
                       args.lda,
                       rows0,
                       b,
                       panel,
                       groups,
                       b + 2 * panel + pair * steps * lines * kTileBytes,
                       lines,
                       sums};
      if (columns > 16) {
        rows1 != 0 ? tile_pair<2, 2>(tiles, t) : tile_pair<1, 2>(tiles, t);
      } else {
        rows1 != 0 ? tile_pair<2, 1>(tiles, t) : tile_pair<1, 1>(tiles, t);
      }
      finish_scaled<kTileStride>(args, output, finish_tile, sums, scaled, row, rows, column, columns);
    }
  }
  if (configured != 0) tiles.release();
}

}  // namespace
}  // namespace simdclip::kernels
