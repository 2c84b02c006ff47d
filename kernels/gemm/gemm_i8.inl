// The int8 GEMM of gemm_i8.h for instruction sets without tiles. The file that includes this gives a Dot:
//   Acc           16 columns of 32-bit sums          start(a, k)  what a row's sums begin with
//   Row row(p)    16 columns x 4 bytes of B          dot(acc, four, row)  acc += the products of 4 bytes of A
// The loops are those of gemm_f32.inl.
#pragma once

#include "kernels/gemm/pack.h"
#include "kernels/gemm/scale.inl"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kByteDepth = 256;  // groups of 4 k per block: 16 KB of each panel
inline constexpr size_t kByteMaxTiles = 16;

SIMDCLIP_INLINE int32_t group_at(const int8_t* p) noexcept {
  int32_t group;
  __builtin_memcpy(&group, p, sizeof(group));
  return group;
}

template <typename Dot>
struct ByteTile {
  const int8_t* a;  // [R, groups * 4], row stride lda
  size_t lda, groups;
  const char* b;  // [P][groups][64 bytes], panels `panel` bytes apart
  size_t panel;
  int32_t* sums;          // [R][Dot::kPanels * 16]
  const int32_t* starts;  // [R], or null to go on from sums
  const char* ahead;      // one cache line of each panel is fetched from here per group
};

template <typename Dot, size_t R, size_t P>
void byte_tile(const ByteTile<Dot>& t) noexcept {
  constexpr size_t kStride = Dot::kPanels * kPanelColumns;
  typename Dot::Acc acc[R][P];
#pragma GCC unroll 16
  for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (size_t p = 0; p < P; ++p) {
      acc[r][p] =
          t.starts != nullptr ? Dot::broadcast(t.starts[r]) : Dot::load(t.sums + r * kStride + p * 16);
    }
  }
  const int8_t* a[(R + 2) / 3];
#pragma GCC unroll 8
  for (size_t i = 0; i < (R + 2) / 3; ++i) a[i] = t.a + i * 3 * t.lda;
  const size_t lda = t.lda, panel = t.panel;
  const char *b = t.b, *ahead = t.ahead;
#pragma GCC unroll 2
  for (size_t g = 0; g < t.groups; ++g) {
    typename Dot::Row row[P];
#pragma GCC unroll 2
    for (size_t p = 0; p < P; ++p) {
      row[p] = Dot::row(b + p * panel);
      __builtin_prefetch(ahead + p * panel, 0, 2);
    }
#pragma GCC unroll 16
    for (size_t r = 0; r < R; ++r) {
      const int32_t four = group_at(a[r / 3] + (r % 3) * lda);
#pragma GCC unroll 2
      for (size_t p = 0; p < P; ++p) acc[r][p] = Dot::dot(acc[r][p], four, row[p]);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < (R + 2) / 3; ++i) {
      a[i] += 4;
      asm("" : "+r"(a[i]));
    }
    b += 64;
    ahead += 64;
  }
#pragma GCC unroll 16
  for (size_t r = 0; r < R; ++r) {
#pragma GCC unroll 2
    for (size_t p = 0; p < P; ++p) Dot::store(t.sums + r * kStride + p * 16, acc[r][p]);
  }
}

template <typename Dot>
using ByteTileFn = void(const ByteTile<Dot>& args) noexcept;

template <typename Dot, size_t P, size_t R = Dot::kRows>
ByteTileFn<Dot>* byte_tile_of(size_t rows) noexcept {
  if constexpr (R == 1) {
    return &byte_tile<Dot, 1, P>;
  } else {
    return rows == R ? &byte_tile<Dot, R, P> : byte_tile_of<Dot, P, R - 1>(rows);
  }
}

// Rows row .. row + rows of C, at most kByteMaxTiles tiles, of which the first `longer` have one row more.
template <typename Dot>
SIMDCLIP_INLINE void byte_rows(const GemmI8Args& args, size_t row, size_t rows) noexcept {
  constexpr size_t kStride = Dot::kPanels * kPanelColumns, kMaxRows = kByteMaxTiles * Dot::kRows;
  alignas(64) int32_t sums[kMaxRows * kStride];
  alignas(64) float scaled[Dot::kRows * kStride];
  int32_t starts[kMaxRows];
  for (size_t i = 0; i < rows; ++i) starts[i] = Dot::start(args.a + (row + i) * args.lda, args.k);
  const GemmArgs output = output_of(args);
  FinishFn* const finish_tile = finish_of(args.act);
  const size_t tiles = (rows + Dot::kRows - 1) / Dot::kRows, shorter = rows / tiles, longer = rows % tiles;
  const size_t groups = (args.k + 3) / 4, panel = groups * 64;
  const char* pair = static_cast<const char*>(args.b);
  for (size_t column = 0; column < args.n; column += kStride, pair += Dot::kPanels * panel) {
    const size_t columns = args.n - column < kStride ? args.n - column : kStride;
    const bool whole = columns > (Dot::kPanels - 1) * kPanelColumns;
    for (size_t g = 0; g == 0 || g < groups; g += kByteDepth) {
      const size_t depth = groups - g < kByteDepth ? groups - g : kByteDepth;
      const bool last = g + depth == groups;
      const char* const b = pair + g * 64;
      const char* const next = last ? pair + Dot::kPanels * panel : b + depth * 64;
      for (size_t tile = 0, first = 0; tile < tiles; ++tile) {
        const size_t count = shorter + (tile < longer ? 1 : 0);
        int32_t* const tile_sums = sums + first * kStride;
        (whole ? byte_tile_of<Dot, Dot::kPanels>(count) : byte_tile_of<Dot, 1>(count))(
            {args.a + (row + first) * args.lda + g * 4, args.lda, depth, b, panel, tile_sums,
             g == 0 ? starts + first : nullptr, tile == 0 ? next : b});
        if (last) {
          finish_scaled<kStride>(args, output, finish_tile, tile_sums, scaled, row + first, count, column,
                                 columns);
        }
        first += count;
      }
    }
  }
}

template <typename Dot>
SIMDCLIP_INLINE void gemm_i8(const GemmI8Args& args) noexcept {
  constexpr size_t kMaxRows = kByteMaxTiles * Dot::kRows;
  const size_t blocks = (args.m + kMaxRows - 1) / kMaxRows;
  for (size_t i = 0; i < blocks; ++i) {
    const size_t begin = args.m * i / blocks, end = args.m * (i + 1) / blocks;
    byte_rows<Dot>(args, begin, end - begin);
  }
}

}  // namespace
}  // namespace simdclip::kernels
