// int8 rows for AVX-512: 32 elements a step, widened to 16 bits. Include after dot.inl; Multiply says how
// pairs of products are added to 32 bits.
#pragma once

namespace simdclip::kernels {
namespace {

template <typename Multiply>
struct Int8Rows512 {
  static constexpr size_t kRows = 4, kQueries = 6, kStep = 32;
  using Sum = __m512i;
  using Row = __m512i;
  using Query = __m512i;
  using Total = int32_t;
  SIMDCLIP_INLINE static __mmask32 first(size_t n) { return static_cast<__mmask32>((uint64_t{1} << n) - 1); }
  SIMDCLIP_INLINE static Sum zero_sum() { return _mm512_setzero_si512(); }
  SIMDCLIP_INLINE static Row load_row(const int8_t* p) {
    return _mm512_cvtepi8_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
  }
  SIMDCLIP_INLINE static Row load_row_n(const int8_t* p, size_t n) {
    return _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(first(n), p));
  }
  SIMDCLIP_INLINE static Query load_query(const int16_t* p) { return _mm512_loadu_si512(p); }
  SIMDCLIP_INLINE static Query load_query_n(const int16_t* p, size_t n) {
    return _mm512_maskz_loadu_epi16(first(n), p);
  }
  SIMDCLIP_INLINE static Sum dot(Sum sum, Row row, Query query) { return Multiply::add(sum, row, query); }
  template <size_t R>
  SIMDCLIP_INLINE static void finish(const Sum (&sums)[R], int32_t (&totals)[R]) {
    if constexpr (R == 4) {
      const __m512i ab = _mm512_add_epi32(_mm512_shuffle_i32x4(sums[0], sums[1], 0x44),
                                          _mm512_shuffle_i32x4(sums[0], sums[1], 0xEE));
      const __m512i cd = _mm512_add_epi32(_mm512_shuffle_i32x4(sums[2], sums[3], 0x44),
                                          _mm512_shuffle_i32x4(sums[2], sums[3], 0xEE));
      const __m512i four =
          _mm512_add_epi32(_mm512_shuffle_i32x4(ab, cd, 0x88), _mm512_shuffle_i32x4(ab, cd, 0xDD));
      const __m512i two = _mm512_add_epi32(four, _mm512_shuffle_epi32(four, _MM_PERM_BADC));
      const __m512i one = _mm512_add_epi32(two, _mm512_shuffle_epi32(two, _MM_PERM_CDAB));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(totals),
                       _mm512_castsi512_si128(_mm512_maskz_compress_epi32(0x1111, one)));
    } else {
#pragma GCC unroll 8
      for (size_t r = 0; r < R; ++r) totals[r] = _mm512_reduce_add_epi32(sums[r]);
    }
  }
};

}  // namespace
}  // namespace simdclip::kernels
