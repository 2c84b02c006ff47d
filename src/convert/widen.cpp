#include "convert/widen.h"

#include <bit>
#include <cstring>

namespace simdclip {
namespace {

static_assert(std::endian::native == std::endian::little,
              "checkpoints are little-endian, and so are .sclip files");

template <typename T>
T load(const std::byte* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

// IEEE half, subnormals, infinities and NaN payloads included. A subnormal is a whole multiple of 2^-24.
float from_half(uint16_t half) noexcept {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000U) << 16;
  const uint32_t exponent = (half >> 10) & 0x1FU;
  const uint32_t mantissa = half & 0x3FFU;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24F;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide = exponent == 31 ? 255U : exponent + 112U;
  return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

struct Half {
  static constexpr size_t kSize = 2;
  static float at(const std::byte* p) noexcept { return from_half(load<uint16_t>(p)); }
};
struct Bfloat {
  static constexpr size_t kSize = 2;
  static float at(const std::byte* p) noexcept {
    return std::bit_cast<float>(static_cast<uint32_t>(load<uint16_t>(p)) << 16);
  }
};
struct Bool {
  static constexpr size_t kSize = 1;
  static float at(const std::byte* p) noexcept { return *p == std::byte{0} ? 0.0F : 1.0F; }
};
template <typename T>
struct Plain {
  static constexpr size_t kSize = sizeof(T);
  static float at(const std::byte* p) noexcept { return static_cast<float>(load<T>(p)); }
};

template <typename Element>
void widen_all(const std::byte* bytes, std::span<float> out) noexcept {
  for (size_t i = 0; i < out.size(); ++i) out[i] = Element::at(bytes + i * Element::kSize);
}

}  // namespace

void widen(ForeignType type, const std::byte* bytes, std::span<float> out) noexcept {
  if (out.empty()) return;
  switch (type) {
    case ForeignType::f32: std::memcpy(out.data(), bytes, out.size_bytes()); return;
    case ForeignType::f64: widen_all<Plain<double>>(bytes, out); return;
    case ForeignType::f16: widen_all<Half>(bytes, out); return;
    case ForeignType::bf16: widen_all<Bfloat>(bytes, out); return;
    case ForeignType::i64: widen_all<Plain<int64_t>>(bytes, out); return;
    case ForeignType::i32: widen_all<Plain<int32_t>>(bytes, out); return;
    case ForeignType::i16: widen_all<Plain<int16_t>>(bytes, out); return;
    case ForeignType::i8: widen_all<Plain<int8_t>>(bytes, out); return;
    case ForeignType::u8: widen_all<Plain<uint8_t>>(bytes, out); return;
    case ForeignType::boolean: widen_all<Bool>(bytes, out); return;
  }
}

float widen_one(ForeignType type, const std::byte* bytes) noexcept {
  float value = 0;
  widen(type, bytes, {&value, 1});
  return value;
}

}  // namespace simdclip
