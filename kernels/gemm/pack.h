// The one layout of GEMM weights, in memory and in the file, that every instruction set uses as it is:
// panels of 16 output columns; inside a panel K in groups of 4 bytes (1 f32, 2 bf16, 4 int8). A row of a
// panel is 64 bytes: one AVX-512 register, two AVX2 registers, four NEON registers; 16 rows are exactly an
// AMX tile.
//   packed[panel][group][column][element], panel = n / 16, group = k / G, G = 4 / sizeof(element)
// Columns beyond N and elements beyond K are zero.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

inline constexpr size_t kPanelColumns = 16;
inline constexpr size_t kGroupBytes = 4;

// Bytes of one panel and of a packed [n, k] matrix with elements of `element_bytes` (4, 2 or 1). The caller
// has checked the sizes.
static constexpr size_t panel_bytes(size_t k, size_t element_bytes) {
  const size_t group = kGroupBytes / element_bytes;
  return (k + group - 1) / group * kPanelColumns * kGroupBytes;
}
static constexpr size_t packed_bytes(size_t n, size_t k, size_t element_bytes) {
  return (n + kPanelColumns - 1) / kPanelColumns * panel_bytes(k, element_bytes);
}

// b: [n, k] row-major (as torch.nn.Linear stores its weight) -> packed.
void pack_b_f32(const float* b, size_t n, size_t k, float* packed) noexcept;
void pack_b_bf16(const uint16_t* b, size_t n, size_t k, uint16_t* packed) noexcept;
void pack_b_s8(const int8_t* b, size_t n, size_t k, int8_t* packed) noexcept;

// Back to [n, k] row-major, for tests and exports.
void unpack_b_f32(const float* packed, size_t n, size_t k, float* b) noexcept;
void unpack_b_bf16(const uint16_t* packed, size_t n, size_t k, uint16_t* b) noexcept;
void unpack_b_s8(const int8_t* packed, size_t n, size_t k, int8_t* b) noexcept;

// Round to nearest even, as torch does; NaN stays NaN.
uint16_t to_bf16(float value) noexcept;
float from_bf16(uint16_t bits) noexcept;
void to_bf16(const float* values, size_t count, uint16_t* bits) noexcept;
void from_bf16(const uint16_t* bits, size_t count, float* values) noexcept;

}  // namespace simdclip::kernels
