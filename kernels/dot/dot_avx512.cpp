#include "kernels/common/vec_avx512.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kDotRows = 4, kDotQueries = 6;  // 24 accumulators of 32 registers

SIMDCLIP_INLINE F16 load_half(const uint16_t* p) {
  return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)))};
}
// horizontal_sum's tree for four vectors at once.
SIMDCLIP_INLINE void horizontal_sums(const F16 (&s)[4], float (&totals)[4]) {
  const __m512 ab =
      _mm512_add_ps(_mm512_shuffle_f32x4(s[0].v, s[1].v, 0x44), _mm512_shuffle_f32x4(s[0].v, s[1].v, 0xEE));
  const __m512 cd =
      _mm512_add_ps(_mm512_shuffle_f32x4(s[2].v, s[3].v, 0x44), _mm512_shuffle_f32x4(s[2].v, s[3].v, 0xEE));
  const __m512 four = _mm512_add_ps(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xDD));
  const __m512 two = _mm512_add_ps(four, _mm512_permute_ps(four, 0x4E));
  const __m512 one = _mm512_add_ps(two, _mm512_permute_ps(two, 0xB1));
  _mm_storeu_ps(totals, _mm512_castps512_ps128(_mm512_maskz_compress_ps(0x1111, one)));
}

}  // namespace
}  // namespace simdclip::kernels
// On these vectors:
#include "kernels/dot/dot_float.inl"
#include "kernels/dot/int8_avx512.inl"

namespace simdclip::kernels {
namespace {

struct MultiplyPairs {
  SIMDCLIP_INLINE static __m512i add(__m512i sum, __m512i row, __m512i query) {
    return _mm512_add_epi32(sum, _mm512_madd_epi16(row, query));
  }
};

}  // namespace

void dot_f32_avx512(const DotF32Args& args) noexcept { dot_float(args); }
void dot_f16_avx512(const DotF16Args& args) noexcept { dot_float(args); }
void dot_i8_avx512(const DotI8Args& args) noexcept { dot_int8<Int8Rows512<MultiplyPairs>>(args); }

}  // namespace simdclip::kernels
