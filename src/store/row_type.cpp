// Rows as f32, f16 and int8.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "base/fail.h"
#include "simdclip/search.h"

namespace simdclip {
namespace {

// Rounded to nearest even, as the hardware does.
uint16_t to_half(float value) {
  const auto bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16U & 0x8000U);
  const uint32_t magnitude = bits & 0x7FFFFFFFU;
  if (magnitude > 0x7F800000U) return sign | 0x7E00U;   // NaN
  if (magnitude >= 0x477FF000U) return sign | 0x7C00U;  // rounds to 65536 or more
  if (magnitude < 0x38800000U) {
    // Denormal: adding 2^-1 * 2^-24 * 2^24 rounds at the right bit.
    const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3F000000U));
  }
  const uint32_t rounded = magnitude - 0x38000000U + 0xFFFU + (magnitude >> 13U & 1U);
  return static_cast<uint16_t>(sign | rounded >> 13U);
}

// Without a branch, so that a row is widened in vectors. Infinities and NaN keep all bits of their exponent.
float from_half(uint16_t half) {
  const uint32_t sign = (half & 0x8000U) << 16U, magnitude = (half & 0x7FFFU) << 13U;
  const uint32_t special = magnitude >= 0x0F800000U ? 0x7F800000U : 0U;
  return std::bit_cast<float>(sign | special |
                              std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112F));
}

void check_sizes(size_t values, size_t bytes, RowType type) {
  if (bytes != row_bytes(type, values)) {
    fail(ErrorCode::invalid_argument, "a row of ", values, " values as ", to_string(type), " has ",
         row_bytes(type, values), " bytes, found ", bytes);
  }
}

}  // namespace

std::string_view to_string(RowType type) noexcept {
  switch (type) {
    case RowType::f32: return "f32";
    case RowType::f16: return "f16";
    case RowType::int8: break;
  }
  return "int8";
}

RowType parse_row_type(std::string_view name) {
  for (const RowType type : {RowType::f32, RowType::f16, RowType::int8}) {
    if (name == to_string(type)) return type;
  }
  fail(ErrorCode::invalid_argument, "'", name, "' is no type of rows; f32, f16 and int8 are");
}

size_t row_bytes(RowType type, size_t width) noexcept {
  return width * (type == RowType::f32 ? 4U : type == RowType::f16 ? 2U : 1U);
}

void encode_row(std::span<const float> values, RowType type, std::span<std::byte> out) {
  check_sizes(values.size(), out.size(), type);
  if (type == RowType::f32) {
    std::copy_n(std::as_bytes(values).begin(), out.size(), out.begin());
  } else if (type == RowType::f16) {
    for (size_t i = 0; i < values.size(); ++i) {
      const uint16_t half = to_half(values[i]);
      std::memcpy(out.data() + i * 2, &half, 2);
    }
  } else {
    float top = 0;
    for (const float value : values) top = std::max(top, std::fabs(value));
    const float scale = top > 0 ? 127 / top : 0;
    for (size_t i = 0; i < values.size(); ++i) {
      const float scaled = std::clamp(std::nearbyint(values[i] * scale), -127.0F, 127.0F);
      out[i] = static_cast<std::byte>(static_cast<int8_t>(std::isnan(scaled) ? 0.0F : scaled));
    }
  }
}

void decode_row(std::span<const std::byte> bytes, RowType type, std::span<float> out) {
  check_sizes(out.size(), bytes.size(), type);
  if (type == RowType::f32) {
    std::memcpy(out.data(), bytes.data(), bytes.size());
  } else if (type == RowType::f16) {
    for (size_t i = 0; i < out.size(); ++i) {
      uint16_t half = 0;
      std::memcpy(&half, bytes.data() + i * 2, 2);
      out[i] = from_half(half);
    }
  } else {
    int64_t squares = 0;
    for (const std::byte b : bytes) squares += static_cast<int8_t>(b) * static_cast<int8_t>(b);
    const auto length = squares == 0 ? 1.0 : std::sqrt(static_cast<double>(squares));
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<float>(static_cast<int8_t>(bytes[i]) / length);
    }
  }
}

}  // namespace simdclip
