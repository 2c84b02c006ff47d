// One row's scale and bytes, shared by quantize and by the layer norm that ends in bytes. Include after
// vec_*.h.
#pragma once

namespace simdclip::kernels {
namespace {

inline constexpr float kRoundMagic = 0x1.8p23F;  // added to |x| < 2^22 it leaves round(x) in the low bits

// Collects max|x|, and whether anything is NaN or infinite: then `broken` is NaN.
struct RowRange {
  F16 top = zero(), broken = zero();
};
SIMDCLIP_INLINE void extend(RowRange& range, F16 x) {
  range.top = max(range.top, abs(x));
  range.broken = fma(x, zero(), range.broken);
}

struct RowScale {
  float scale, inverse;
};
SIMDCLIP_INLINE RowScale row_scale(const RowRange& range) {
  const float top = horizontal_max(range.top), broken = horizontal_sum(range.broken);
  if (top < 0x1p-100F) return {broken, 0};  // 127 / top could overflow
  return {top / 127.0F + broken, 127.0F / top};
}

SIMDCLIP_INLINE void store_quantized(int8_t* q, F16 x, F16 inverse, size_t lanes) {
  store_s8(q, x * inverse + broadcast(kRoundMagic), lanes);
}

}  // namespace
}  // namespace simdclip::kernels
