// bf16 GEMM for AVX512-BF16: 14 x 32 tile as in gemm_avx512.cpp; a group is a pair. Twice the speed of f32 on
// AMD Zen 4 and 5, half of it on Intel's (select_kernels).
#include "kernels/common/vec_avx512.h"
#include "kernels/gemm/gemm_groups.inl"

namespace simdclip::kernels {
namespace {

struct Bf16Dot {
  static constexpr size_t kRows = 14, kPanels = 2;
  using Sum = float;
  using Acc = __m512;
  using Row = __m512i;

  static float start(const char*, size_t) noexcept { return 0; }
  SIMDCLIP_INLINE static Acc broadcast(float x) { return _mm512_set1_ps(x); }
  SIMDCLIP_INLINE static Acc load(const float* p) { return _mm512_loadu_ps(p); }
  SIMDCLIP_INLINE static void store(float* p, Acc x) { _mm512_storeu_ps(p, x); }
  SIMDCLIP_INLINE static Row row(const char* b) { return _mm512_loadu_si512(b); }
  SIMDCLIP_INLINE static Acc dot(Acc acc, int32_t pair, Row row) {
    return _mm512_dpbf16_ps(acc, reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair)),
                            reinterpret_cast<__m512bh>(row));
  }
};

}  // namespace

void gemm_bf16_14x32_avx512_bf16(const GemmBf16Args& args) noexcept { group_gemm<Bf16Dot>(args); }

}  // namespace simdclip::kernels
