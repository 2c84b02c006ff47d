// GEMMs whose instruction multiplies groups of 4 bytes, 4 bytes or 2 bf16 a group, for instruction sets
// without tiles. The file that includes this gives a Dot:
//   Sum           int32_t or float                   start(a, bytes)  what a row's sums begin with
//   Acc           16 columns of sums                 dot(acc, group, row)  acc += the products of a group of
//   A Row row(p)    16 columns x 4 bytes of B
// The loops are those of gemm_f32.inl.
#pragma once

#include "kernels/gemm/epilogue.inl"
#include "kernels/gemm/gemm_bf16.h"
#include "kernels/gemm/gemm_i8.h"
#include "kernels/gemm/pack.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kGroupDepth = 256;  // groups per block: 16 KB of each panel
inline constexpr size_t kGroupMaxTiles = 16;

// One product, its operands as bytes.
struct GroupArgs {
  size_t m, n, row_bytes;  // of K elements
  const char* a;
  size_t lda;  // bytes
  const char* b;
  Output output;
  Act act;
};

SIMDCLIP_INLINE int32_t group_at(const char* p) noexcept {
  int32_t group;
  __builtin_memcpy(&group, p, sizeof(group));
  return group;
}

template <typename Dot>
struct GroupTile {
  const char* a;  // [R, groups * 4], row stride lda
  size_t lda, groups;
  const char* b;  // [P][groups][64 bytes], panels `panel` bytes apart
  size_t panel;
  typename Dot::Sum* sums;          // [R][Dot::kPanels * 16]
  const typename Dot::Sum* starts;  // [R], or null to go on from sums
  const char* ahead;                // one cache line of each panel is fetched from here per group
};

template <typename Dot, size_t R, size_t P>
void group_tile(const GroupTile<Dot>& t) noexcept {
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
  const char* a[(R + 2) / 3];
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
      const int32_t group = group_at(a[r / 3] + (r % 3) * lda);
#pragma GCC unroll 2
      for (size_t p = 0; p < P; ++p) acc[r][p] = Dot::dot(acc[r][p], group, row[p]);
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
using GroupTileFn = void(const GroupTile<Dot>& args) noexcept;

template <typename Dot, size_t P, size_t R = Dot::kRows>
GroupTileFn<Dot>* group_tile_of(size_t rows) noexcept {
  if constexpr (R == 1) {
    return &group_tile<Dot, 1, P>;
  } else {
    return rows == R ? &group_tile<Dot, R, P> : group_tile_of<Dot, P, R - 1>(rows);
  }
}

// Rows row .. row + rows of C, at most kGroupMaxTiles tiles, of which the first `longer` have one row more.
template <typename Dot>
SIMDCLIP_INLINE void group_rows(const GroupArgs& args, size_t row, size_t rows) noexcept {
  using Sum = typename Dot::Sum;
  constexpr size_t kStride = Dot::kPanels * kPanelColumns, kMaxRows = kGroupMaxTiles * Dot::kRows;
  alignas(64) Sum sums[kMaxRows * kStride];
  Sum starts[kMaxRows];
  for (size_t i = 0; i < rows; ++i) starts[i] = Dot::start(args.a + (row + i) * args.lda, args.row_bytes);
  FinishFn<Sum>* const finish_tile = finish_of<Sum>(args.act);
  const size_t tiles = (rows + Dot::kRows - 1) / Dot::kRows, shorter = rows / tiles, longer = rows % tiles;
  const size_t groups = (args.row_bytes + kGroupBytes - 1) / kGroupBytes, panel = groups * 64;
  const char* pair = args.b;
  for (size_t column = 0; column < args.n; column += kStride, pair += Dot::kPanels * panel) {
    const size_t columns = args.n - column < kStride ? args.n - column : kStride;
    const bool whole = columns > (Dot::kPanels - 1) * kPanelColumns;
    for (size_t g = 0; g == 0 || g < groups; g += kGroupDepth) {
      const size_t depth = groups - g < kGroupDepth ? groups - g : kGroupDepth;
      const bool last = g + depth == groups;
      const char* const b = pair + g * 64;
      const char* const next = last ? pair + Dot::kPanels * panel : b + depth * 64;
      for (size_t tile = 0, first = 0; tile < tiles; ++tile) {
        const size_t count = shorter + (tile < longer ? 1 : 0);
        Sum* const tile_sums = sums + first * kStride;
        (whole ? group_tile_of<Dot, Dot::kPanels>(count) : group_tile_of<Dot, 1>(count))(
            {args.a + (row + first) * args.lda + g * kGroupBytes, args.lda, depth, b, panel, tile_sums,
             g == 0 ? starts + first : nullptr, tile == 0 ? next : b});
        if (last) finish_tile(args.output, tile_sums, kStride, row + first, count, column, columns);
        first += count;
      }
    }
  }
}

template <typename Dot>
SIMDCLIP_INLINE void group_blocks(const GroupArgs& args) noexcept {
  constexpr size_t kMaxRows = kGroupMaxTiles * Dot::kRows;
  const size_t blocks = (args.m + kMaxRows - 1) / kMaxRows;
  for (size_t i = 0; i < blocks; ++i) {
    const size_t begin = args.m * i / blocks, end = args.m * (i + 1) / blocks;
    group_rows<Dot>(args, begin, end - begin);
  }
}

SIMDCLIP_INLINE GroupArgs groups_of(const GemmI8Args& args) noexcept {
  Output output = output_of(args);
  output.a_scale = args.a_scale;
  output.b_scale = args.b_scale;
  return {args.m,   args.n,
          args.k,   reinterpret_cast<const char*>(args.a),
          args.lda, static_cast<const char*>(args.b),
          output,   args.act};
}
SIMDCLIP_INLINE GroupArgs groups_of(const GemmBf16Args& args) noexcept {
  return {args.m,          args.n,
          args.k * 2,      reinterpret_cast<const char*>(args.a),
          args.lda * 2,    static_cast<const char*>(args.b),
          output_of(args), args.act};
}

// args: GemmI8Args or GemmBf16Args, as Dot multiplies.
template <typename Dot, typename Args>
SIMDCLIP_INLINE void group_gemm(const Args& args) noexcept {
  group_blocks<Dot>(groups_of(args));
}

}  // namespace
}  // namespace simdclip::kernels
