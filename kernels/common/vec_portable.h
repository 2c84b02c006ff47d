// F16: 16 virtual lanes of f32, here four 128-bit xsimd batches (x86's SSE2 baseline, or NEON); see
// vec_avx512.h for the contract. SSE2 has no fused multiply-add: there fma() rounds twice, so f32 results of
// a CPU without AVX2 differ from all others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <xsimd/xsimd.hpp>

#define SIMDCLIP_INLINE inline __attribute__((always_inline))

namespace simdclip::kernels {
namespace {

// Named, not xsimd's default, so that a build with other compiler flags keeps the same lanes and roundings.
#if defined(__aarch64__)
using Arch = xsimd::neon64;
inline constexpr bool kFusedMultiplyAdd = true;
inline constexpr int kVectorRegisters = 32;  // for the shape of register tiles
#else
using Arch = xsimd::sse2;
inline constexpr bool kFusedMultiplyAdd = false;
inline constexpr int kVectorRegisters = 16;
#endif
inline constexpr size_t kLanes = 16;
inline constexpr int kRegistersPerF16 = 4;

using F4 = xsimd::batch<float, Arch>;
struct F16 {
  F4 a, b, c, d;
};
struct Mask16 {
  xsimd::batch_bool<float, Arch> a, b, c, d;
};

SIMDCLIP_INLINE F16 broadcast(float x) { return {F4(x), F4(x), F4(x), F4(x)}; }
SIMDCLIP_INLINE F16 zero() { return broadcast(0.0F); }
SIMDCLIP_INLINE F16 load(const float* p) {
  return {F4::load_unaligned(p), F4::load_unaligned(p + 4), F4::load_unaligned(p + 8),
          F4::load_unaligned(p + 12)};
}
SIMDCLIP_INLINE void store(float* p, F16 x) {
  x.a.store_unaligned(p);
  x.b.store_unaligned(p + 4);
  x.c.store_unaligned(p + 8);
  x.d.store_unaligned(p + 12);
}
SIMDCLIP_INLINE F16 load_i32(const int32_t* p) {
  using I4 = xsimd::batch<int32_t, Arch>;
  return {xsimd::to_float(I4::load_unaligned(p)), xsimd::to_float(I4::load_unaligned(p + 4)),
          xsimd::to_float(I4::load_unaligned(p + 8)), xsimd::to_float(I4::load_unaligned(p + 12))};
}
// The first n <= 16 lanes; memory beyond is not touched and the other lanes are zero.
SIMDCLIP_INLINE F16 load_n(const float* p, size_t n) {
  alignas(64) float lanes[kLanes] = {};
  for (size_t i = 0; i < n; ++i) lanes[i] = p[i];
  return load(lanes);
}
SIMDCLIP_INLINE void store_n(float* p, F16 x, size_t n) {
  alignas(64) float lanes[kLanes];
  store(lanes, x);
  for (size_t i = 0; i < n; ++i) p[i] = lanes[i];
}

SIMDCLIP_INLINE F16 operator+(F16 x, F16 y) { return {x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d}; }
SIMDCLIP_INLINE F16 operator-(F16 x, F16 y) { return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d}; }
SIMDCLIP_INLINE F16 operator*(F16 x, F16 y) { return {x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d}; }
// x * y + z, rounded once where kFusedMultiplyAdd.
SIMDCLIP_INLINE F16 fma(F16 x, F16 y, F16 z) {
  return {xsimd::fma(x.a, y.a, z.a), xsimd::fma(x.b, y.b, z.b), xsimd::fma(x.c, y.c, z.c),
          xsimd::fma(x.d, y.d, z.d)};
}

SIMDCLIP_INLINE Mask16 operator<(F16 x, F16 y) { return {x.a < y.a, x.b < y.b, x.c < y.c, x.d < y.d}; }
SIMDCLIP_INLINE F16 select(Mask16 m, F16 yes, F16 no) {
  return {xsimd::select(m.a, yes.a, no.a), xsimd::select(m.b, yes.b, no.b), xsimd::select(m.c, yes.c, no.c),
          xsimd::select(m.d, yes.d, no.d)};
}
SIMDCLIP_INLINE Mask16 first_lanes(size_t n) {
  alignas(64) static constexpr float kIndex[kLanes] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  return load(kIndex) < broadcast(static_cast<float>(n));
}

// Where xsimd's NEON operations are not IEEE's (division and square root by estimates, minimum and maximum of
// NaN), the instructions are named here.
#if defined(__aarch64__)
SIMDCLIP_INLINE F4 div4(F4 x, F4 y) { return vdivq_f32(x, y); }
SIMDCLIP_INLINE F4 sqrt4(F4 x) { return vsqrtq_f32(x); }
SIMDCLIP_INLINE F4 min4(F4 x, F4 y) { return xsimd::select(x < y, x, y); }
SIMDCLIP_INLINE F4 max4(F4 x, F4 y) { return xsimd::select(y < x, x, y); }
#else
SIMDCLIP_INLINE F4 div4(F4 x, F4 y) { return _mm_div_ps(x, y); }
SIMDCLIP_INLINE F4 sqrt4(F4 x) { return _mm_sqrt_ps(x); }
SIMDCLIP_INLINE F4 min4(F4 x, F4 y) { return _mm_min_ps(x, y); }
SIMDCLIP_INLINE F4 max4(F4 x, F4 y) { return _mm_max_ps(x, y); }
#endif
SIMDCLIP_INLINE F16 operator/(F16 x, F16 y) {
  return {div4(x.a, y.a), div4(x.b, y.b), div4(x.c, y.c), div4(x.d, y.d)};
}
SIMDCLIP_INLINE F16 sqrt(F16 x) { return {sqrt4(x.a), sqrt4(x.b), sqrt4(x.c), sqrt4(x.d)}; }
// x < y ? x : y and x > y ? x : y: where an operand is NaN, and for zeros of either sign, the result is y, as
// x86's minps and maxps have it.
SIMDCLIP_INLINE F16 min(F16 x, F16 y) {
  return {min4(x.a, y.a), min4(x.b, y.b), min4(x.c, y.c), min4(x.d, y.d)};
}
SIMDCLIP_INLINE F16 max(F16 x, F16 y) {
  return {max4(x.a, y.a), max4(x.b, y.b), max4(x.c, y.c), max4(x.d, y.d)};
}
SIMDCLIP_INLINE F16 abs(F16 x) {
  return {xsimd::abs(x.a), xsimd::abs(x.b), xsimd::abs(x.c), xsimd::abs(x.d)};
}
SIMDCLIP_INLINE F16 copysign(F16 magnitude, F16 sign) {
  return {xsimd::copysign(magnitude.a, sign.a), xsimd::copysign(magnitude.b, sign.b),
          xsimd::copysign(magnitude.c, sign.c), xsimd::copysign(magnitude.d, sign.d)};
}

// 2^n in each lane from t = 1.5 * 2^23 + 127 + n, -127 <= n <= 127 (-127 gives zero): the bits of t hold the
// exponent already.
SIMDCLIP_INLINE F4 exponent_of4(F4 t) {
  return xsimd::bitwise_cast<F4>(xsimd::bitwise_cast<xsimd::batch<int32_t, Arch>>(t) << 23);
}
SIMDCLIP_INLINE F16 exponent_of(F16 t) {
  return {exponent_of4(t.a), exponent_of4(t.b), exponent_of4(t.c), exponent_of4(t.d)};
}

// Reductions in one fixed tree: lane i + lane i + 8, then 4, 2, 1.
SIMDCLIP_INLINE float horizontal_sum(F16 x) {
  alignas(16) float v[4];
  ((x.a + x.c) + (x.b + x.d)).store_aligned(v);
  return (v[0] + v[2]) + (v[1] + v[3]);
}
SIMDCLIP_INLINE float horizontal_max(F16 x) {
  alignas(16) float v[4];
  max4(max4(x.a, x.c), max4(x.b, x.d)).store_aligned(v);
  const float even = v[0] > v[2] ? v[0] : v[2], odd = v[1] > v[3] ? v[1] : v[3];
  return even > odd ? even : odd;
}

// to[j * 16 + i] = from[i * stride + j], i < 16, j < 4.
SIMDCLIP_INLINE void transpose_16x4(const float* from, size_t stride, float* to) {
  for (size_t part = 0; part < kLanes; part += 4) {
    const float* p = from + part * stride;
    const F4 r0 = F4::load_unaligned(p), r1 = F4::load_unaligned(p + stride);
    const F4 r2 = F4::load_unaligned(p + 2 * stride), r3 = F4::load_unaligned(p + 3 * stride);
    const F4 a = xsimd::zip_lo(r0, r2), b = xsimd::zip_lo(r1, r3), c = xsimd::zip_hi(r0, r2),
             d = xsimd::zip_hi(r1, r3);
    xsimd::zip_lo(a, b).store_unaligned(to + part);
    xsimd::zip_hi(a, b).store_unaligned(to + kLanes + part);
    xsimd::zip_lo(c, d).store_unaligned(to + 2 * kLanes + part);
    xsimd::zip_hi(c, d).store_unaligned(to + 3 * kLanes + part);
  }
}

SIMDCLIP_INLINE F4 rounded_to_bf16(F4 x) {
  using U4 = xsimd::batch<uint32_t, Arch>;
  const U4 bits = xsimd::bitwise_cast<U4>(x), high = bits >> 16;
  const F4 rounded = xsimd::bitwise_cast<F4>(((bits + U4(0x7FFFU) + (high & U4(1U))) >> 16) << 16);
  return xsimd::select(x != x, xsimd::bitwise_cast<F4>((high | U4(0x40U)) << 16), rounded);
}
SIMDCLIP_INLINE F16 rounded_to_bf16(F16 x) {
  return {rounded_to_bf16(x.a), rounded_to_bf16(x.b), rounded_to_bf16(x.c), rounded_to_bf16(x.d)};
}

// Narrow forms, lane by lane; see vec_avx512.h.
SIMDCLIP_INLINE void store_s8(int8_t* p, F16 t, size_t n) {
  alignas(64) float lanes[kLanes];
  store(lanes, t);
  for (size_t i = 0; i < n; ++i) p[i] = static_cast<int8_t>(__builtin_bit_cast(uint32_t, lanes[i]));
}
SIMDCLIP_INLINE void store_bf16(uint16_t* p, F16 x, size_t n) {
  alignas(64) float lanes[kLanes];
  store(lanes, x);
  for (size_t i = 0; i < n; ++i) {
    const uint32_t bits = __builtin_bit_cast(uint32_t, lanes[i]), high = bits >> 16;
    const bool nan = (bits & 0x7FFFFFFFU) > 0x7F800000U;
    p[i] = static_cast<uint16_t>(nan ? high | 0x40U : (bits + 0x7FFFU + (high & 1U)) >> 16);
  }
}
SIMDCLIP_INLINE void store_bf16_pair(uint16_t* p, F16 low, F16 high) {
  store_bf16(p, low, kLanes);
  store_bf16(p + kLanes, high, kLanes);
}
SIMDCLIP_INLINE F16 load_bf16(const uint16_t* p, size_t n) {
  alignas(64) float lanes[kLanes] = {};
  for (size_t i = 0; i < n; ++i) lanes[i] = __builtin_bit_cast(float, static_cast<uint32_t>(p[i]) << 16);
  return load(lanes);
}

}  // namespace
}  // namespace simdclip::kernels
