// AVX2: pixels widened to 16 bits and multiplied by the two 12-bit halves of each weight with vpmaddwd, two
// taps an operation. Four rows at a time share the weights of an output sample.
#include <immintrin.h>

#include <cstring>

#include "kernels/resize/resize_scalar.inc"

namespace simdclip::kernels {
namespace {

inline __m128i load16(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }
inline __m128i load8(const void* p) { return _mm_loadl_epi64(static_cast<const __m128i*>(p)); }
inline __m128i load12(const uint8_t* p) {
  int32_t tail;
  std::memcpy(&tail, p + 8, 4);
  return _mm_insert_epi32(load8(p), tail, 2);
}
inline void store4(uint8_t* p, int32_t v) { std::memcpy(p, &v, 4); }
inline void store3(uint8_t* p, int32_t v) { std::memcpy(p, &v, 3); }

// Four taps of interleaved pixels as 16-bit pairs: lane 0 holds taps 0 and 1 (R0 R1 G0 G1 B0 B1 A0 A1), lane
// 1 taps 2 and 3.
template <size_t C>
inline __m256i pair_mask() {
  if constexpr (C == 3) {
    return _mm256_setr_epi8(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1,  //
                            6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  } else {
    return _mm256_setr_epi8(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1,  //
                            8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1);
  }
}

// Four weights: lane 0 repeats the first pair, lane 1 the second.
inline __m256i weight_pairs(const int16_t* w) {
  const __m256i mask = _mm256_setr_epi8(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3,  //
                                        4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7);
  return _mm256_shuffle_epi8(_mm256_broadcastq_epi64(load8(w)), mask);
}

// low + high * 4096, both lanes added, rounded and shifted: the four channels of one sample as int32.
inline __m128i finish(__m256i low, __m256i high) {
  const __m256i sum = _mm256_add_epi32(low, _mm256_slli_epi32(high, 12));
  const __m128i both = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  return _mm_srai_epi32(_mm_add_epi32(both, _mm_set1_epi32(kRounding)), kPrecisionBits);
}

// The sums of sample i for R rows. `overread`: a 16-byte load of the last four 3-byte pixels may pass the end
// of the row.
template <size_t C, size_t R>
[[gnu::always_inline]] inline void sample(const ResizeCoefficients& c, size_t i, const uint8_t* in,
                                          size_t in_stride, bool overread, __m128i* result) {
  const __m256i mask = pair_mask<C>();
  const int16_t* low = c.low + i * c.taps;
  const int16_t* high = c.high + i * c.taps;
  const size_t count = static_cast<size_t>(c.count[i]);
  __m256i sum_low[R], sum_high[R];
  for (size_t r = 0; r < R; ++r) sum_low[r] = sum_high[r] = _mm256_setzero_si256();
  const uint8_t* p = in + static_cast<size_t>(c.first[i]) * C;
  const size_t whole = overread ? count - 4 : count;
  size_t j = 0;
  for (; j < whole; j += 4) {
    const __m256i wl = weight_pairs(low + j), wh = weight_pairs(high + j);
    for (size_t r = 0; r < R; ++r) {
      const __m256i v =
          _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load16(p + r * in_stride + j * C)), mask);
      sum_low[r] = _mm256_add_epi32(sum_low[r], _mm256_madd_epi16(v, wl));
      sum_high[r] = _mm256_add_epi32(sum_high[r], _mm256_madd_epi16(v, wh));
    }
  }
  if (overread) {
    const __m256i wl = weight_pairs(low + j), wh = weight_pairs(high + j);
    for (size_t r = 0; r < R; ++r) {
      const __m256i v =
          _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load12(p + r * in_stride + j * C)), mask);
      sum_low[r] = _mm256_add_epi32(sum_low[r], _mm256_madd_epi16(v, wl));
      sum_high[r] = _mm256_add_epi32(sum_high[r], _mm256_madd_epi16(v, wh));
    }
  }
  for (size_t r = 0; r < R; ++r) result[r] = finish(sum_low[r], sum_high[r]);
}

