// AVX-512 (F, BW, DQ, VL): as AVX2, eight taps an operation; masked loads end every window exactly.
#include <immintrin.h>

#include <cstring>

#include "kernels/resize/resize_scalar.inc"

namespace simdclip::kernels {
namespace {

inline void store4(uint8_t* p, int32_t v) { std::memcpy(p, &v, 4); }
inline void store3(uint8_t* p, int32_t v) { std::memcpy(p, &v, 3); }
inline __mmask32 bytes_mask32(size_t n) { return n >= 32 ? 0xFFFFFFFFU : (1U << n) - 1U; }
inline __mmask64 bytes_mask64(size_t n) { return n >= 64 ? ~0ULL : (1ULL << n) - 1ULL; }

// Eight taps of interleaved 16-bit pixels as pairs: lane k holds taps 2k and 2k+1 (R0 R1 G0 G1 B0 B1 A0 A1). With three channels
// the last pair of a lane repeats a colour; its sum is not stored.
template <size_t C>
inline __m512i pair_index() {
  alignas(64) int16_t index[32];
  for (size_t lane = 0; lane < 4; ++lane) {
    for (size_t k = 0; k < 4; ++k) {
      const size_t channel = k < C ? k : 0;
      index[lane * 8 + 2 * k] = static_cast<int16_t>(2 * lane * C + channel);
      index[lane * 8 + 2 * k + 1] = static_cast<int16_t>((2 * lane + 1) * C + channel);
    }
  }
  return _mm512_load_si512(index);
}

// Eight weights: lane k repeats pair k.
inline __m512i weight_pairs(const int16_t* w) {
  const __m512i index = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  return _mm512_permutexvar_epi32(index, _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w))));
}

// The four lanes of each of four rows added: lane r of the result holds row r's channels, rounded and shifted, as bytes.
inline __m128i finish(const __m512i* t) {
  const __m512i a = _mm512_add_epi32(_mm512_shuffle_i32x4(t[0], t[1], 0x44), _mm512_shuffle_i32x4(t[0], t[1], 0xEE));
  const __m512i b = _mm512_add_epi32(_mm512_shuffle_i32x4(t[2], t[3], 0x44), _mm512_shuffle_i32x4(t[2], t[3], 0xEE));
  const __m512i sum = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
  const __m512i v = _mm512_srai_epi32(_mm512_add_epi32(sum, _mm512_set1_epi32(kRounding)), kPrecisionBits);
  return _mm512_cvtusepi32_epi8(_mm512_max_epi32(v, _mm512_setzero_si512()));
}

template <size_t C, size_t R>
[[gnu::always_inline]] inline __m128i sample(const ResizeCoefficients& c, size_t i, const uint8_t* in, size_t in_stride, __m512i index) {
  const int16_t* low = c.low + i * c.taps;
  const int16_t* high = c.high + i * c.taps;
  const size_t count = static_cast<size_t>(c.count[i]);
  const uint8_t* p = in + static_cast<size_t>(c.first[i]) * C;
  __m512i sum_low[R], sum_high[R];
  for (size_t r = 0; r < R; ++r) sum_low[r] = sum_high[r] = _mm512_setzero_si512();
  for (size_t j = 0; j < count; j += 8) {
    const __mmask32 mask = bytes_mask32((count - j < 8 ? count - j : 8) * C);
    const __m512i wl = weight_pairs(low + j), wh = weight_pairs(high + j);
    for (size_t r = 0; r < R; ++r) {
      const __m512i words = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(mask, p + r * in_stride + j * C));
      const __m512i v = _mm512_permutexvar_epi16(index, words);
      sum_low[r] = _mm512_add_epi32(sum_low[r], _mm512_madd_epi16(v, wl));
      sum_high[r] = _mm512_add_epi32(sum_high[r], _mm512_madd_epi16(v, wh));
    }
  }
  __m512i t[4] = {};
  for (size_t r = 0; r < R; ++r) t[r] = _mm512_add_epi32(sum_low[r], _mm512_slli_epi32(sum_high[r], 12));
  return finish(t);
}

template <size_t C, size_t R>
void rows_of(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, uint8_t* out, size_t out_stride, __m512i index) {
  for (size_t i = 0; i < c.size; ++i) {
    const __m128i bytes = sample<C, R>(c, i, in, in_stride, index);
    const int32_t v[4] = {_mm_extract_epi32(bytes, 0), _mm_extract_epi32(bytes, 1), _mm_extract_epi32(bytes, 2),
                          _mm_extract_epi32(bytes, 3)};
    uint8_t* o = out + i * C;
    if (C == 4 || i + 1 < c.size) {  // the fourth byte of a 3-byte pixel is overwritten by the next one
      for (size_t r = 0; r < R; ++r) store4(o + r * out_stride, v[r]);
    } else {
      for (size_t r = 0; r < R; ++r) store3(o + r * out_stride, v[r]);
    }
  }
}

