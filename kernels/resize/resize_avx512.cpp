// AVX-512 (F, BW, DQ, VL): the vertical pass as in AVX2, 32 columns an operation, and the floats; masks end
// every row exactly. There is no horizontal pass with vpmaddwd here: it lost to AVX2's at every size (vpermw
// and half-empty windows of 8 taps).
#include <immintrin.h>

#include <cstring>

#include "kernels/resize/resize_scalar.inc"

namespace simdclip::kernels {
namespace {

inline __mmask32 bytes_mask32(size_t n) { return n >= 32 ? 0xFFFFFFFFU : (1U << n) - 1U; }
inline __mmask64 bytes_mask64(size_t n) { return n >= 64 ? ~0ULL : (1ULL << n) - 1ULL; }

// 32 columns from x, fewer by the mask.
inline void vertical32(const ResizeCoefficients& c, size_t i, const uint8_t* const* rows, size_t x,
                       __mmask32 mask, uint8_t* out) {
  const int16_t* low = c.low + i * c.taps;
  const int16_t* high = c.high + i * c.taps;
  const int32_t count = c.count[i];
  __m512i l0 = _mm512_set1_epi32(kRounding), l1 = l0, h0 = _mm512_setzero_si512(), h1 = h0;
  for (int32_t j = 0; j < count; j += 2) {
    int32_t pair_low, pair_high;
    std::memcpy(&pair_low, low + j, 4);
    std::memcpy(&pair_high, high + j, 4);
    const __m512i wl = _mm512_set1_epi32(pair_low), wh = _mm512_set1_epi32(pair_high);
    const __m512i a = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(mask, rows[j] + x));
    const __m512i b = _mm512_cvtepu8_epi16(
        _mm256_maskz_loadu_epi8(mask, rows[j + 1 < count ? j + 1 : j] + x));  // weight 0 past the end
    const __m512i u = _mm512_unpacklo_epi16(a, b), v = _mm512_unpackhi_epi16(a, b);
    l0 = _mm512_add_epi32(l0, _mm512_madd_epi16(u, wl));
    h0 = _mm512_add_epi32(h0, _mm512_madd_epi16(u, wh));
    l1 = _mm512_add_epi32(l1, _mm512_madd_epi16(v, wl));
    h1 = _mm512_add_epi32(h1, _mm512_madd_epi16(v, wh));
  }
  const __m512i s0 = _mm512_srai_epi32(_mm512_add_epi32(l0, _mm512_slli_epi32(h0, 12)), kPrecisionBits);
  const __m512i s1 = _mm512_srai_epi32(_mm512_add_epi32(l1, _mm512_slli_epi32(h1, 12)), kPrecisionBits);
  const __m512i words = _mm512_max_epi16(_mm512_packs_epi32(s0, s1), _mm512_setzero_si512());
  _mm256_mask_storeu_epi8(out + x, mask, _mm512_cvtusepi16_epi8(words));
}

}  // namespace

void resize_vertical_u8_avx512(const ResizeCoefficients& c, size_t i, const uint8_t* const* rows,
                               size_t row_bytes, uint8_t* out) noexcept {
  for (size_t x = 0; x < row_bytes; x += 32) vertical32(c, i, rows, x, bytes_mask32(row_bytes - x), out);
}

void pixels_to_float_avx512(const uint8_t* rgb, size_t width, const float* mean, const float* std, float* out,
                            size_t plane) noexcept {
  // Channel c of 16 pixels: byte 3 i + c of 48. A dword permutation brings four pixels into each lane, a
  // shuffle the channel out.
  const __m512i spread = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
  const __m512i scale = _mm512_castps_si512(_mm512_set1_ps(255.0F));
  for (size_t x = 0; x < width; x += 16) {
    const size_t n = width - x < 16 ? width - x : 16;
    const __mmask16 mask = static_cast<__mmask16>((1U << n) - 1U);
    const __m512i bytes =
        _mm512_permutexvar_epi32(spread, _mm512_maskz_loadu_epi8(bytes_mask64(3 * n), rgb + 3 * x));
    for (size_t c = 0; c < 3; ++c) {
      const __m128i one = _mm_add_epi8(
          _mm_setr_epi8(0, -128, -128, -128, 3, -128, -128, -128, 6, -128, -128, -128, 9, -128, -128, -128),
          _mm_set1_epi8(static_cast<char>(c)));
      const __m512 v = _mm512_cvtepi32_ps(_mm512_shuffle_epi8(bytes, _mm512_broadcast_i32x4(one)));
      const __m512 unit = _mm512_div_ps(v, _mm512_castsi512_ps(scale));
      const __m512 y = _mm512_div_ps(_mm512_sub_ps(unit, _mm512_set1_ps(mean[c])), _mm512_set1_ps(std[c]));
      _mm512_mask_storeu_ps(out + c * plane + x, mask, y);
    }
  }
}

}  // namespace simdclip::kernels
