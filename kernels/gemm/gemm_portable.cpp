// f32 GEMM on 128-bit registers through xsimd: 6 x 16 on NEON (24 accumulators of 32 registers), 2 x 16 on
// SSE2 (8 of 16).
#include "kernels/common/vec_portable.h"

namespace simdclip::kernels {
namespace {
inline constexpr size_t kRows = kVectorRegisters == 32 ? 6 : 2, kPanels = 1;
inline constexpr size_t kWholeDepth = 0;
}  // namespace
}  // namespace simdclip::kernels

#include "kernels/gemm/gemm_f32.inl"
#include "kernels/gemm/gemm_groups.inl"

namespace simdclip::kernels {
namespace {

// Integers are exact, so plain loops do: the compiler makes vectors of them.
struct PortableDot {
  static constexpr size_t kRows = 2, kPanels = 1;
  struct Acc {
    int32_t v[kPanelColumns];
  };
  struct Row {
    int8_t v[kPanelColumns * 4];
  };

  using Sum = int32_t;
  static int32_t start(const char*, size_t) noexcept { return 0; }
  SIMDCLIP_INLINE static Acc broadcast(int32_t x) {
    Acc acc;
    for (int32_t& sum : acc.v) sum = x;
    return acc;
  }
  SIMDCLIP_INLINE static Acc load(const int32_t* p) {
    Acc acc;
    __builtin_memcpy(acc.v, p, sizeof(acc.v));
    return acc;
  }
  SIMDCLIP_INLINE static void store(int32_t* p, const Acc& acc) { __builtin_memcpy(p, acc.v, sizeof(acc.v)); }
  SIMDCLIP_INLINE static Row row(const char* b) {
    Row row;
    __builtin_memcpy(row.v, b, sizeof(row.v));
    return row;
  }
  SIMDCLIP_INLINE static Acc dot(Acc acc, int32_t four, const Row& row) {
    int8_t a[4];
    __builtin_memcpy(a, &four, sizeof(a));
    for (size_t c = 0; c < kPanelColumns; ++c) {
      for (size_t i = 0; i < 4; ++i) acc.v[c] += a[i] * row.v[c * 4 + i];
    }
    return acc;
  }
};

}  // namespace

void gemm_i8_portable(const GemmI8Args& args) noexcept { group_gemm<PortableDot>(args); }
void gemm_f32_portable(const GemmArgs& args) noexcept { gemm<F32Weights>(args); }
void gemm_bf16w_portable(const GemmArgs& args) noexcept { gemm<Bf16Weights>(args); }
void gemm_bf16_portable(const GemmBf16Args& args) noexcept { gemm<Bf16Weights, Bf16Rows>(args); }

}  // namespace simdclip::kernels
