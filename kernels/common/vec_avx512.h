// F16: 16 virtual lanes of f32, here one AVX-512 register. vec_avx2.h and vec_portable.h give the same type
// with the same operations, lane for lane and in the same order, so that one kernel source gives the same
// bits on every instruction set. Everything has internal linkage and is always inlined: no other object can
// pick up this copy (cmake/add_kernel.cmake).
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#define SIMDCLIP_INLINE inline __attribute__((always_inline))

namespace simdclip::kernels {
namespace {

inline constexpr size_t kLanes = 16;
inline constexpr bool kFusedMultiplyAdd = true;  // fma() rounds once
inline constexpr int kVectorRegisters = 32;      // for the shape of register tiles
inline constexpr int kRegistersPerF16 = 1;

struct F16 {
  __m512 v;
};
struct Mask16 {
  __mmask16 m;
};

SIMDCLIP_INLINE __mmask16 first_bits(size_t n) { return static_cast<__mmask16>((1U << n) - 1U); }

SIMDCLIP_INLINE F16 zero() { return {_mm512_setzero_ps()}; }
SIMDCLIP_INLINE F16 broadcast(float x) { return {_mm512_set1_ps(x)}; }
SIMDCLIP_INLINE F16 load(const float* p) { return {_mm512_loadu_ps(p)}; }
SIMDCLIP_INLINE void store(float* p, F16 x) { _mm512_storeu_ps(p, x.v); }
SIMDCLIP_INLINE F16 load_i32(const int32_t* p) {
  return {_mm512_cvtepi32_ps(_mm512_loadu_si512(p))};
}  // rounded
// The first n <= 16 lanes; memory beyond is not touched and the other lanes are zero.
SIMDCLIP_INLINE F16 load_n(const float* p, size_t n) { return {_mm512_maskz_loadu_ps(first_bits(n), p)}; }
SIMDCLIP_INLINE void store_n(float* p, F16 x, size_t n) { _mm512_mask_storeu_ps(p, first_bits(n), x.v); }

SIMDCLIP_INLINE F16 operator+(F16 a, F16 b) { return {_mm512_add_ps(a.v, b.v)}; }
SIMDCLIP_INLINE F16 operator-(F16 a, F16 b) { return {_mm512_sub_ps(a.v, b.v)}; }
SIMDCLIP_INLINE F16 operator*(F16 a, F16 b) { return {_mm512_mul_ps(a.v, b.v)}; }
SIMDCLIP_INLINE F16 operator/(F16 a, F16 b) { return {_mm512_div_ps(a.v, b.v)}; }
// a * b + c, rounded once.
SIMDCLIP_INLINE F16 fma(F16 a, F16 b, F16 c) { return {_mm512_fmadd_ps(a.v, b.v, c.v)}; }
// a < b ? a : b and a > b ? a : b: where an operand is NaN, and for zeros of either sign, the result is b.
SIMDCLIP_INLINE F16 min(F16 a, F16 b) { return {_mm512_min_ps(a.v, b.v)}; }
SIMDCLIP_INLINE F16 max(F16 a, F16 b) { return {_mm512_max_ps(a.v, b.v)}; }
SIMDCLIP_INLINE F16 sqrt(F16 a) { return {_mm512_sqrt_ps(a.v)}; }
SIMDCLIP_INLINE F16 abs(F16 a) { return {_mm512_andnot_ps(_mm512_set1_ps(-0.0F), a.v)}; }
SIMDCLIP_INLINE F16 copysign(F16 magnitude, F16 sign) {
  const __m512 bit = _mm512_set1_ps(-0.0F);
  return {_mm512_or_ps(_mm512_andnot_ps(bit, magnitude.v), _mm512_and_ps(bit, sign.v))};
}

SIMDCLIP_INLINE Mask16 operator<(F16 a, F16 b) { return {_mm512_cmp_ps_mask(a.v, b.v, _CMP_LT_OQ)}; }
SIMDCLIP_INLINE Mask16 first_lanes(size_t n) { return {first_bits(n)}; }
SIMDCLIP_INLINE F16 select(Mask16 m, F16 yes, F16 no) { return {_mm512_mask_blend_ps(m.m, no.v, yes.v)}; }

// 2^n in each lane from t = 1.5 * 2^23 + 127 + n, -127 <= n <= 127 (-127 gives zero): the bits of t hold the
// exponent already.
SIMDCLIP_INLINE F16 exponent_of(F16 t) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(t.v), 23))};
}

