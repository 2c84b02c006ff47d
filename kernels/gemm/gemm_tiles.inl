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

// Finishing a row stands in the innermost loop; on emulated tiles it need not, and the compiler is spared.
#if !defined(SIMDCLIP_FINISH_ROW)
#define SIMDCLIP_FINISH_ROW SIMDCLIP_INLINE
#endif

inline constexpr size_t kTileRows = 16, kTileBytes = 64,
                        kTileStride = 32;  // stride of a 32 x 32 block of sums

inline constexpr size_t kMaxPairs = 64;  // of row tiles, per block of rows
inline constexpr size_t kCacheBytes =
    size_t{1400} * 1024;  // of A, per block of rows; L2 has 2 MB where there are tiles

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
};

// The sums of a block of 32 columns that are still to be finished, a row at a time between other work: its
// pointers stay in registers. What finish() does, for whole panels.
template <Act act, typename Sum>
struct Unfinished {
  size_t rows = 0;
  const Sum* sums = nullptr;
  const float *a_scale = nullptr, *residual = nullptr;
  size_t ldr = 0;
  char* c = nullptr;
  size_t ldc = 0;  // bytes
  bool narrow = false;
  F16 bias[2] = {zero(), zero()}, b_scale[2] = {zero(), zero()};

  SIMDCLIP_INLINE void begin(const Output& out, const Sum* from, size_t row, size_t count,
                             size_t column) noexcept {
    rows = count;
    sums = from;
    ldr = out.ldr;
    residual = out.residual == nullptr ? nullptr : out.residual + row * ldr + column;
    narrow = out.c_bf16 != nullptr;
    const size_t at = row * out.ldc + column;
    c = narrow ? reinterpret_cast<char*>(out.c_bf16 + at) : reinterpret_cast<char*>(out.c + at);
    ldc = out.ldc * (narrow ? sizeof(uint16_t) : sizeof(float));
    if (kInteger<Sum>) a_scale = out.a_scale + row;
    for (size_t p = 0; p < 2; ++p) {
      // Adding -0 changes nothing, -0 included; a branch for every row costs a quarter of the product.
      bias[p] = out.bias == nullptr ? broadcast(-0.0F) : load(out.bias + column + p * kLanes);
      if (kInteger<Sum>) b_scale[p] = load(out.b_scale + column + p * kLanes);
    }
  }
  SIMDCLIP_FINISH_ROW void one() noexcept {
    F16 x[2];
#pragma GCC unroll 2
    for (size_t p = 0; p < 2; ++p) {
      x[p] = as_f32(sums + p * kLanes, kInteger<Sum> ? broadcast(*a_scale) * b_scale[p] : zero());
      x[p] = x[p] + bias[p];
      x[p] = activate<act>(x[p]);
    }
    if (residual != nullptr) {
      x[0] = x[0] + load(residual);
      x[1] = x[1] + load(residual + kLanes);
      residual += ldr;
    }
    if (narrow) {
      store_bf16(reinterpret_cast<uint16_t*>(c), x[0], kLanes);
      store_bf16(reinterpret_cast<uint16_t*>(c) + kLanes, x[1], kLanes);
    } else {
      store(reinterpret_cast<float*>(c), x[0]);
      store(reinterpret_cast<float*>(c) + kLanes, x[1]);
    }
    if (kInteger<Sum>) ++a_scale;
    sums += kTileStride;
    c += ldc;
    --rows;
  }
  SIMDCLIP_INLINE void some(size_t count) noexcept {
    for (count = count < rows ? count : rows; count != 0; --count) one();
  }
};

// One block of rows, for any pair of panels.
struct TileBlock {
  const char *a0, *a1;  // the first row of each tile
  size_t ahead;         // bytes from the next pair's beginning: what is fetched meanwhile
  size_t second;        // rows from the first tile's to the second's
  size_t row, rows;     // to finish
  bool two;             // tiles
  uint8_t skip;         // rows of the first tile that another block finishes
};

// What all blocks of a pair of panels share.
struct TilePanels {
  const char* b;
  size_t panel, lda;
  size_t steps;      // whole steps of 16 groups
  const char* rest;  // the last groups of both panels and zeros, or null
  const char* ahead;
  size_t lines;  // fetched per step
};

struct TilePointers {
  const char *a0, *a1, *b0, *b1, *ahead;
};

