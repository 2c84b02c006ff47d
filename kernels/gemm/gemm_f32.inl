// The f32 GEMM of gemm.h for one instruction set. Include after kernels/common/vec_*.h; it uses F16, the
// tile's shape (kRows, kPanels) and kWholeDepth (see below) only, so every instruction set runs the same
// chain of fused multiply-adds for every output.
//
// Order of the loops: blocks of rows whose A stays in L2 / pairs of panels / blocks of K / tiles of rows. A
// block of K of a pair of panels (32 KB) stays in L1 while the tiles of rows pass by it, and meanwhile each
// tile fetches its share of the next block into L2: B comes from L3 or memory once per block of rows.
// Where all of K of a pair fits in L2 beside A (kWholeDepth) and many tiles pass by, K is one block: a tile's
// sums stay in registers, which gains more than B's coming from L2 costs.
#pragma once

#include <cstdint>

#include "kernels/gemm/epilogue.inl"
#include "kernels/gemm/gemm.h"
#include "kernels/gemm/gemm_bf16.h"
#include "kernels/gemm/pack.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kDepth = 256;                   // K per block
inline constexpr size_t kWholeTiles = 8;                // from so many on all of K may be one block
inline constexpr size_t kUnroll = 4;                    // k per turn of the inner loop
inline constexpr size_t kMaxTiles = 16;                 // of rows, per block of rows
inline constexpr size_t kCacheBytes = size_t{1} << 20;  // of A, per block of rows
inline constexpr size_t kTileColumns = kPanels * kLanes;
inline constexpr size_t kLine = 64;

// `bytes` further, and opaque to the compiler: it would otherwise keep one pointer for each row and step and
// spill them all.
SIMDCLIP_INLINE const float* advance(const float* p, size_t bytes) {
  p = reinterpret_cast<const float*>(reinterpret_cast<const char*>(p) + bytes);
  asm("" : "+r"(p));
  return p;
}

// kSteps steps of k: acc[r][p] += a[r][k] * b[p][k]. Rows are reached from every third pointer, because 14
// pointers do not fit in the general registers.
template <size_t R, size_t P, size_t kSteps>
SIMDCLIP_INLINE void steps(F16 (&acc)[R][P], const float* const (&a)[(R + 2) / 3], size_t row_bytes,
                           const float* const (&b)[P]) {
#pragma GCC unroll 8
  for (size_t u = 0; u < kSteps; ++u) {
    F16 column[P];
#pragma GCC unroll 4
    for (size_t p = 0; p < P; ++p) column[p] = load(b[p] + u * kLanes);
#pragma GCC unroll 16
    for (size_t r = 0; r < R; ++r) {
      const char* row = reinterpret_cast<const char*>(a[r / 3]) + (r % 3) * row_bytes;
      const F16 x = broadcast(*reinterpret_cast<const float*>(row + u * sizeof(float)));
#pragma GCC unroll 4
      for (size_t p = 0; p < P; ++p) acc[r][p] = fma(x, column[p], acc[r][p]);
    }
  }
}

template <size_t N>
SIMDCLIP_INLINE void advance_all(const float* (&pointers)[N], size_t bytes) {
#pragma GCC unroll 8
  for (size_t i = 0; i < N; ++i) pointers[i] = advance(pointers[i], bytes);
}

struct TileArgs {
  const float* a;  // [R, k], row stride lda
  size_t lda, k;
  const float* b;  // [P][k][16], panels `panel` floats apart
  size_t panel;
  float* sums;        // [R][kTileColumns]
  bool first;         // sums begin at zero
  const char* ahead;  // kLines cache lines of each panel are fetched from here per turn
  size_t ahead_panel;
};

// sums (+)= A[R, k] * B[P panels, k]^T.
template <size_t R, size_t P, size_t kLines>
void tile(const TileArgs& t) noexcept {
  F16 acc[R][P];
#pragma GCC unroll 16
  for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (size_t p = 0; p < P; ++p)
      acc[r][p] = t.first ? zero() : load(t.sums + r * kTileColumns + p * kLanes);
  }
  const size_t row_bytes = t.lda * sizeof(float), ahead_panel = t.ahead_panel;
  const char* ahead = t.ahead;
  const float *a[(R + 2) / 3], *b[P];
#pragma GCC unroll 8
  for (size_t i = 0; i < (R + 2) / 3; ++i) a[i] = advance(t.a, i * 3 * row_bytes);