template <size_t C, size_t R>
void rows_of(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, size_t in_width, uint8_t* out,
             size_t out_stride) {
  for (size_t i = 0; i < c.size; ++i) {
    const size_t end = static_cast<size_t>(c.first[i] + c.count[i]);
    __m128i s[4] = {};
    sample<C, R>(c, i, in, in_stride, C == 3 && end + 2 > in_width, s);
    const __m128i bytes = _mm_packus_epi16(_mm_packs_epi32(s[0], s[1]), _mm_packs_epi32(s[2], s[3]));
    const int32_t v[4] = {_mm_extract_epi32(bytes, 0), _mm_extract_epi32(bytes, 1),
                          _mm_extract_epi32(bytes, 2), _mm_extract_epi32(bytes, 3)};
    uint8_t* o = out + i * C;
    if (C == 4 || i + 1 < c.size) {  // the fourth byte of a 3-byte pixel is overwritten by the next one
      for (size_t r = 0; r < R; ++r) store4(o + r * out_stride, v[r]);
    } else {
      for (size_t r = 0; r < R; ++r) store3(o + r * out_stride, v[r]);
    }
  }
}

template <size_t C>
void horizontal(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, size_t in_width,
                size_t rows, uint8_t* out, size_t out_stride) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4)
    rows_of<C, 4>(c, in + r * in_stride, in_stride, in_width, out + r * out_stride, out_stride);
  for (; r < rows; ++r)
    rows_of<C, 1>(c, in + r * in_stride, in_stride, in_width, out + r * out_stride, out_stride);
}

// One channel: taps are neighbours already.
void horizontal_grey(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, size_t rows,
                     uint8_t* out, size_t out_stride) {
  for (size_t r = 0; r < rows; ++r) {
    for (size_t i = 0; i < c.size; ++i) {
      const uint8_t* p = in + r * in_stride + c.first[i];
      const int16_t* low = c.low + i * c.taps;
      const int16_t* high = c.high + i * c.taps;
      const size_t count = static_cast<size_t>(c.count[i]);
      __m128i sum_low = _mm_setzero_si128(), sum_high = sum_low;
      size_t j = 0;
      for (; j + 8 <= count; j += 8) {
        const __m128i v = _mm_cvtepu8_epi16(load8(p + j));
        sum_low = _mm_add_epi32(sum_low, _mm_madd_epi16(v, load16(low + j)));
        sum_high = _mm_add_epi32(sum_high, _mm_madd_epi16(v, load16(high + j)));
      }
      if (j < count) {  // four more
        int32_t four;
        std::memcpy(&four, p + j, 4);
        const __m128i v = _mm_cvtepu8_epi16(_mm_cvtsi32_si128(four));
        sum_low = _mm_add_epi32(sum_low, _mm_madd_epi16(v, load8(low + j)));
        sum_high = _mm_add_epi32(sum_high, _mm_madd_epi16(v, load8(high + j)));
      }
      __m128i sum = _mm_add_epi32(sum_low, _mm_slli_epi32(sum_high, 12));
      sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4E));
      sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xB1));
      out[r * out_stride + i] = clamp_to_byte(_mm_cvtsi128_si32(sum) + kRounding);
    }
  }
}

