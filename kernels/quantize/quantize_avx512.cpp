#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/quantize/quantize.inl"

namespace simdclip::kernels {
namespace {

// Even and odd elements apart: a shift and a mask make floats of them, and the bytes meet again as words.
struct HardwareBytes {
  static SIMDCLIP_INLINE void store_32(int8_t* q, const uint16_t* x, F16 inverse) {
    const __m512i pairs = _mm512_loadu_si512(x), high = _mm512_set1_epi32(static_cast<int>(0xFFFF0000U));
    const F16 even = {_mm512_castsi512_ps(_mm512_slli_epi32(pairs, 16))};
    const F16 odd = {_mm512_castsi512_ps(_mm512_and_si512(pairs, high))};
    const __m512i low = _mm512_castps_si512(fma(even, inverse, broadcast(kRoundMagic)).v);
    const __m512i up =
        _mm512_slli_epi32(_mm512_castps_si512(fma(odd, inverse, broadcast(kRoundMagic)).v), 16);
    const __m512i words = _mm512_ternarylogic_epi32(high, up, low, 0xCA);  // high ? up : low
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(q), _mm512_cvtepi16_epi8(words));
  }
};

}  // namespace

void quantize_s8_avx512(const QuantizeArgs& args) noexcept { quantize(args); }
void quantize_bf16_s8_avx512(const QuantizeBf16Args& args) noexcept { quantize_bf16<HardwareBytes>(args); }
void quantize_by_s8_avx512(const QuantizeByArgs& args) noexcept { quantize_by(args); }
void round_bf16_avx512(const RoundBf16Args& args) noexcept { round_bf16(args); }

}  // namespace simdclip::kernels
