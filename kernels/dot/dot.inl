// The one source of the dot kernels; see dot.h. Include after vec_*.h and define, for the element types,
// struct Rows with: kRows x kQueries (the tile), Sum, Row, Query, zero_sum(), load_row(p), load_row_n(p, n),
// load_query(p), load_query_n(p, n), dot(sum, row, query), kStep (elements of one load), and
// finish(sums[kRows], out) that adds the lanes of kRows sums.
#pragma once

#include "kernels/dot/dot.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kDotBlock = 16;  // rows that stay in L1 while all queries pass by

// What has to be fetched for the next block of rows, a share with each tile.
struct Ahead {
  const char* next;
  size_t share;  // bytes
};
SIMDCLIP_INLINE void fetch(Ahead& ahead) {
  for (size_t byte = 0; byte < ahead.share; byte += 64) __builtin_prefetch(ahead.next + byte, 0, 3);
  ahead.next += ahead.share;
}

// sums[q][r] = <row r, query q>, finished into totals[q][R].
template <typename Rows, size_t R, size_t Q, typename Args>
SIMDCLIP_INLINE void dot_tile(const Args& args, size_t row, size_t query,
                              typename Rows::Total (&totals)[Q][R]) {
  typename Rows::Sum sums[Q][R];
#pragma GCC unroll 8
  for (size_t q = 0; q < Q; ++q) {
#pragma GCC unroll 8
    for (size_t r = 0; r < R; ++r) sums[q][r] = Rows::zero_sum();
  }
  const auto* x = args.row + row * args.ldr;
  const auto* y = args.query + query * args.ldq;
  const size_t whole = args.width / Rows::kStep * Rows::kStep, tail = args.width - whole;
  const size_t ldr = args.ldr, ldq = args.ldq;
  for (size_t k = 0; k < whole; k += Rows::kStep) {
    typename Rows::Row rows[R];
#pragma GCC unroll 8
    for (size_t r = 0; r < R; ++r) rows[r] = Rows::load_row(x + r * ldr + k);
#pragma GCC unroll 8
    for (size_t q = 0; q < Q; ++q) {
      const typename Rows::Query one = Rows::load_query(y + q * ldq + k);
#pragma GCC unroll 8
      for (size_t r = 0; r < R; ++r) sums[q][r] = Rows::dot(sums[q][r], rows[r], one);
    }
  }
  if (tail != 0) {
#pragma GCC unroll 8
    for (size_t q = 0; q < Q; ++q) {
      const typename Rows::Query one = Rows::load_query_n(y + q * ldq + whole, tail);
#pragma GCC unroll 8
      for (size_t r = 0; r < R; ++r)
        sums[q][r] = Rows::dot(sums[q][r], Rows::load_row_n(x + r * ldr + whole, tail), one);
    }
  }
#pragma GCC unroll 8
  for (size_t q = 0; q < Q; ++q) Rows::finish(sums[q], totals[q]);
}

// Tiles of Q queries over one block of rows, as long as there are Q queries left.
template <typename Rows, size_t Q, typename Args, typename Store>
SIMDCLIP_INLINE void dot_queries(const Args& args, size_t begin, size_t end, size_t& query, Ahead& ahead,
                                 const Store& store) {
  constexpr size_t R = Rows::kRows;
  for (; query + Q <= args.queries; query += Q) {
    size_t row = begin;
    for (; row + R <= end; row += R) {
      fetch(ahead);
      typename Rows::Total totals[Q][R];
      dot_tile<Rows, R, Q>(args, row, query, totals);
      for (size_t q = 0; q < Q; ++q) {
        for (size_t r = 0; r < R; ++r) store(query + q, row + r, totals[q][r]);
      }
    }
    for (; row < end; ++row) {
      typename Rows::Total totals[Q][1];
      dot_tile<Rows, 1, Q>(args, row, query, totals);
      for (size_t q = 0; q < Q; ++q) store(query + q, row, totals[q][0]);
    }
  }
}

template <typename Rows, typename Args, typename Store>
SIMDCLIP_INLINE void dot_blocks(const Args& args, const Store& store) {
  const size_t block_bytes = kDotBlock * args.ldr * sizeof(*args.row);
  const size_t tiles = (args.queries + Rows::kQueries - 1) / Rows::kQueries * (kDotBlock / Rows::kRows);
  for (size_t begin = 0; begin < args.rows; begin += kDotBlock) {
    const size_t end = begin + kDotBlock < args.rows ? begin + kDotBlock : args.rows;
    Ahead ahead{reinterpret_cast<const char*>(args.row + begin * args.ldr) + block_bytes,
                (block_bytes / (tiles == 0 ? 1 : tiles) + 63) / 64 * 64};
    size_t query = 0;
    if constexpr (Rows::kQueries > 2)
      dot_queries<Rows, Rows::kQueries>(args, begin, end, query, ahead, store);
    if constexpr (Rows::kQueries > 1) dot_queries<Rows, 2>(args, begin, end, query, ahead, store);
    dot_queries<Rows, 1>(args, begin, end, query, ahead, store);
  }
}

template <typename Rows>
SIMDCLIP_INLINE void dot_int8(const DotI8Args& args) {
  const DotOutput out = args.out;
  const float *row_scale = args.row_scale, *query_scale = args.query_scale;
  dot_blocks<Rows>(args, [=](size_t query, size_t row, int32_t total) {
    out.scores[query * out.lds + row] = static_cast<float>(total) * (row_scale[row] * query_scale[query]);
  });
}

}  // namespace
}  // namespace simdclip::kernels
