// GEMMs on AMX tiles, 32 x 32: four tiles of sums, two of A, two of B, so one tile load per multiplication. A
// tile of B is 16 rows of a panel as it lies (1 KB); rows of A are read where they lie. Include after
// kernels/common/vec_*.h.
//
// Order of the loops: pairs of panels / slices of K / pairs of row tiles / the steps of a slice. A slice of
// two panels (32 KB) stays in L1 while all rows go by; their loads carry the hint that keeps them out of L1.
// L2 alone feeds both operands at three quarters of the multiplications' speed. Sums that another slice goes
// on from lie in memory meanwhile; integers and floats come back as they went.
//
// A block leaves its sums in the tiles; the next one stores each just before its own first multiplication
// into that tile: four stores in a row would stop the multiplications. What follows K (epilogue.inl) takes as
// long as the multiplications at small K: so finished sums become rows of C a few at a time between the
// multiplications of later blocks, which occupy another unit. Meanwhile the next slice is fetched into L2.
#pragma once

#include "kernels/gemm/amx_tiles.h"
#include "kernels/gemm/gemm_bf16.h"
#include "kernels/gemm/gemm_i8.h"
#include "kernels/gemm/pack.h"
#include "kernels/gemm/tiles_finish.inl"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kMaxPairs = 32;  // of row tiles, per block of rows
inline constexpr size_t kCacheBytes =
    size_t{1400} * 1024;                      // of A, per block of rows; L2 has 2 MB where there are tiles
inline constexpr size_t kSliceSteps = 16;     // of K: 32 KB of two panels
inline constexpr size_t kOneSliceSteps = 20;  // so many still go as one
// A tile store after 2,500 cycles without one waits for 700 (measured): long blocks store one now and then.
inline constexpr size_t kStepsAwake = 16;

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

// What all blocks share that multiply one slice of a pair of panels.
struct TileSlice {
  const char* b;
  size_t panel, lda;
  size_t begin, steps;  // whole steps of 16 groups
  const char* rest;     // after them the last groups of both panels and zeros, or null
  const char* ahead;    // the next slice, `lines` lines of each panel to be fetched after each step
  size_t lines;
  size_t share;  // rows to finish beside each block
};

// Steps of a whole block that fetch ahead: all but the first.
SIMDCLIP_INLINE size_t fetching_steps(size_t steps) noexcept { return steps > 1 ? steps - 1 : steps; }

struct TilePointers {
  const char *a0, *a1, *b0, *b1, *ahead;
};

inline constexpr size_t kSumStride = kTileStride * sizeof(int32_t);  // bytes

// The memory of a block's sums.
template <typename Sum>
struct SumsAt {
  Sum* at = nullptr;  // null: there are none
  size_t second = 0;  // TileBlock's

  template <int kTile>
  SIMDCLIP_INLINE Sum* tile() const noexcept {
    return at + (kTile / 2) * second * kTileStride + kTile % 2 * kTileRows;
  }
};

template <int kTile, typename Sum, typename Tiles>
SIMDCLIP_INLINE void store_tile(Tiles& tiles, const SumsAt<Sum>& to) noexcept {
  tiles.template store<kTile>(to.template tile<kTile>(), kSumStride);
}
// What a tile of sums begins with: zero, or where the slice before left off.
template <int kTile, typename Sum, typename Tiles>
SIMDCLIP_INLINE void begin_tile(Tiles& tiles, const SumsAt<Sum>& from) noexcept {
  if (from.at == nullptr) {
    tiles.template zero<kTile>();
  } else {
    tiles.template load<kTile>(from.template tile<kTile>(), kSumStride);
  }
}
// in_tiles: where to store the block whose sums are still in the four tiles.
template <typename Sum, typename Tiles>
SIMDCLIP_INLINE void store_all(Tiles& tiles, SumsAt<Sum>& in_tiles) noexcept {
  if (in_tiles.at == nullptr) return;
  store_tile<0>(tiles, in_tiles);
  store_tile<1>(tiles, in_tiles);
  store_tile<2>(tiles, in_tiles);
  store_tile<3>(tiles, in_tiles);
  in_tiles.at = nullptr;
}