// Reductions in one fixed tree: lane i + lane i + 8, then 4, 2, 1.
SIMDCLIP_INLINE float horizontal_sum(F16 x) {
  const __m256 a = _mm256_add_ps(_mm512_castps512_ps256(x.v), _mm512_extractf32x8_ps(x.v, 1));
  const __m128 b = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_add_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_add_ss(c, _mm_movehdup_ps(c)));
}
SIMDCLIP_INLINE float horizontal_max(F16 x) {
  const __m256 a = _mm256_max_ps(_mm512_castps512_ps256(x.v), _mm512_extractf32x8_ps(x.v, 1));
  const __m128 b = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  const __m128 c = _mm_max_ps(b, _mm_movehl_ps(b, b));
  return _mm_cvtss_f32(_mm_max_ss(c, _mm_movehdup_ps(c)));
}

// Four rows of 4 floats to four columns, in each of the four 128-bit parts.
SIMDCLIP_INLINE void transpose_4x4_parts(__m512 r[4]) {
  const __m512 a = _mm512_unpacklo_ps(r[0], r[1]), b = _mm512_unpackhi_ps(r[0], r[1]);
  const __m512 c = _mm512_unpacklo_ps(r[2], r[3]), d = _mm512_unpackhi_ps(r[2], r[3]);
  r[0] = _mm512_shuffle_ps(a, c, 0x44);
  r[1] = _mm512_shuffle_ps(a, c, 0xEE);
  r[2] = _mm512_shuffle_ps(b, d, 0x44);
  r[3] = _mm512_shuffle_ps(b, d, 0xEE);
}
// to[j * 16 + i] = from[i * stride + j], i < 16, j < 4.
SIMDCLIP_INLINE void transpose_16x4(const float* from, size_t stride, float* to) {
  __m512 r[4];
  for (size_t i = 0; i < 4; ++i) {
    const float* p = from + i * stride;
    const __m256 low = _mm256_set_m128(_mm_loadu_ps(p + 4 * stride), _mm_loadu_ps(p));
    const __m256 high = _mm256_set_m128(_mm_loadu_ps(p + 12 * stride), _mm_loadu_ps(p + 8 * stride));
    r[i] = _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
  }
  transpose_4x4_parts(r);
  for (size_t j = 0; j < 4; ++j) _mm512_storeu_ps(to + j * kLanes, r[j]);
}

// Narrow forms. store_s8 takes integers as 1.5 * 2^23 + n, -128 <= n <= 127 (a float whose low byte is n).
// store_bf16 rounds to nearest even; NaN stays NaN.
SIMDCLIP_INLINE void store_s8(int8_t* p, F16 t, size_t n) {
  _mm_mask_storeu_epi8(p, first_bits(n), _mm512_cvtepi32_epi8(_mm512_castps_si512(t.v)));
}
SIMDCLIP_INLINE __m256i to_bf16_bits(F16 x) {
  const __m512i bits = _mm512_castps_si512(x.v), high = _mm512_srli_epi32(bits, 16);
  const __m512i odd = _mm512_and_si512(high, _mm512_set1_epi32(1));
  const __m512i sum = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7FFF)), odd);
  const __mmask16 nan = _mm512_cmp_ps_mask(x.v, x.v, _CMP_UNORD_Q);
  const __m512i rounded = _mm512_srli_epi32(sum, 16);
  return _mm512_cvtepi32_epi16(_mm512_mask_or_epi32(rounded, nan, high, _mm512_set1_epi32(0x40)));
}
SIMDCLIP_INLINE void store_bf16(uint16_t* p, F16 x, size_t n) {
  _mm256_mask_storeu_epi16(p, first_bits(n), to_bf16_bits(x));
}
// 32 elements in one store. The instruction that rounds two registers takes denormals for zero: where there
// are any, it is not used.
SIMDCLIP_INLINE void store_bf16_pair(uint16_t* p, F16 low, F16 high) {
#if defined(__AVX512BF16__)
  constexpr int kDenormal = 0x20;
  if (__builtin_expect(
          (_mm512_fpclass_ps_mask(low.v, kDenormal) | _mm512_fpclass_ps_mask(high.v, kDenormal)) == 0, 1)) {
    _mm512_storeu_si512(p, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high.v, low.v)));
    return;
  }
#endif
  store_bf16(p, low, kLanes);
  store_bf16(p + kLanes, high, kLanes);
}
SIMDCLIP_INLINE F16 load_bf16(const uint16_t* p, size_t n) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(first_bits(n), p));
  return {_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16))};
}
// The bf16 that store_bf16 would store, as floats.
SIMDCLIP_INLINE F16 rounded_to_bf16(F16 x) {
  return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(to_bf16_bits(x)), 16))};
}

}  // namespace
}  // namespace simdclip::kernels
