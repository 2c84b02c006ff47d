// vpdpwssd: two products and their sum in one instruction.
#include "kernels/common/vec_avx512.h"
// On these vectors:
#include "kernels/dot/dot.inl"
#include "kernels/dot/int8_avx512.inl"

namespace simdclip::kernels {
namespace {

struct MultiplyVnni {
  SIMDCLIP_INLINE static __m512i add(__m512i sum, __m512i row, __m512i query) {
    return _mm512_dpwssd_epi32(sum, row, query);
  }
};

}  // namespace

void dot_i8_avx512_vnni(const DotI8Args& args) noexcept { dot_int8<Int8Rows512<MultiplyVnni>>(args); }

}  // namespace simdclip::kernels