// `count` steps of 64 bytes of K. After each, kShare rows of the block before are finished.
template <typename Dot, int kA, int kB, size_t kShare, typename Tiles, typename Before>
SIMDCLIP_INLINE void tile_steps(Tiles& tiles, TilePointers& at, size_t count, size_t lda, size_t lines,
                                Before& before) noexcept {
  for (; count != 0; --count) {
    tiles.template load<4>(at.a0, lda);
    tiles.template load<6>(at.b0, kTileBytes);
    if constexpr (kB == 2) tiles.template load<7>(at.b1, kTileBytes);
    if constexpr (kA == 2) tiles.template load<5>(at.a1, lda);
    for (size_t i = lines; i != 0; --i, at.ahead += kTileBytes) __builtin_prefetch(at.ahead, 0, 2);
    Dot::template dot<0, 4, 6>(tiles);
    if constexpr (kB == 2) Dot::template dot<1, 4, 7>(tiles);
    if constexpr (kA == 2) Dot::template dot<2, 5, 6>(tiles);
    if constexpr (kA == 2 && kB == 2) Dot::template dot<3, 5, 7>(tiles);
    at.a0 += kTileBytes;
    at.a1 += kTileBytes;
    at.b0 += kTileRows * kTileBytes;
    at.b1 += kTileRows * kTileBytes;
#pragma GCC unroll 4
    for (size_t i = 0; i < kShare; ++i) before.one();
  }
}

// kShare rows of the block before after each step, but not from the first step on: its sums are still on
// their way to memory then.
template <typename Dot, int kA, int kB, size_t kShare, typename Tiles, typename Before>
SIMDCLIP_INLINE void tile_shares(Tiles& tiles, TilePointers& at, const TilePanels& panels,
                                 Before& before) noexcept {
  constexpr size_t kWait = 3;
  const size_t wait = panels.steps < kWait ? panels.steps : kWait, left = panels.steps - wait;
  const size_t busy = before.rows / kShare < left ? before.rows / kShare : left;
  tile_steps<Dot, kA, kB, 0>(tiles, at, wait, panels.lda, panels.lines, before);
  tile_steps<Dot, kA, kB, kShare>(tiles, at, busy, panels.lda, panels.lines, before);
  tile_steps<Dot, kA, kB, 0>(tiles, at, left - busy, panels.lda, panels.lines, before);
}

// Sums of kA row tiles x kB panels, while the block before is finished.
template <typename Dot, int kA, int kB, typename Tiles, typename Before>
SIMDCLIP_INLINE void tile_block(Tiles& tiles, const TileBlock& t, const TilePanels& panels,
                                typename Dot::Sum* sums, Before& before) noexcept {
  tiles.template zero<0>();
  if constexpr (kB == 2) tiles.template zero<1>();
  if constexpr (kA == 2) tiles.template zero<2>();
  if constexpr (kA == 2 && kB == 2) tiles.template zero<3>();
  TilePointers at{t.a0, t.a1, panels.b, panels.b + panels.panel, panels.ahead + t.ahead};
  if constexpr (kA == 2 && kB == 2) {
    if (panels.steps >= 40) {
      tile_shares<Dot, 2, 2, 1>(tiles, at, panels, before);
    } else if (panels.steps >= 20) {
      tile_shares<Dot, 2, 2, 2>(tiles, at, panels, before);
    } else {
      tile_shares<Dot, 2, 2, 4>(tiles, at, panels, before);
    }
  } else {
    tile_steps<Dot, kA, kB, 0>(tiles, at, panels.steps, panels.lda, panels.lines, before);
  }
  if (panels.rest != nullptr) {
    at.b0 = panels.rest;
    at.b1 = panels.rest + kTileRows * kTileBytes;
    tile_steps<Dot, kA, kB, 0>(tiles, at, 1, panels.lda, 0, before);
  }
  before.some(before.rows);
  constexpr size_t kStride = kTileStride * sizeof(int32_t);
  tiles.template store<0>(sums, kStride);
  if constexpr (kB == 2) tiles.template store<1>(sums + 16, kStride);
  sums += t.second * kTileStride;
  if constexpr (kA == 2) tiles.template store<2>(sums, kStride);
  if constexpr (kA == 2 && kB == 2) tiles.template store<3>(sums + 16, kStride);
}

// Sums of 16 columns; A of whole 64 bytes; B of 16 groups.
inline TileConfig config_of(size_t rows) noexcept {
  TileConfig config;
  for (size_t i = 0; i < 8; ++i) {
    config.rows[i] = static_cast<uint8_t>(i < 6 ? rows : kTileRows);
    config.row_bytes[i] = kTileBytes;
  }
  return config;
}