#pragma GCC unroll 4
  for (size_t p = 0; p < P; ++p) b[p] = advance(t.b, p * t.panel * sizeof(float));
  for (size_t turns = t.k / kUnroll; turns != 0; --turns) {
#pragma GCC unroll 4
    for (size_t p = 0; p < P; ++p) {
#pragma GCC unroll 4
      for (size_t i = 0; i < kLines; ++i) __builtin_prefetch(ahead + p * ahead_panel + i * kLine, 0, 2);
    }
    ahead += kLines * kLine;
    steps<R, P, kUnroll>(acc, a, row_bytes, b);
    advance_all(a, kUnroll * sizeof(float));
    advance_all(b, kUnroll * kLanes * sizeof(float));
  }
  for (size_t rest = t.k % kUnroll; rest != 0; --rest) {
    steps<R, P, 1>(acc, a, row_bytes, b);
    advance_all(a, sizeof(float));
    advance_all(b, kLanes * sizeof(float));
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 4
    for (size_t p = 0; p < P; ++p) store(t.sums + r * kTileColumns + p * kLanes, acc[r][p]);
  }
}

using TileFn = void(const TileArgs& args) noexcept;

// tile<rows, P, kLines> for any rows <= kRows.
template <size_t P, size_t kLines, size_t R = kRows>
TileFn* tile_of(size_t rows) noexcept {
  if constexpr (R == 1) {
    return &tile<1, P, kLines>;
  } else {
    return rows == R ? &tile<R, P, kLines> : tile_of<P, kLines, R - 1>(rows);
  }
}

// M in tiles whose rows differ by at most one, the longer ones first: 50 = 13 + 13 + 12 + 12.
struct RowTiles {
  size_t count, rows, longer;

  explicit RowTiles(size_t m) : count((m + kRows - 1) / kRows), rows(m / count), longer(m % count) {}
  size_t begin(size_t tile) const { return tile * rows + (tile < longer ? tile : longer); }
};

// Weights stored as f32 are used where they lie.
struct F32Weights {
  static constexpr size_t kRoom = 1, kElementBytes = 4;
  static constexpr bool kAnyDepth = true;

  static const float* block(const char* stored, size_t, size_t, size_t, float*) noexcept {
    return reinterpret_cast<const float*>(stored);
  }
  static constexpr size_t panel(size_t stored_panel) { return stored_panel / sizeof(float); }
};

// Weights stored as pairs of bf16 are widened, a block at a time, into `room` (L1).
struct Bf16Weights {
  static constexpr size_t kRoom = kPanels * kDepth * kLanes, kElementBytes = 2;
  static constexpr bool kAnyDepth = false;

  static const float* block(const char* stored, size_t stored_panel, size_t panels, size_t depth,
                            float* room) noexcept {
    for (size_t p = 0; p < panels; ++p) {
      const uint32_t* pairs = reinterpret_cast<const uint32_t*>(stored + p * stored_panel);
      float* to = room + p * kDepth * kLanes;
      for (size_t g = 0; g < (depth + 1) / 2; ++g, pairs += kLanes, to += 2 * kLanes) {
        for (size_t c = 0; c < kLanes; ++c) to[c] = __builtin_bit_cast(float, pairs[c] << 16);
        for (size_t c = 0; c < kLanes; ++c)
          to[kLanes + c] = __builtin_bit_cast(float, pairs[c] & 0xFFFF0000U);
      }
    }
    return room;
  }
  static constexpr size_t panel(size_t) { return kDepth * kLanes; }
};

// A's rows are used where they lie, or (bf16) widened, a tile and a block of K at a time, into `room` (L1).
// That costs one more load and store for every 32 columns: 10 % where multiply-adds are f32's.
struct F32Rows {
  static constexpr size_t kRoom = 1;

  static const float* block(const float* a, size_t, size_t, size_t, float*) noexcept { return a; }
  static size_t stride(size_t lda) { return lda; }
};
struct Bf16Rows {
  static constexpr size_t kStride = kDepth + kLanes, kRoom = kRows * kStride;

  static const float* block(const uint16_t* a, size_t lda, size_t rows, size_t depth, float* room) noexcept {
    for (size_t r = 0; r < rows; ++r) {
      for (size_t k = 0; k < depth; k += kLanes) {
        const size_t left = depth - k;
        store(room + r * kStride + k, load_bf16(a + r * lda + k, left < kLanes ? left : kLanes));
      }
    }
    return room;
  }
  static size_t stride(size_t) { return kStride; }
};

