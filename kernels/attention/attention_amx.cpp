// Attention of bf16 and int8 files on the tiles of AMX.
#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/attention/attention_tiles.inl"

namespace simdclip::kernels {
namespace {

// PlainPairs by instructions. Those for bf16 take denormals for zero; weights and results are none.
struct HardwarePairs {
  static SIMDCLIP_INLINE __m512i tame(__m512i x) {
    const __m512i magnitude = _mm512_and_si512(x, _mm512_set1_epi16(0x7FFF));
    constexpr uint32_t kTiny = __builtin_bit_cast(uint32_t, kTinyOperand) >> 16;
    return _mm512_maskz_mov_epi16(_mm512_cmpge_epu16_mask(magnitude, _mm512_set1_epi16(kTiny)), x);
  }
  static SIMDCLIP_INLINE void copy(const uint16_t* from, uint16_t* to) {
    _mm512_storeu_si512(to, tame(_mm512_loadu_si512(from)));
  }
  static SIMDCLIP_INLINE void transpose(const uint16_t* from, size_t stride, uint16_t* to) {
    __m512i r[16], t[16];
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; ++i) r[i] = tame(_mm512_loadu_si512(from + i * stride));
#pragma GCC unroll 8
    for (size_t i = 0; i < 16; i += 2) {
      t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
      t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    }
    // r[4 g + c]: column c of each quarter, rows 4 g .. 4 g + 4.
#pragma GCC unroll 4
    for (size_t i = 0; i < 16; i += 4) {
      r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
      r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
      r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
      r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 4
    for (size_t c = 0; c < 4; ++c) {
      const __m512i low01 = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x44),
                    low23 = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xEE);
      const __m512i high01 = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x44);
      const __m512i high23 = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xEE);
      _mm512_storeu_si512(to + c * 32, _mm512_shuffle_i32x4(low01, high01, 0x88));
      _mm512_storeu_si512(to + (4 + c) * 32, _mm512_shuffle_i32x4(low01, high01, 0xDD));
      _mm512_storeu_si512(to + (8 + c) * 32, _mm512_shuffle_i32x4(low23, high23, 0x88));
      _mm512_storeu_si512(to + (12 + c) * 32, _mm512_shuffle_i32x4(low23, high23, 0xDD));
    }
  }
  static SIMDCLIP_INLINE __m512i widened(const uint16_t* from) {
    return _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static SIMDCLIP_INLINE void interleave(const uint16_t* first, const uint16_t* second, uint16_t* to) {
    _mm512_storeu_si512(to, tame(_mm512_or_si512(widened(first), _mm512_slli_epi32(widened(second), 16))));
  }
  static SIMDCLIP_INLINE F16 power(F16 z) {
    const F16 bounded = max(broadcast(kLowestExponent), z);
    const F16 f = {_mm512_reduce_ps(bounded.v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)};
    return {_mm512_scalef_ps(exp2_coarse_polynomial(f).v, (bounded - f).v)};
  }
  static SIMDCLIP_INLINE void store_rounded(F16 a, F16 b, uint16_t* to) {
    _mm512_storeu_si512(to, reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(b.v, a.v)));
  }
  static SIMDCLIP_INLINE F16 tame(F16 x) {
    const __mmask16 keep = _mm512_cmp_ps_mask(abs(x).v, _mm512_set1_ps(kTinyOperand), _CMP_NLT_UQ);
    return {_mm512_maskz_mov_ps(keep, x.v)};
  }
};

}  // namespace

void attention_bf16_amx(const AttentionBf16Args& args) noexcept {
  attention_tiles<HardwareTiles, HardwarePairs>(args);
}
void attention_i8_amx(const AttentionBf16Args& args) noexcept { attention_bf16_amx(args); }

}  // namespace simdclip::kernels