// All columns of rows begin .. end.
template <typename Dot, Act act, typename Tiles>
__attribute__((noinline)) void tile_rows(Tiles& tiles, const TileArgs& args, size_t begin,
                                         size_t end) noexcept {
  using Sum = typename Dot::Sum;
  alignas(64) Sum sums[2][2 * kTileRows * kTileStride];
  alignas(64) char rest[2 * kTileRows * kTileBytes];
  TileBlock blocks[kMaxPairs];
  const size_t groups = (args.row_bytes + kGroupBytes - 1) / kGroupBytes, panel = groups * kTileBytes;
  const size_t steps = groups / kTileRows, tail = groups % kTileRows;
  const size_t pairs = (end - begin + 2 * kTileRows - 1) / (2 * kTileRows), turns = pairs * steps;
  const size_t lines = turns == 0 ? 0 : (2 * groups + turns - 1) / turns;
  // A tile never has fewer rows than it could have: a multiplication takes as long, and a new configuration
  // longer. The last tile begins before its first row of its own, on rows that are computed already, bit for
  // bit again.
  const size_t last_tile = args.m < kTileRows ? 0 : args.m - kTileRows;
  for (size_t pair = 0; pair < pairs; ++pair) {
    const size_t row = begin + pair * 2 * kTileRows;
    const size_t rows = end - row < 2 * kTileRows ? end - row : 2 * kTileRows;
    const size_t row0 = row < last_tile ? row : last_tile;
    const size_t row1 = row + kTileRows < last_tile ? row + kTileRows : last_tile;
    blocks[pair] = {args.a + row0 * args.lda,
                    args.a + row1 * args.lda,
                    pair * lines * steps * kTileBytes,
                    row1 - row0,
                    row,
                    rows,
                    rows > kTileRows,
                    static_cast<uint8_t>(row - row0)};
  }
  TilePanels panels{args.b, panel, args.lda, steps, tail == 0 ? nullptr : rest, args.b + 2 * panel, lines};
  Unfinished<act, Sum> before;
  size_t turn = 0;
  for (size_t column = 0; column < args.n; column += 32) {
    const size_t columns = args.n - column < 32 ? args.n - column : 32;
    // A's rows end with zeros, but B does not.
    if (tail != 0) {
      __builtin_memset(rest, 0, sizeof(rest));
      for (size_t p = 0; p < (columns > 16 ? 2 : 1); ++p)
        __builtin_memcpy(rest + p * kTileRows * kTileBytes,
                         panels.b + p * panel + steps * kTileRows * kTileBytes, tail * kTileBytes);
    }
    for (size_t pair = 0; pair < pairs; ++pair) {
      const TileBlock& t = blocks[pair];
      Sum* const to = sums[turn++ % 2];
      if (columns > 16) {
        t.two ? tile_block<Dot, 2, 2>(tiles, t, panels, to, before)
              : tile_block<Dot, 1, 2>(tiles, t, panels, to, before);
      } else {
        t.two ? tile_block<Dot, 2, 1>(tiles, t, panels, to, before)
              : tile_block<Dot, 1, 1>(tiles, t, panels, to, before);
      }
      if (columns == 32) {
        before.begin(args.output, to + t.skip * kTileStride, t.row, t.rows, column);
      } else {
        finish<act>(args.output, to + t.skip * kTileStride, kTileStride, t.row, t.rows, column, columns);
      }
    }
    panels.b += 2 * panel;
    panels.ahead += 2 * panel;
  }
  before.some(before.rows);
}

template <typename Dot, Act act, typename Tiles>
SIMDCLIP_INLINE void tile_blocks(const TileArgs& args) noexcept {
  if (args.m == 0) return;
  Tiles tiles;
  tiles.configure(config_of(args.m < kTileRows ? args.m : kTileRows));
  const size_t pairs = (args.m + 2 * kTileRows - 1) / (2 * kTileRows);
  const size_t fit = kCacheBytes / (2 * kTileRows * args.lda + 1);
  const size_t most = fit == 0 ? 1 : fit < kMaxPairs ? fit : kMaxPairs;
  const size_t blocks = (pairs + most - 1) / most;
  for (size_t i = 0; i < blocks; ++i) {
    const size_t begin = pairs * i / blocks * 2 * kTileRows, end = pairs * (i + 1) / blocks * 2 * kTileRows;
    tile_rows<Dot, act>(tiles, args, begin, end < args.m ? end : args.m);
  }
  tiles.release();
}

template <typename Dot, typename Tiles>
SIMDCLIP_INLINE void tile_gemm(const TileArgs& args, Act act) noexcept {
  switch (act) {
    case Act::gelu: return tile_blocks<Dot, Act::gelu, Tiles>(args);
    case Act::gelu_tanh: return tile_blocks<Dot, Act::gelu_tanh, Tiles>(args);
    case Act::quick_gelu: return tile_blocks<Dot, Act::quick_gelu, Tiles>(args);
    case Act::none: break;
  }
  tile_blocks<Dot, Act::none, Tiles>(args);
}

template <typename Tiles>
SIMDCLIP_INLINE void gemm_tiles(const GemmI8Args& args) noexcept {
  Output output = output_of(args);
  output.a_scale = args.a_scale;
  output.b_scale = args.b_scale;
  tile_gemm<ByteTiles, Tiles>({args.m, args.n, args.k, reinterpret_cast<const char*>(args.a), args.lda,
                               static_cast<const char*>(args.b), output},
                              args.act);
}
template <typename Tiles>
SIMDCLIP_INLINE void gemm_tiles(const GemmBf16Args& args) noexcept {
  tile_gemm<Bf16Tiles, Tiles>({args.m, args.n, args.k * 2, reinterpret_cast<const char*>(args.a),
                               args.lda * 2, static_cast<const char*>(args.b), output_of(args)},
                              args.act);
}

}  // namespace
}  // namespace simdclip::kernels
