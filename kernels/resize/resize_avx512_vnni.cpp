// AVX512-VNNI: bytes are multiplied as they are by the three signed base-256 digits of each weight
// (vpdpbusd), four taps of four channels an operation in each of four lanes. Half the instructions of the
// 16-bit form; the sums are the same integers.
#include <immintrin.h>

#include <cstring>

#include "kernels/resize/resize_scalar.inc"

namespace simdclip::kernels {

// One channel has nothing to gain here.
void resize_horizontal_u8_avx2(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride,
                               size_t in_width, size_t rows, size_t channels, uint8_t* out,
                               size_t out_stride) noexcept;

namespace {

inline void store4(uint8_t* p, int32_t v) { std::memcpy(p, &v, 4); }
inline void store3(uint8_t* p, int32_t v) { std::memcpy(p, &v, 3); }
inline __mmask64 bytes_mask64(size_t n) { return n >= 64 ? ~0ULL : (1ULL << n) - 1ULL; }

// 16 taps of interleaved pixels: lane k holds taps 4k to 4k+3 as R0 R1 R2 R3 G0 .. B3 A0 .. A3. Three-byte
// pixels are first spread to 12 bytes a lane.
template <size_t C>
inline __m512i quads(__m512i bytes) {
  if constexpr (C == 3) {
    const __m512i spread = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
    const __m512i mask =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, 2, 5, 8, 11));
    return _mm512_shuffle_epi8(_mm512_permutexvar_epi32(spread, bytes), mask);
  } else {
    const __m512i mask =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    return _mm512_shuffle_epi8(bytes, mask);
  }
}

// 16 digits: lane k repeats the four of taps 4k to 4k+3.
inline __m512i digit_quads(const int8_t* d) {
  const __m512i index = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
  return _mm512_permutexvar_epi32(
      index, _mm512_castsi128_si512(_mm_loadu_si128(reinterpret_cast<const __m128i*>(d))));
}

// The four lanes of each of four rows added: lane r of the result holds row r's channels, rounded and
// shifted, as bytes.
inline __m128i finish(const __m512i* t) {
  const __m512i a =
      _mm512_add_epi32(_mm512_shuffle_i32x4(t[0], t[1], 0x44), _mm512_shuffle_i32x4(t[0], t[1], 0xEE));
  const __m512i b =
      _mm512_add_epi32(_mm512_shuffle_i32x4(t[2], t[3], 0x44), _mm512_shuffle_i32x4(t[2], t[3], 0xEE));
  const __m512i sum = _mm512_add_epi32(_mm512_shuffle_i32x4(a, b, 0x88), _mm512_shuffle_i32x4(a, b, 0xDD));
  const __m512i v = _mm512_srai_epi32(_mm512_add_epi32(sum, _mm512_set1_epi32(kRounding)), kPrecisionBits);
  return _mm512_cvtusepi32_epi8(_mm512_max_epi32(v, _mm512_setzero_si512()));
}

template <size_t C, size_t R>
[[gnu::always_inline]] inline __m128i sample(const ResizeCoefficients& c, size_t i, const uint8_t* in,
                                             size_t in_stride) {
  const size_t count = static_cast<size_t>(c.count[i]);
  const uint8_t* p = in + static_cast<size_t>(c.first[i]) * C;
  __m512i s0[R], s1[R], s2[R];
  for (size_t r = 0; r < R; ++r) s0[r] = s1[r] = s2[r] = _mm512_setzero_si512();
  for (size_t j = 0; j < count; j += 16) {
    const __mmask64 mask = bytes_mask64((count - j < 16 ? count - j : 16) * C);
    const size_t at = i * c.taps + j;
    const __m512i d0 = digit_quads(c.digits[0] + at), d1 = digit_quads(c.digits[1] + at),
                  d2 = digit_quads(c.digits[2] + at);
    for (size_t r = 0; r < R; ++r) {
      const __m512i v = quads<C>(_mm512_maskz_loadu_epi8(mask, p + r * in_stride + j * C));
      s0[r] = _mm512_dpbusd_epi32(s0[r], v, d0);
      s1[r] = _mm512_dpbusd_epi32(s1[r], v, d1);
      s2[r] = _mm512_dpbusd_epi32(s2[r], v, d2);
    }
  }
  __m512i t[4] = {};
  for (size_t r = 0; r < R; ++r) {
    t[r] =
        _mm512_add_epi32(s0[r], _mm512_add_epi32(_mm512_slli_epi32(s1[r], 8), _mm512_slli_epi32(s2[r], 16)));
  }
  return finish(t);
}

template <size_t C, size_t R>
void rows_of(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, uint8_t* out,
             size_t out_stride) {
  for (size_t i = 0; i < c.size; ++i) {
    const __m128i bytes = sample<C, R>(c, i, in, in_stride);
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
void horizontal(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride, size_t rows, uint8_t* out,
                size_t out_stride) {
  size_t r = 0;
  for (; r + 4 <= rows; r += 4)
    rows_of<C, 4>(c, in + r * in_stride, in_stride, out + r * out_stride, out_stride);
  for (; r < rows; ++r) rows_of<C, 1>(c, in + r * in_stride, in_stride, out + r * out_stride, out_stride);
}

}  // namespace

void resize_horizontal_u8_avx512_vnni(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride,
                                      size_t in_width, size_t rows, size_t channels, uint8_t* out,
                                      size_t out_stride) noexcept {
  if (channels == 3) return horizontal<3>(c, in, in_stride, rows, out, out_stride);
  if (channels == 4) return horizontal<4>(c, in, in_stride, rows, out, out_stride);
  resize_horizontal_u8_avx2(c, in, in_stride, in_width, rows, channels, out, out_stride);
}

}  // namespace simdclip::kernels
