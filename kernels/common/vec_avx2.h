// F16: 16 virtual lanes of f32, here two AVX2 registers; see vec_avx512.h for the contract.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define SIMDCLIP_INLINE inline __attribute__((always_inline))

namespace simdclip::kernels {
namespace {

inline constexpr size_t kLanes = 16;
inline constexpr bool kFusedMultiplyAdd = true;  // fma() rounds once
inline constexpr int kVectorRegisters = 16;      // for the shape of register tiles
inline constexpr int kRegistersPerF16 = 2;

struct F16 {
  __m256 lo, hi;
};
struct Mask16 {
  __m256 lo, hi;
};

SIMDCLIP_INLINE F16 zero() { return {_mm256_setzero_ps(), _mm256_setzero_ps()}; }
SIMDCLIP_INLINE F16 broadcast(float x) { return {_mm256_set1_ps(x), _mm256_set1_ps(x)}; }
SIMDCLIP_INLINE F16 load(const float* p) { return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)}; }
SIMDCLIP_INLINE void store(float* p, F16 x) {
  _mm256_storeu_ps(p, x.lo);
  _mm256_storeu_ps(p + 8, x.hi);
}
SIMDCLIP_INLINE F16 load_i32(const int32_t* p) {
  const __m256i* at = reinterpret_cast<const __m256i*>(p);
  return {_mm256_cvtepi32_ps(_mm256_loadu_si256(at)), _mm256_cvtepi32_ps(_mm256_loadu_si256(at + 1))};
}

// All bits set in the first n lanes: a window that slides over 16 ones and 16 zeros.
alignas(64) inline constexpr int32_t kFirstLanes[32] = {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                                        -1, -1, -1, -1, -1, 0,  0,  0,  0,  0,  0,
                                                        0,  0,  0,  0,  0,  0,  0,  0,  0,  0};
SIMDCLIP_INLINE Mask16 first_lanes(size_t n) {
  const float* window = reinterpret_cast<const float*>(kFirstLanes + (kLanes - n));
  return {_mm256_loadu_ps(window), _mm256_loadu_ps(window + 8)};
}
// The first n <= 16 lanes; memory beyond is not touched and the other lanes are zero.
SIMDCLIP_INLINE F16 load_n(const float* p, size_t n) {
  const Mask16 m = first_lanes(n);
  return {_mm256_maskload_ps(p, _mm256_castps_si256(m.lo)),
          _mm256_maskload_ps(p + 8, _mm256_castps_si256(m.hi))};
}
SIMDCLIP_INLINE void store_n(float* p, F16 x, size_t n) {
  const Mask16 m = first_lanes(n);
  _mm256_maskstore_ps(p, _mm256_castps_si256(m.lo), x.lo);
  _mm256_maskstore_ps(p + 8, _mm256_castps_si256(m.hi), x.hi);
}

SIMDCLIP_INLINE F16 operator+(F16 a, F16 b) { return {_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi)}; }
SIMDCLIP_INLINE F16 operator-(F16 a, F16 b) { return {_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi)}; }
SIMDCLIP_INLINE F16 operator*(F16 a, F16 b) { return {_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi)}; }
SIMDCLIP_INLINE F16 operator/(F16 a, F16 b) { return {_mm256_div_ps(a.lo, b.lo), _mm256_div_ps(a.hi, b.hi)}; }
// a * b + c, rounded once.
SIMDCLIP_INLINE F16 fma(F16 a, F16 b, F16 c) {
  return {_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi)};
}
// a < b ? a : b and a > b ? a : b: where an operand is NaN, and for zeros of either sign, the result is b.
SIMDCLIP_INLINE F16 min(F16 a, F16 b) { return {_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi)}; }
SIMDCLIP_INLINE F16 max(F16 a, F16 b) { return {_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi)}; }
SIMDCLIP_INLINE F16 sqrt(F16 a) { return {_mm256_sqrt_ps(a.lo), _mm256_sqrt_ps(a.hi)}; }
SIMDCLIP_INLINE F16 abs(F16 a) {
  const __m256 bit = _mm256_set1_ps(-0.0F);
  return {_mm256_andnot_ps(bit, a.lo), _mm256_andnot_ps(bit, a.hi)};
}
SIMDCLIP_INLINE F16 copysign(F16 magnitude, F16 sign) {
  const __m256 bit = _mm256_set1_ps(-0.0F);
  return {_mm256_or_ps(_mm256_andnot_ps(bit, magnitude.lo), _mm256_and_ps(bit, sign.lo)),
          _mm256_or_ps(_mm256_andnot_ps(bit, magnitude.hi), _mm256_and_ps(bit, sign.hi))};
}

SIMDCLIP_INLINE Mask16 operator<(F16 a, F16 b) {
  return {_mm256_cmp_ps(a.lo, b.lo, _CMP_LT_OQ), _mm256_cmp_ps(a.hi, b.hi, _CMP_LT_OQ)};
}
SIMDCLIP_INLINE F16 select(Mask16 m, F16 yes, F16 no) {
  return {_mm256_blendv_ps(no.lo, yes.lo, m.lo), _mm256_blendv_ps(no.hi, yes.hi, m.hi)};
}

