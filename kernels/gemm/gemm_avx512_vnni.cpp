// int8 GEMM for AVX512-VNNI: 14 x 32 tile as in gemm_avx512.cpp.
#include "kernels/common/vec_avx512.h"
#include "kernels/gemm/gemm_groups.inl"

namespace simdclip::kernels {
namespace {

// vpdpbusd wants one unsigned operand: B + 128, two flips of a bit for 28 products, and the sums of a row
// begin with -128 times the sum of A's row. B in memory stays signed, as AMX takes it.
struct VnniDot {
  static constexpr size_t kRows = 14, kPanels = 2;
  using Acc = __m512i;
  using Row = __m512i;

  using Sum = int32_t;
  static int32_t start(const char* a, size_t k) noexcept {
    int32_t sum = 0;
    for (size_t i = 0; i < k; ++i) sum += static_cast<int8_t>(a[i]);
    return -128 * sum;
  }
  SIMDCLIP_INLINE static Acc broadcast(int32_t x) { return _mm512_set1_epi32(x); }
  SIMDCLIP_INLINE static Acc load(const int32_t* p) { return _mm512_loadu_si512(p); }
  SIMDCLIP_INLINE static void store(int32_t* p, Acc x) { _mm512_storeu_si512(p, x); }
  SIMDCLIP_INLINE static Row row(const char* b) {
    return _mm512_xor_si512(_mm512_loadu_si512(b), _mm512_set1_epi8(-128));
  }
  SIMDCLIP_INLINE static Acc dot(Acc acc, int32_t four, Row row) {
    return _mm512_dpbusd_epi32(acc, row, _mm512_set1_epi32(four));
  }
};

}  // namespace

void gemm_i8_14x32_avx512_vnni(const GemmI8Args& args) noexcept { group_gemm<VnniDot>(args); }

}  // namespace simdclip::kernels
