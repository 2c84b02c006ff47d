// Dot products of queries with rows, for exact search: scores[j, i] = <query[j], row[i]>.
//
// f32 and f16 rows: 16 virtual lanes, lane l sums k = l, l + 16, ... by fused multiply-adds and the lanes are
// added in one fixed tree (common/vec_*.h), so every instruction set gives the same bits, and a score depends
// neither on the other queries nor on the other rows. f16 is widened exactly.
// int8 rows: 16-bit queries, exact 32-bit sums, then float(sum) * (row_scale[i] * query_scale[j]). Reading
// the rows takes longer than multiplying them, so the wide query costs nothing where it is alone.
//
// Rows stream from memory while 16 of them stay in L1 for all the queries; what comes next is prefetched.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

struct DotOutput {
  float* scores = nullptr;  // [queries, rows], row stride lds
  size_t lds = 0;
};

template <typename Row>
struct DotArgs {
  size_t queries = 0, rows = 0, width = 0;
  const float* query = nullptr;  // [queries, width], row stride ldq
  size_t ldq = 0;
  const Row* row = nullptr;  // [rows, width], row stride ldr
  size_t ldr = 0;
  DotOutput out;
};
using DotF32Args = DotArgs<float>;
using DotF16Args = DotArgs<uint16_t>;  // IEEE half precision

// Largest magnitude of a query's element: sums of products with -128 fit in 32 bits.
static constexpr int32_t dot_i8_query_limit(size_t width) {
  const size_t limit = width == 0 ? 32767 : 2147483647 / (128 * width);
  return static_cast<int32_t>(limit < 32767 ? limit : 32767);
}

struct DotI8Args {
  size_t queries = 0, rows = 0, width = 0;  // width < 2^24
  const int16_t* query = nullptr;  // [queries, width], row stride ldq, within dot_i8_query_limit(width)
  size_t ldq = 0;
  const float* query_scale = nullptr;  // [queries]
  const int8_t* row = nullptr;         // [rows, width], row stride ldr
  size_t ldr = 0;
  const float* row_scale = nullptr;  // [rows]
  DotOutput out;
};

using DotF32Fn = void(const DotF32Args& args) noexcept;
using DotF16Fn = void(const DotF16Args& args) noexcept;
using DotI8Fn = void(const DotI8Args& args) noexcept;

}  // namespace simdclip::kernels