// 16 columns from x: pairs of rows interleaved to 16-bit pairs.
inline void vertical16(const ResizeCoefficients& c, size_t i, const uint8_t* const* rows, size_t x,
                       uint8_t* out) {
  const int16_t* low = c.low + i * c.taps;
  const int16_t* high = c.high + i * c.taps;
  const int32_t count = c.count[i];
  __m256i l0 = _mm256_set1_epi32(kRounding), l1 = l0, h0 = _mm256_setzero_si256(), h1 = h0;
  for (int32_t j = 0; j < count; j += 2) {
    int32_t pair_low, pair_high;
    std::memcpy(&pair_low, low + j, 4);
    std::memcpy(&pair_high, high + j, 4);
    const __m256i wl = _mm256_set1_epi32(pair_low), wh = _mm256_set1_epi32(pair_high);
    const __m256i a = _mm256_cvtepu8_epi16(load16(rows[j] + x));
    // Its weight is 0 past the end
    const __m256i b = _mm256_cvtepu8_epi16(load16(rows[j + 1 < count ? j + 1 : j] + x));
    const __m256i u = _mm256_unpacklo_epi16(a, b), v = _mm256_unpackhi_epi16(a, b);
    l0 = _mm256_add_epi32(l0, _mm256_madd_epi16(u, wl));
    h0 = _mm256_add_epi32(h0, _mm256_madd_epi16(u, wh));
    l1 = _mm256_add_epi32(l1, _mm256_madd_epi16(v, wl));
    h1 = _mm256_add_epi32(h1, _mm256_madd_epi16(v, wh));
  }
  const __m256i s0 = _mm256_srai_epi32(_mm256_add_epi32(l0, _mm256_slli_epi32(h0, 12)), kPrecisionBits);
  const __m256i s1 = _mm256_srai_epi32(_mm256_add_epi32(l1, _mm256_slli_epi32(h1, 12)), kPrecisionBits);
  const __m256i words = _mm256_packs_epi32(s0, s1);  // unpack and pack keep columns in order inside each lane
  const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(out + x), bytes);
}

// Eight values of a channel -> floats.
inline __m256 normalized(__m128i bytes, __m256 mean, __m256 std) {
  const __m256 v = _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(bytes));
  return _mm256_div_ps(_mm256_sub_ps(_mm256_div_ps(v, _mm256_set1_ps(255.0F)), mean), std);
}

}  // namespace

void resize_horizontal_u8_avx2(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride,
                               size_t in_width, size_t rows, size_t channels, uint8_t* out,
                               size_t out_stride) noexcept {
  if (!c.grouped) return horizontal_scalar(c, in, in_stride, rows, channels, out, out_stride);
  if (channels == 3) return horizontal<3>(c, in, in_stride, in_width, rows, out, out_stride);
  if (channels == 4) return horizontal<4>(c, in, in_stride, in_width, rows, out, out_stride);
  horizontal_grey(c, in, in_stride, rows, out, out_stride);
}

void resize_vertical_u8_avx2(const ResizeCoefficients& c, size_t i, const uint8_t* const* rows,
                             size_t row_bytes, uint8_t* out) noexcept {
  if (row_bytes < 16) return vertical_scalar(c, i, rows, 0, row_bytes, out);
  size_t x = 0;
  for (; x + 16 <= row_bytes; x += 16) vertical16(c, i, rows, x, out);
  if (x < row_bytes)
    vertical16(c, i, rows, row_bytes - 16, out);  // overlaps the columns before: the same bytes again
}

void pixels_to_float_avx2(const uint8_t* rgb, size_t width, const float* mean, const float* std, float* out,
                          size_t plane) noexcept {
  // Channel c of eight pixels: byte 3 i + c, from the 16 bytes at 0 and the 16 bytes at 8.
  alignas(16) int8_t first[3][16], second[3][16];
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < 16; ++i) {
      const int byte = 3 * i + c;
      first[c][i] = static_cast<int8_t>(i < 8 && byte < 16 ? byte : -1);
      second[c][i] = static_cast<int8_t>(i < 8 && byte >= 16 ? byte - 8 : -1);
    }
  }
  size_t x = 0;
  for (; x + 8 <= width; x += 8) {
    const __m128i a = load16(rgb + 3 * x), b = load16(rgb + 3 * x + 8);
    for (size_t c = 0; c < 3; ++c) {
      const __m128i bytes =
          _mm_or_si128(_mm_shuffle_epi8(a, load16(first[c])), _mm_shuffle_epi8(b, load16(second[c])));
      _mm256_storeu_ps(out + c * plane + x,
                       normalized(bytes, _mm256_set1_ps(mean[c]), _mm256_set1_ps(std[c])));
    }
  }
  pixels_scalar(rgb, x, width, mean, std, out, plane);
}

}  // namespace simdclip::kernels
