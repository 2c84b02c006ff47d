#include "kernels/common/vec_avx2.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kDotRows = 2, kDotQueries = 3;  // 12 accumulators of 16 registers

SIMDCLIP_INLINE F16 load_half(const uint16_t* p) {
  return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
          _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
}
SIMDCLIP_INLINE void horizontal_sums(const F16 (&sums)[4], float (&totals)[4]) {
  for (size_t r = 0; r < 4; ++r) totals[r] = horizontal_sum(sums[r]);
}

}  // namespace
}  // namespace simdclip::kernels
// On these vectors:
#include "kernels/dot/dot_float.inl"

namespace simdclip::kernels {
namespace {

struct Int8Rows {
  static constexpr size_t kRows = 4, kQueries = 2, kStep = 16;
  using Sum = __m256i;
  using Row = __m256i;  // 16 bits an element
  using Query = __m256i;
  using Total = int32_t;
  SIMDCLIP_INLINE static Sum zero_sum() { return _mm256_setzero_si256(); }
  SIMDCLIP_INLINE static Row load_row(const int8_t* p) {
    return _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
  }
  SIMDCLIP_INLINE static Row load_row_n(const int8_t* p, size_t n) {
    int8_t lanes[kStep] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load_row(lanes);
  }
  SIMDCLIP_INLINE static Query load_query(const int16_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  SIMDCLIP_INLINE static Query load_query_n(const int16_t* p, size_t n) {
    int16_t lanes[kStep] = {};
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    return load_query(lanes);
  }
  SIMDCLIP_INLINE static Sum dot(Sum sum, Row row, Query query) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(row, query));
  }
  SIMDCLIP_INLINE static int32_t total(Sum sum) {
    const __m128i a = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
    const __m128i b = _mm_add_epi32(a, _mm_shuffle_epi32(a, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(b, _mm_shuffle_epi32(b, 0xB1)));
  }
  template <size_t R>
  SIMDCLIP_INLINE static void finish(const Sum (&sums)[R], int32_t (&totals)[R]) {
#pragma GCC unroll 8
    for (size_t r = 0; r < R; ++r) totals[r] = total(sums[r]);
  }
};

}  // namespace

void dot_f32_avx2(const DotF32Args& args) noexcept { dot_float(args); }
void dot_f16_avx2(const DotF16Args& args) noexcept { dot_float(args); }
void dot_i8_avx2(const DotI8Args& args) noexcept { dot_int8<Int8Rows>(args); }

}  // namespace simdclip::kernels
