// GEMMs for AVX2. f32: 6 x 16 tile, 12 accumulators + 2 of B + 1 of A of the 16 registers; 12 > latency 4 x 2
// ports.
#include "kernels/common/vec_avx2.h"

namespace simdclip::kernels {
namespace {
inline constexpr size_t kRows = 6, kPanels = 1;
inline constexpr size_t kWholeDepth = 0;  // gains nothing here (measured)
}  // namespace
}  // namespace simdclip::kernels

#include "kernels/gemm/gemm_f32.inl"
#include "kernels/gemm/gemm_groups.inl"

namespace simdclip::kernels {
namespace {

// 4 x 16: 8 sums, 2 of B, 4 of A and its products. vpmaddubsw adds pairs of unsigned x signed bytes and
// saturates: |a| times b with a's sign stays below 2 * 127 * 127 = 32,258.
struct Avx2Dot {
  static constexpr size_t kRows = 4, kPanels = 1;
  struct Acc {
    __m256i lo, hi;
  };
  using Row = Acc;

  using Sum = int32_t;
  static int32_t start(const char*, size_t) noexcept { return 0; }
  SIMDCLIP_INLINE static Acc broadcast(int32_t x) { return {_mm256_set1_epi32(x), _mm256_set1_epi32(x)}; }
  SIMDCLIP_INLINE static __m256i half(const void* p) {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
  }
  SIMDCLIP_INLINE static Acc load(const int32_t* p) { return {half(p), half(p + 8)}; }
  SIMDCLIP_INLINE static void store(int32_t* p, Acc x) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), x.lo);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p + 8), x.hi);
  }
  SIMDCLIP_INLINE static Row row(const char* b) { return {half(b), half(b + 32)}; }
  SIMDCLIP_INLINE static __m256i products(__m256i a, __m256i b) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(a), _mm256_sign_epi8(b, a));
    return _mm256_madd_epi16(pairs, _mm256_set1_epi16(1));
  }
  SIMDCLIP_INLINE static Acc dot(Acc acc, int32_t four, Row row) {
    const __m256i a = _mm256_set1_epi32(four);
    return {_mm256_add_epi32(acc.lo, products(a, row.lo)), _mm256_add_epi32(acc.hi, products(a, row.hi))};
  }
};

}  // namespace

void gemm_i8_4x16_avx2(const GemmI8Args& args) noexcept { group_gemm<Avx2Dot>(args); }
void gemm_f32_6x16_avx2(const GemmArgs& args) noexcept { gemm<F32Weights>(args); }
void gemm_bf16w_6x16_avx2(const GemmArgs& args) noexcept { gemm<Bf16Weights>(args); }
void gemm_bf16_6x16_avx2(const GemmBf16Args& args) noexcept { gemm<Bf16Weights, Bf16Rows>(args); }

}  // namespace simdclip::kernels
