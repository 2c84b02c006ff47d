#include "kernels/gemm/pack.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace simdclip::kernels {
namespace {

// A transpose of 4-byte groups, whatever they hold, in blocks of 16 x 16 groups: 16 cache lines of each side.
// Reading the 16 rows of a panel and writing the panel are both sequential, so memory of any size streams
// through once.
constexpr size_t kBlock = 16;

struct Rows {
  size_t n, row_bytes;
  size_t groups() const { return (row_bytes + kGroupBytes - 1) / kGroupBytes; }
  size_t whole_groups() const { return row_bytes / kGroupBytes; }
};

void pack_block(const unsigned char* rows, size_t row_bytes, size_t columns, size_t groups,
                unsigned char* packed) {
  if (columns < kPanelColumns) std::memset(packed, 0, groups * kPanelColumns * kGroupBytes);
  for (size_t c = 0; c < columns; ++c) {
    for (size_t g = 0; g < groups; ++g) {
      std::memcpy(packed + (g * kPanelColumns + c) * kGroupBytes, rows + c * row_bytes + g * kGroupBytes,
                  kGroupBytes);
    }
  }
}

void unpack_block(const unsigned char* packed, size_t columns, size_t groups, unsigned char* rows,
                  size_t row_bytes) {
  for (size_t c = 0; c < columns; ++c) {
    for (size_t g = 0; g < groups; ++g) {
      std::memcpy(rows + c * row_bytes + g * kGroupBytes, packed + (g * kPanelColumns + c) * kGroupBytes,
                  kGroupBytes);
    }
  }
}

void pack(const unsigned char* b, Rows shape, unsigned char* packed) {
  constexpr size_t kGroupRow = kPanelColumns * kGroupBytes;
  const size_t whole = shape.whole_groups(), tail = shape.row_bytes - whole * kGroupBytes;
  for (size_t n = 0; n < shape.n; n += kPanelColumns, packed += shape.groups() * kGroupRow) {
    const size_t columns = std::min(kPanelColumns, shape.n - n);
    const unsigned char* rows = b + n * shape.row_bytes;
    for (size_t g = 0; g < whole; g += kBlock) {
      pack_block(rows + g * kGroupBytes, shape.row_bytes, columns, std::min(kBlock, whole - g),
                 packed + g * kGroupRow);
    }
    if (tail == 0) continue;
    std::memset(packed + whole * kGroupRow, 0, kGroupRow);
    for (size_t c = 0; c < columns; ++c) {
      std::memcpy(packed + whole * kGroupRow + c * kGroupBytes,
                  rows + c * shape.row_bytes + whole * kGroupBytes, tail);
    }
  }
}

void unpack(const unsigned char* packed, Rows shape, unsigned char* b) {
  constexpr size_t kGroupRow = kPanelColumns * kGroupBytes;
  const size_t whole = shape.whole_groups(), tail = shape.row_bytes - whole * kGroupBytes;
  for (size_t n = 0; n < shape.n; n += kPanelColumns, packed += shape.groups() * kGroupRow) {
    const size_t columns = std::min(kPanelColumns, shape.n - n);
    unsigned char* rows = b + n * shape.row_bytes;
    for (size_t g = 0; g < whole; g += kBlock) {
      unpack_block(packed + g * kGroupRow, columns, std::min(kBlock, whole - g), rows + g * kGroupBytes,
                   shape.row_bytes);
    }
    for (size_t c = 0; tail != 0 && c < columns; ++c) {
      std::memcpy(rows + c * shape.row_bytes + whole * kGroupBytes,
                  packed + whole * kGroupRow + c * kGroupBytes, tail);
    }
  }
}

template <typename T>
const unsigned char* bytes(const T* p) {
  return reinterpret_cast<const unsigned char*>(p);
}
template <typename T>
unsigned char* bytes(T* p) {
  return reinterpret_cast<unsigned char*>(p);
}

// Branchless, so that the loops over arrays become vectors.
uint16_t round_to_bf16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t rounded = (bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16;
  const uint32_t quiet_nan = (bits >> 16) | 0x40U;
  return static_cast<uint16_t>((bits & 0x7FFFFFFFU) > 0x7F800000U ? quiet_nan : rounded);
}
float widen_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

}  // namespace

void pack_b_f32(const float* b, size_t n, size_t k, float* packed) noexcept {
  pack(bytes(b), {n, k * 4}, bytes(packed));
}
void pack_b_bf16(const uint16_t* b, size_t n, size_t k, uint16_t* packed) noexcept {
  pack(bytes(b), {n, k * 2}, bytes(packed));
}
void pack_b_s8(const int8_t* b, size_t n, size_t k, int8_t* packed) noexcept {
  pack(bytes(b), {n, k}, bytes(packed));
}
void unpack_b_f32(const float* packed, size_t n, size_t k, float* b) noexcept {
  unpack(bytes(packed), {n, k * 4}, bytes(b));
}
void unpack_b_bf16(const uint16_t* packed, size_t n, size_t k, uint16_t* b) noexcept {
  unpack(bytes(packed), {n, k * 2}, bytes(b));
}
void unpack_b_s8(const int8_t* packed, size_t n, size_t k, int8_t* b) noexcept {
  unpack(bytes(packed), {n, k}, bytes(b));
}

uint16_t to_bf16(float value) noexcept { return round_to_bf16(value); }
float from_bf16(uint16_t bits) noexcept { return widen_bf16(bits); }
void to_bf16(const float* values, size_t count, uint16_t* bits) noexcept {
  for (size_t i = 0; i < count; ++i) bits[i] = round_to_bf16(values[i]);
}
void from_bf16(const uint16_t* bits, size_t count, float* values) noexcept {
  for (size_t i = 0; i < count; ++i) values[i] = widen_bf16(bits[i]);
}

}  // namespace simdclip::kernels