SIMDCLIP_INLINE void next_step(TilePointers& at) noexcept {
  at.a0 += kTileBytes;
  at.a1 += kTileBytes;
  at.b0 += kTileRows * kTileBytes;
  at.b1 += kTileRows * kTileBytes;
}

// `count` steps of 64 bytes of K. After each, kShare rows of an earlier block are finished.
template <typename Dot, int kA, int kB, size_t kShare, typename Tiles, typename Before>
SIMDCLIP_INLINE void tile_steps(Tiles& tiles, TilePointers& at, size_t count, const TileSlice& slice,
                                Before& before) noexcept {
  for (; count != 0; --count) {
    tiles.template load_once<4>(at.a0, slice.lda);
    tiles.template load<6>(at.b0, kTileBytes);
    if constexpr (kB == 2) tiles.template load<7>(at.b1, kTileBytes);
    if constexpr (kA == 2) tiles.template load_once<5>(at.a1, slice.lda);
    for (size_t i = slice.lines; i != 0; --i, at.ahead += kTileBytes) {
      __builtin_prefetch(at.ahead, 0, 2);
      if constexpr (kB == 2) __builtin_prefetch(at.ahead + slice.panel, 0, 2);
    }
    Dot::template dot<0, 4, 6>(tiles);
    if constexpr (kB == 2) Dot::template dot<1, 4, 7>(tiles);
    if constexpr (kA == 2) Dot::template dot<2, 5, 6>(tiles);
    if constexpr (kA == 2 && kB == 2) Dot::template dot<3, 5, 7>(tiles);
    next_step(at);
#pragma GCC unroll 4
    for (size_t i = 0; i < kShare; ++i) before.one();
  }
}

// The first step of a whole block; on its way each tile gives up the sums of the block before.
template <typename Dot, typename Sum, typename Tiles>
SIMDCLIP_INLINE void first_tile_step(Tiles& tiles, TilePointers& at, const TileSlice& slice,
                                     const SumsAt<Sum>& from, SumsAt<Sum>& in_tiles) noexcept {
  const SumsAt<Sum> last = in_tiles;
  in_tiles.at = nullptr;
  if (last.at != nullptr) store_tile<0>(tiles, last);
  begin_tile<0>(tiles, from);
  tiles.template load_once<4>(at.a0, slice.lda);
  tiles.template load<6>(at.b0, kTileBytes);
  Dot::template dot<0, 4, 6>(tiles);
  if (last.at != nullptr) store_tile<1>(tiles, last);
  begin_tile<1>(tiles, from);
  tiles.template load<7>(at.b1, kTileBytes);
  Dot::template dot<1, 4, 7>(tiles);
  if (last.at != nullptr) store_tile<2>(tiles, last);
  begin_tile<2>(tiles, from);
  tiles.template load_once<5>(at.a1, slice.lda);
  Dot::template dot<2, 5, 6>(tiles);
  if (last.at != nullptr) store_tile<3>(tiles, last);
  begin_tile<3>(tiles, from);
  Dot::template dot<3, 5, 7>(tiles);
  next_step(at);
}

// The other steps, kShare rows of an earlier block after each, but not from the first step on: its sums may
// still be on their way to memory then.
template <typename Dot, size_t kShare, typename Tiles, typename Before>
SIMDCLIP_INLINE void tile_shares(Tiles& tiles, TilePointers& at, const TileSlice& slice,
                                 Before& before) noexcept {
  constexpr size_t kWait = 2;
  size_t left = slice.steps - 1;
  const size_t wait = left < kWait ? left : kWait;
  left -= wait;
  const size_t due = before.rows < slice.share ? before.rows : slice.share;
  const size_t busy = due / kShare < left ? due / kShare : left;
  left -= busy;
  tile_steps<Dot, 2, 2, 0>(tiles, at, wait, slice, before);
  tile_steps<Dot, 2, 2, kShare>(tiles, at, busy, slice, before);
  for (; left > kStepsAwake; left -= kStepsAwake) {
    tile_steps<Dot, 2, 2, 0>(tiles, at, kStepsAwake, slice, before);
    tiles.template keep_awake<6>();
  }
  tile_steps<Dot, 2, 2, 0>(tiles, at, left, slice, before);
  before.some(due - busy * kShare);
}

