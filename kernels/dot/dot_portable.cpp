#include "kernels/common/vec_portable.h"

namespace simdclip::kernels {
namespace {

inline constexpr size_t kDotRows = 1, kDotQueries = 1;

// Half to float by shifting the exponent and one exact product, which also normalizes denormals.
SIMDCLIP_INLINE F16 load_half(const uint16_t* p) {
  alignas(64) float lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) {
    const uint32_t half = p[i];
    const bool special = (half & 0x7C00U) == 0x7C00U;  // infinities and NaN
    const uint32_t magnitude = (half & 0x7FFFU) << 13U, sign = (half & 0x8000U) << 16U;
    float value = __builtin_bit_cast(float, magnitude) * 0x1p112F;
    if (special) value = __builtin_bit_cast(float, magnitude | 0x7F800000U);
    lanes[i] = __builtin_bit_cast(float, __builtin_bit_cast(uint32_t, value) | sign);
  }
  return load(lanes);
}
SIMDCLIP_INLINE void horizontal_sums(const F16 (&sums)[4], float (&totals)[4]) {
  for (size_t r = 0; r < 4; ++r) totals[r] = horizontal_sum(sums[r]);
}

}  // namespace
}  // namespace simdclip::kernels
// On these vectors:
#include "kernels/dot/dot_float.inl"

namespace simdclip::kernels {
namespace {

struct Int8Rows {
  static constexpr size_t kRows = 1, kQueries = 1, kStep = 1;
  using Sum = int32_t;
  using Row = int32_t;
  using Query = int32_t;
  using Total = int32_t;
  SIMDCLIP_INLINE static Sum zero_sum() { return 0; }
  SIMDCLIP_INLINE static Row load_row(const int8_t* p) { return *p; }
  SIMDCLIP_INLINE static Row load_row_n(const int8_t* p, size_t) { return *p; }
  SIMDCLIP_INLINE static Query load_query(const int16_t* p) { return *p; }
  SIMDCLIP_INLINE static Query load_query_n(const int16_t* p, size_t) { return *p; }
  SIMDCLIP_INLINE static Sum dot(Sum sum, Row row, Query query) { return sum + row * query; }
  SIMDCLIP_INLINE static void finish(const Sum (&sums)[1], int32_t (&totals)[1]) { totals[0] = sums[0]; }
};

}  // namespace

void dot_f32_portable(const DotF32Args& args) noexcept { dot_float(args); }
void dot_f16_portable(const DotF16Args& args) noexcept { dot_float(args); }
void dot_i8_portable(const DotI8Args& args) noexcept { dot_int8<Int8Rows>(args); }

}  // namespace simdclip::kernels