struct RowBlock {
  size_t row, tiles, longer;  // its first row, its tiles, how many of them are longer
};

// All columns of one block of rows.
template <typename Weights, typename Rows, typename Args>
SIMDCLIP_INLINE void row_block(const Args& args, const RowTiles& split, const RowBlock& block) noexcept {
  alignas(64) float sums[kMaxTiles * kRows * kTileColumns];
  alignas(64) float room[Weights::kRoom], rows_room[Rows::kRoom];
  const bool few = block.tiles < 4;  // then each tile fetches more of the next block
  const size_t lines = few ? 4 : 1;
  TileFn* tiles[2][2];  // [whole tile or one panel][longer]
  for (size_t i = 0; i < 2; ++i) {
    const size_t rows = split.rows + i < kRows ? split.rows + i : kRows;
    tiles[0][i] = few ? tile_of<kPanels, 4>(rows) : tile_of<kPanels, 1>(rows);
    tiles[1][i] = few ? tile_of<1, 4>(rows) : tile_of<1, 1>(rows);
  }
  FinishFn<float>* const finish_tile = finish_of<float>(args.act);
  const Output output = output_of(args);
  const bool whole = Weights::kAnyDepth && args.k <= kWholeDepth && block.tiles >= kWholeTiles;
  const size_t most = whole ? args.k : kDepth;
  const size_t panel = panel_bytes(args.k, Weights::kElementBytes);
  const char* pair = static_cast<const char*>(args.b);
  for (size_t column = 0; column < args.n; column += kTileColumns, pair += kPanels * panel) {
    const size_t columns = args.n - column < kTileColumns ? args.n - column : kTileColumns;
    const size_t panels = (columns + kLanes - 1) / kLanes;
    size_t k0 = 0;
    do {
      const size_t depth = args.k - k0 < most ? args.k - k0 : most;
      const bool last = k0 + depth == args.k;
      const char* const stored = pair + k0 * kLanes * Weights::kElementBytes;
      const float* const b = Weights::block(stored, panel, panels, depth, room);
      const char* const next =
          last ? pair + kPanels * panel : stored + most * kLanes * Weights::kElementBytes;
      const size_t share = depth / kUnroll * lines * kLine;
      TileArgs t{.a = nullptr,
                 .lda = Rows::stride(args.lda),
                 .k = depth,
                 .b = b,
                 .panel = Weights::panel(panel),
                 .sums = sums,
                 .first = k0 == 0,
                 .ahead = next,
                 .ahead_panel = panel};
      size_t row = block.row;
      for (size_t i = 0; i < block.tiles; ++i) {
        const bool longer = i < block.longer;
        const size_t rows = split.rows + (longer ? 1 : 0);
        if (i * share >= depth * kLanes * Weights::kElementBytes) t.ahead = stored;  // all is on its way
        t.a = Rows::block(args.a + row * args.lda + k0, args.lda, rows, depth, rows_room);
        if (last) fetch_output(output, row, rows, column, kPanels);
        tiles[panels == kPanels ? 0 : 1][longer ? 1 : 0](t);
        if (last) finish_tile(output, t.sums, kTileColumns, row, rows, column, columns);
        row += rows;
        if (!whole) t.sums += rows * kTileColumns;
        t.ahead += share;
      }
      k0 += most;
    } while (k0 < args.k);
  }
}

template <typename Weights, typename Rows = F32Rows, typename Args>
SIMDCLIP_INLINE void gemm(const Args& args) noexcept {
  if (args.m == 0) return;
  const RowTiles split(args.m);
  const size_t fit = kCacheBytes / ((args.k + 1) * sizeof(float) * kRows);
  const size_t most = fit == 0 ? 1 : fit < kMaxTiles ? fit : kMaxTiles;
  const size_t blocks = (split.count + most - 1) / most;
  for (size_t i = 0; i < blocks; ++i) {
    const size_t begin = split.count * i / blocks, end = split.count * (i + 1) / blocks;
    const size_t longer = split.longer < begin ? 0 : split.longer - begin;
    row_block<Weights, Rows>(args, split, {split.begin(begin), end - begin, longer});
  }
}

}  // namespace
}  // namespace simdclip::kernels