template <int kA, int kB, typename Dot, typename Tiles, typename Before>
SIMDCLIP_INLINE void tile_rest(Tiles& tiles, TilePointers& at, const TileSlice& slice,
                               Before& before) noexcept {
  if (slice.rest == nullptr) return;
  TileSlice rest = slice;
  rest.lines = 0;
  at.b0 = slice.rest;
  at.b1 = slice.rest + kTileRows * kTileBytes;
  tile_steps<Dot, kA, kB, 0>(tiles, at, 1, rest, before);
}

// Sums of kA row tiles x kB panels, while an earlier block is finished. 2 x 2 stay in the tiles.
template <typename Dot, int kA, int kB, typename Sum, typename Tiles, typename Before>
SIMDCLIP_INLINE void tile_block(Tiles& tiles, const TileBlock& t, const TileSlice& slice, size_t turn,
                                const SumsAt<Sum>& from, const SumsAt<Sum>& to, SumsAt<Sum>& in_tiles,
                                Before& before) noexcept {
  const char* const b = slice.b + slice.begin * kTileRows * kTileBytes;
  TilePointers at{t.a0 + slice.begin * kTileBytes, t.a1 + slice.begin * kTileBytes, b, b + slice.panel,
                  slice.ahead + turn * slice.lines * fetching_steps(slice.steps) * kTileBytes};
  if constexpr (kA == 2 && kB == 2) {
    if (slice.steps != 0) {
      first_tile_step<Dot>(tiles, at, slice, from, in_tiles);
      if (slice.share > kTileRows) {
        tile_shares<Dot, 4>(tiles, at, slice, before);
      } else {
        tile_shares<Dot, 2>(tiles, at, slice, before);
      }
    } else {
      store_all(tiles, in_tiles);
      begin_tile<0>(tiles, from);
      begin_tile<1>(tiles, from);
      begin_tile<2>(tiles, from);
      begin_tile<3>(tiles, from);
      before.some(slice.share);
    }
    tile_rest<2, 2, Dot>(tiles, at, slice, before);
    in_tiles = to;
    return;
  }
  store_all(tiles, in_tiles);
  begin_tile<0>(tiles, from);
  if constexpr (kB == 2) begin_tile<1>(tiles, from);
  if constexpr (kA == 2) begin_tile<2>(tiles, from);
  tile_steps<Dot, kA, kB, 0>(tiles, at, slice.steps, slice, before);
  tile_rest<kA, kB, Dot>(tiles, at, slice, before);
  before.some(slice.share);
  store_tile<0>(tiles, to);
  if constexpr (kB == 2) store_tile<1>(tiles, to);
  if constexpr (kA == 2) store_tile<2>(tiles, to);
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

// The blocks of rows begin .. end.
inline size_t blocks_of(const TileArgs& args, size_t begin, size_t end, TileBlock* blocks) noexcept {
  // A tile never has fewer rows than it could have: a multiplication takes as long, and a new configuration
  // longer. The last tile begins before its first row of its own, on rows that are computed already, bit for
  // bit again.
  const size_t last_tile = args.m < kTileRows ? 0 : args.m - kTileRows;
  const size_t pairs = (end - begin + 2 * kTileRows - 1) / (2 * kTileRows);
  for (size_t pair = 0; pair < pairs; ++pair) {
    const size_t row = begin + pair * 2 * kTileRows;
    const size_t rows = end - row < 2 * kTileRows ? end - row : 2 * kTileRows;
    const size_t row0 = row < last_tile ? row : last_tile;
    const size_t row1 = row + kTileRows < last_tile ? row + kTileRows : last_tile;
    blocks[pair] = {args.a + row0 * args.lda, args.a + row1 * args.lda,        row1 - row0, row, rows,
                    rows > kTileRows,         static_cast<uint8_t>(row - row0)};
  }
  return pairs;
}

// How K is cut: slices of whole steps, and a tail.
struct Slices {
  size_t panel, steps, tail, count;

  Slices(size_t row_bytes, size_t pairs) noexcept {
    const size_t groups = (row_bytes + kGroupBytes - 1) / kGroupBytes;
    panel = groups * kTileBytes;
    steps = groups / kTileRows;
    tail = groups % kTileRows;
    // With one pair of row tiles nothing of B is used twice.
    count = steps <= kOneSliceSteps || pairs == 1 ? 1 : (steps + kSliceSteps - 1) / kSliceSteps;
  }
  // Slice i of the panels at b; rest: their tail, where they have one.
  TileSlice slice(size_t i, const char* b, size_t lda, size_t pairs, const char* rest) const noexcept {
    const bool last = i + 1 == count;
    const size_t from = steps * i / count, to = steps * (i + 1) / count;
    const size_t lines = (to - from) * kTileRows, turns = pairs * fetching_steps(to - from);
    return {b,
            panel,
            lda,
            from,
            to - from,
            last && tail != 0 ? rest : nullptr,
            last ? b + 2 * panel : b + to * kTileRows * kTileBytes,
            turns == 0 ? 0 : (lines + turns - 1) / turns,
            count == 1 ? 2 * kTileRows : kTileRows};
  }
  // A's rows end with zeros, but B does not.
  void copy_tail(const char* b, size_t columns, char* rest) const noexcept {
    if (tail == 0) return;
    __builtin_memset(rest, 0, 2 * kTileRows * kTileBytes);
    for (size_t p = 0; p < (columns > 16 ? 2 : 1); ++p)
      __builtin_memcpy(rest + p * kTileRows * kTileBytes, b + p * panel + steps * kTileRows * kTileBytes,
                       tail * kTileBytes);
  }
};

// All columns of rows begin .. end. What is at work stands in variables of this one function, which stay in
// registers: members of an object would be written and read for every row.
template <typename Dot, Act act, typename Tiles>
__attribute__((noinline)) void tile_rows(Tiles& tiles, const TileArgs& args, size_t begin,
                                         size_t end) noexcept {
  using Sum = typename Dot::Sum;
  using Queue = FinishQueue<act, Sum>;
  alignas(64) Sum sums[(kMaxPairs + 1) * kBlockSums];
  alignas(64) char rest[2 * kTileRows * kTileBytes];
  TileBlock blocks[kMaxPairs];
  const size_t pairs = blocks_of(args, begin, end, blocks);
  const Slices slices(args.row_bytes, pairs);
  const size_t slots = slices.count == 1 ? 2 : pairs + 1;
  Queue queue;
  typename Queue::Place first;  // of these columns
  SumsAt<Sum> in_tiles;
  const char* b = args.b;
  for (size_t column = 0; column < args.n; column += 32, b += 2 * slices.panel) {
    const size_t columns = args.n - column < 32 ? args.n - column : 32;
    slices.copy_tail(b, columns, rest);
    typename Queue::Place place = first;
    for (size_t i = 0; i < slices.count; ++i) {
      const TileSlice slice = slices.slice(i, b, args.lda, pairs, rest);
      place = first;
      for (size_t pair = 0; pair < pairs; ++pair) {
        const TileBlock& t = blocks[pair];
        const SumsAt<Sum> to{sums + place.slot * kBlockSums, t.second}, from = i == 0 ? SumsAt<Sum>{} : to;
        queue.begin_next(args.output, sums, blocks, pairs, slots);
        if (columns > 16) {
          t.two ? tile_block<Dot, 2, 2>(tiles, t, slice, pair, from, to, in_tiles, queue.now)
                : tile_block<Dot, 1, 2>(tiles, t, slice, pair, from, to, in_tiles, queue.now);
        } else {
          t.two ? tile_block<Dot, 2, 1>(tiles, t, slice, pair, from, to, in_tiles, queue.now)
                : tile_block<Dot, 1, 1>(tiles, t, slice, pair, from, to, in_tiles, queue.now);
        }
        if (i + 1 == slices.count && columns == 32) {
          queue.complete({column, pair, place.slot});
        } else if (i + 1 == slices.count) {
          store_all(tiles, in_tiles);
          finish<act>(args.output, to.at + t.skip * kTileStride, kTileStride, t.row, t.rows, column, columns);
        }
        place = Queue::after(place, pairs, slots);
      }
    }
    first = place;
  }
  store_all(tiles, in_tiles);
  while (queue.now.rows + queue.waiting != 0) {
    queue.begin_next(args.output, sums, blocks, pairs, slots);
    queue.now.some(queue.now.rows);
  }
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
    case Act::relu: return tile_blocks<Dot, Act::relu, Tiles>(args);
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
