// exp and the activations on 16 virtual lanes. Include after one of vec_portable.h, vec_avx2.h, vec_avx512.h.
//
// One polynomial per function and the same operations in the same order whatever the registers, so that AVX2,
// AVX-512 and NEON give the same bits. Coefficients are weighted minimax fits. NaN propagates: min and max
// keep their second operand's NaN. "ULP of GELU's scale" is one unit in the last place of max(|gelu(x)|, |x|
// / 2), the larger of the result and its two halves 0.5 x and 0.5 x erf; for x < 0 these cancel.
#pragma once

#include "kernels/activation/activation.h"

namespace simdclip::kernels {
namespace {

// Added to n in [-127, 128), it leaves n + 127 in the low bits of the float: rounds to an integer and makes
// an exponent at once.
inline constexpr float kExponentMagic = 0x1.8p23F + 127.0F;

// e^x for x <= 0, at most 1 ULP off (2 where fma() rounds twice). Below the smallest normal number (x <
// -87.3) the result is zero: subnormal weights would be slow and change nothing.
SIMDCLIP_INLINE F16 exp_nonpositive(F16 x) {
  const F16 lowest = broadcast(-0x1.5d58ap6F);  // ln 2^-126
  const F16 bounded = max(lowest, x);
  const F16 t = fma(bounded, broadcast(0x1.715476p0F), broadcast(kExponentMagic));
  const F16 n = t - broadcast(kExponentMagic);
  // ln 2 in two parts, the first with so few bits that n times it is exact.
  const F16 r = fma(n, broadcast(0x1.bd0106p-13F), fma(n, broadcast(-0.693359375F), bounded));
  F16 p = broadcast(0x1.6a243ap-10F);
  p = fma(p, r, broadcast(0x1.1239eap-7F));
  p = fma(p, r, broadcast(0x1.5558f2p-5F));
  p = fma(p, r, broadcast(0x1.555492p-3F));
  p = fma(p, r, broadcast(0x1.fffffcp-2F));
  p = fma(p, r, broadcast(1.0F));
  p = fma(p, r, broadcast(1.0F));
  return select(x < lowest, zero(), p * exponent_of(t));
}

// x * Phi(x), Phi(x) = 0.5 + 0.5 erf(x / sqrt 2): at most 4 ULP of GELU's scale off.
// Beyond +-5.44 Phi is 0 or 1 to f32's precision. Within, 0.5 erf = e P(e^2 - 1), e = x sqrt(2) / 5.44: the
// argument of P spans
// [-1, 1]. At the ends e P rounds to 0.5 exactly, so that gelu(x) is x above and -0 below.
SIMDCLIP_INLINE F16 gelu(F16 x) {
  const float limit = 0x1.5c28f6p2F;
  const F16 low = max(broadcast(-limit), x);
  const F16 e = min(broadcast(limit), low) * broadcast(0x1.0a3474p-2F);  // sqrt 2 / limit
  const F16 s = fma(e, e, broadcast(-1.0F));
  F16 p = broadcast(0x1.c1d42ep-10F);
  p = fma(p, s, broadcast(-0x1.2305b4p-8F));
  p = fma(p, s, broadcast(0x1.d70d7p-9F));
  p = fma(p, s, broadcast(-0x1.3132fap-8F));
  p = fma(p, s, broadcast(0x1.e97894p-7F));
  p = fma(p, s, broadcast(-0x1.bea8f8p-6F));
  p = fma(p, s, broadcast(0x1.3a793p-5F));
  p = fma(p, s, broadcast(-0x1.c13a1p-5F));
  p = fma(p, s, broadcast(0x1.39b9b6p-4F));
  p = fma(p, s, broadcast(-0x1.981dccp-4F));
  p = fma(p, s, broadcast(0x1.f9ef8ap-4F));
  p = fma(p, s, broadcast(-0x1.339464p-3F));
  p = fma(p, s, broadcast(0x1.7babdp-3F));
  p = fma(p, s, broadcast(-0x1.fefa42p-3F));
  p = fma(p, s, broadcast(0x1.fff05p-2F));
  return low * (broadcast(0.5F) + e * p);
}

// 2^z = power.p * power.scale for z <= 127, about 1 ULP off; z <= -126.5 gives zero.
struct PowerOf2 {
  F16 p, scale;
};
SIMDCLIP_INLINE PowerOf2 exp2_parts(F16 z) {
  const F16 bounded = max(broadcast(-127.0F), z);
  const F16 t = bounded + broadcast(kExponentMagic);
  const F16 f = bounded - (t - broadcast(kExponentMagic));
  F16 p = broadcast(0x1.5bb9eep-10F);
  p = fma(p, f, broadcast(0x1.3ceacp-7F));
  p = fma(p, f, broadcast(0x1.c6b754p-5F));
  p = fma(p, f, broadcast(0x1.ebf9bcp-3F));
  p = fma(p, f, broadcast(0x1.62e42ap-1F));
  p = fma(p, f, broadcast(1.0F));
  return {p, exponent_of(t)};
}
SIMDCLIP_INLINE F16 exp2(F16 z) {
  const PowerOf2 power = exp2_parts(z);
  return power.p * power.scale;
}

// 2^max(z, lowest), -126 <= lowest, z <= 127, for what will be rounded to the 8 bits of a bf16: 2^-13 of it
// off, right at whole z. The whole part is to the nearest, ties to even, as vreduceps has it.
SIMDCLIP_INLINE F16 exp2_coarse_polynomial(F16 f) {
  F16 p = broadcast(0x1.c2a25cp-5F);
  p = fma(p, f, broadcast(0x1.f00c4ep-3F));
  p = fma(p, f, broadcast(0x1.62f5fap-1F));
  return fma(p, f, broadcast(1.0F));
}
SIMDCLIP_INLINE F16 exp2_coarse(F16 z, float lowest) {
  const F16 bounded = max(broadcast(lowest), z), magic = broadcast(0x1.8p23F);
  const F16 t = bounded + magic;
  return exp2_coarse_polynomial(bounded - (t - magic)) * exponent_of(t + broadcast(127.0F));
}

// x / (1 + 2^z), z <= 126. Errors of z are damped: they move the sigmoid by less than a quarter of their
// relative size.
SIMDCLIP_INLINE F16 over_one_plus_exp2(F16 x, F16 z) {
  const PowerOf2 power = exp2_parts(z);
  return x / fma(power.p, power.scale, broadcast(1.0F));
}

// x * sigmoid(1.702 x). Below -51 (where 2^z would overflow) the argument is held: the result is -8e-37
// there.
SIMDCLIP_INLINE F16 quick_gelu(F16 x) {
  const F16 low = max(broadcast(-51.0F), x);
  return over_one_plus_exp2(low, low * broadcast(-0x1.3a4cbep1F));  // 1.702 / ln 2
}

// 0.5 x (1 + tanh(u)) = x * sigmoid(2 u), u = sqrt(2 / pi) (x + 0.044715 x^3). Held below -9.9, as above.
SIMDCLIP_INLINE F16 gelu_tanh(F16 x) {
  const F16 low = max(broadcast(-9.9F), x);
  const F16 cubic = fma(low * low, broadcast(-0x1.a5a7dp-4F), broadcast(-0x1.26aec2p1F));
  return over_one_plus_exp2(low, low * cubic);
}

SIMDCLIP_INLINE F16 relu(F16 x) { return max(zero(), x); }

template <Act act>
SIMDCLIP_INLINE F16 activate(F16 x) {
  if constexpr (act == Act::gelu) return gelu(x);
  if constexpr (act == Act::gelu_tanh) return gelu_tanh(x);
  if constexpr (act == Act::quick_gelu) return quick_gelu(x);
  if constexpr (act == Act::relu) return relu(x);
  return x;
}

}  // namespace
}  // namespace simdclip::kernels