template <size_t C>
void horizontal(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, size_t rows, uint8_t* out, size_t out_stride) {
  const __m512i index = pair_index<C>();
  size_t r = 0;
  for (; r + 4 <= rows; r += 4) rows_of<C, 4>(c, in + r * in_stride, in_stride, out + r * out_stride, out_stride, index);
  for (; r < rows; ++r) rows_of<C, 1>(c, in + r * in_stride, in_stride, out + r * out_stride, out_stride, index);
}

void horizontal_grey(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, size_t rows, uint8_t* out, size_t out_stride) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t i = 0; i < c.size; ++i) {
      const uint8_t* p = in + r * in_stride + c.first[i];
      const int16_t* low = c.low + i * c.taps;
      const int16_t* high = c.high + i * c.taps;
      const size_t count = static_cast<size_t>(c.count[i]);
      __m256i sum_low = _mm256_setzero_si256(), sum_high = sum_low;
      for (size_t j = 0; j < count; j += 16) {
        const __mmask16 mask = static_cast<__mmask16>(bytes_mask32(count - j < 16 ? count - j : 16));
        const __m256i v = _mm256_cvtepu8_epi16(_mm_maskz_loadu_epi8(mask, p + j));
        sum_low = _mm256_add_epi32(sum_low, _mm256_madd_epi16(v, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(low + j))));
        sum_high = _mm256_add_epi32(sum_high, _mm256_madd_epi16(v, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(high + j))));
      }
      const __m256i both = _mm256_add_epi32(sum_low, _mm256_slli_epi32(sum_high, 12));
      __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
      sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
      sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
      out[r * out_stride + i] = clamp_to_byte(_mm_cvtsi128_si32(sum) + kRounding);
    }
  }
}

// 32 columns from x, fewer by the mask.
inline void vertical32(const ResizeCoefficients& c, size_t i, const uint8_t* const* rows, size_t x, __mmask32 mask, uint8_t* out) {
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
    const __m512i b = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(mask, rows[j + 1 < count ? j + 1 : j] + x));  // weight 0 past the end
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

void resize_horizontal_u8_avx512(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, size_t /*in_width*/, size_t rows,
                                 size_t channels, uint8_t* out, size_t out_stride) noexcept {
  if (channels == 3) return horizontal<3>(c, in, in_stride, rows, out, out_stride);
  if (channels == 4) return horizontal<4>(c, in, in_stride, rows, out, out_stride);
  horizontal_grey(c, in, in_stride, rows, out, out_stride);
}

void resize_vertical_u8_avx512(const ResizeCoefficients& c, size_t i, const uint8_t* const* rows, size_t row_bytes,
                               uint8_t* out) noexcept {
  for (size_t x = 0; x < row_bytes; x += 32) vertical32(c, i, rows, x, bytes_mask32(row_bytes - x), out);
}

void pixels_to_float_avx512(const uint8_t* rgb, size_t width, const float* mean, const float* std, float* out, size_t plane) noexcept {
  // Channel c of 16 pixels: byte 3 i + c of 48. A dword permutation brings four pixels into each lane, a shuffle the channel out.
  const __m512i spread = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
  const __m512i scale = _mm512_castps_si512(_mm512_set1_ps(255.0F));
  for (size_t x = 0; x < width; x += 16) {
    const size_t n = width - x < 16 ? width - x : 16;
    const __mmask16 mask = static_cast<__mmask16>((1U << n) - 1U);
    const __m512i bytes = _mm512_permutexvar_epi32(spread, _mm512_maskz_loadu_epi8(bytes_mask64(3 * n), rgb + 3 * x));
    for (size_t c = 0; c < 3; ++c) {
      const __m128i one = _mm_add_epi8(_mm_setr_epi8(0, -128, -128, -128, 3, -128, -128, -128, 6, -128, -128, -128, 9, -128, -128, -128),
                                       _mm_set1_epi8(static_cast<char>(c)));
      const __m512 v = _mm512_cvtepi32_ps(_mm512_shuffle_epi8(bytes, _mm512_broadcast_i32x4(one)));
      const __m512 unit = _mm512_div_ps(v, _mm512_castsi512_ps(scale));
      const __m512 y = _mm512_div_ps(_mm512_sub_ps(unit, _mm512_set1_ps(mean[c])), _mm512_set1_ps(std[c]));
      _mm512_mask_storeu_ps(out + c * plane + x, mask, y);
    }
  }
}

}  // namespace simdclip::kernels