// 2^n in each lane from t = 1.5 * 2^23 + 127 + n, -127 <= n <= 127 (-127 gives zero): the bits of t hold the
// exponent already.
SIMDCLIP_INLINE F16 exponent_of(F16 t) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(t.lo), 23)),
          _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(t.hi), 23))};
}

// Reductions in one fixed tree: lane i + lane i + 8, then 4, 2, 1.
SIMDCLIP_INLINE float horizontal_sum(F16 x) {
  const __m256 a = _mm256_add_ps(x.lo, x.hi);
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}
SIMDCLIP_INLINE float horizontal_max(F16 x) {
  const __m256 a = _mm256_max_ps(x.lo, x.hi);
  const __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_max_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_max_ss(c, _mm_movehdup_ps(c)));
}

// Four rows of 4 floats to four columns, in both 128-bit halves.
SIMDCLIP_INLINE void transpose_4x4_parts(__m256 r[4]) {
  const __m256 a = _mm256_unpacklo_ps(r[0], r[1]), b = _mm256_unpackhi_ps(r[0], r[1]);
  const __m256 c = _mm256_unpacklo_ps(r[2], r[3]), d = _mm256_unpackhi_ps(r[2], r[3]);
  r[0] = _mm256_shuffle_ps(a, c, 0x44);
  r[1] = _mm256_shuffle_ps(a, c, 0xEE);
  r[2] = _mm256_shuffle_ps(b, d, 0x44);
  r[3] = _mm256_shuffle_ps(b, d, 0xEE);
}
// to[j * 16 + i] = from[i * stride + j], i < 16, j < 4.
SIMDCLIP_INLINE void transpose_16x4(const float* from, size_t stride, float* to) {
  for (size_t half = 0; half < 2; ++half) {
    const float* p = from + half * 8 * stride;
    __m256 r[4];
    for (size_t i = 0; i < 4; ++i) {
      r[i] = _mm256_set_m128(_mm_loadu_ps(p + (i + 4) * stride), _mm_loadu_ps(p + i * stride));
    }
    transpose_4x4_parts(r);
    for (size_t j = 0; j < 4; ++j) _mm256_storeu_ps(to + j * kLanes + half * 8, r[j]);
  }
}

// Narrow forms; see vec_avx512.h.
SIMDCLIP_INLINE __m256i pack_16(__m256i lo, __m256i hi) {  // 16 integers in [0, 2^16) -> 16 bits each
  return _mm256_permute4x64_epi64(_mm256_packus_epi32(lo, hi), 0xD8);
}
SIMDCLIP_INLINE void store_s8(int8_t* p, F16 t, size_t n) {
  const __m256i low_byte = _mm256_set1_epi32(0xFF);
  const __m256i words = pack_16(_mm256_and_si256(_mm256_castps_si256(t.lo), low_byte),
                                _mm256_and_si256(_mm256_castps_si256(t.hi), low_byte));
  const __m128i bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
  if (n == kLanes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), bytes);
    return;
  }
  alignas(16) int8_t lanes[kLanes];
  _mm_store_si128(reinterpret_cast<__m128i*>(lanes), bytes);
  for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
}
SIMDCLIP_INLINE __m256i to_bf16_bits(__m256 x) {
  const __m256i bits = _mm256_castps_si256(x), high = _mm256_srli_epi32(bits, 16);
  const __m256i odd = _mm256_and_si256(high, _mm256_set1_epi32(1));
  const __m256i sum = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7FFF)), odd);
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  return _mm256_blendv_epi8(_mm256_srli_epi32(sum, 16), _mm256_or_si256(high, _mm256_set1_epi32(0x40)), nan);
}
SIMDCLIP_INLINE void store_bf16(uint16_t* p, F16 x, size_t n) {
  const __m256i words = pack_16(to_bf16_bits(x.lo), to_bf16_bits(x.hi));
  if (n == kLanes) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), words);
    return;
  }
  alignas(32) uint16_t lanes[kLanes];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), words);
  for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
}
SIMDCLIP_INLINE void store_bf16_pair(uint16_t* p, F16 low, F16 high) {
  store_bf16(p, low, kLanes);
  store_bf16(p + kLanes, high, kLanes);
}
SIMDCLIP_INLINE __m256 from_bf16_bits(__m128i words) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(words), 16));
}
SIMDCLIP_INLINE F16 load_bf16(const uint16_t* p, size_t n) {
  alignas(32) uint16_t lanes[kLanes] = {};
  if (n != kLanes) {
    for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
    p = lanes;
  }
  return {from_bf16_bits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p))),
          from_bf16_bits(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p + 8)))};
}
SIMDCLIP_INLINE F16 rounded_to_bf16(F16 x) {
  return {_mm256_castsi256_ps(_mm256_slli_epi32(to_bf16_bits(x.lo), 16)),
          _mm256_castsi256_ps(_mm256_slli_epi32(to_bf16_bits(x.hi), 16))};
}

}  // namespace
}  // namespace simdclip::kernels
