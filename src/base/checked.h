// The one place where sizes are multiplied and added. Every size that comes from a file goes through here,
// because readers of model files keep having the same bug: products that overflow before they are checked
// (ggml CVE-2026-27940).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

namespace simdclip {

// a * b, or nothing when it does not fit.
constexpr std::optional<uint64_t> checked_mul(uint64_t a, uint64_t b) noexcept {
  if (a != 0 && b > std::numeric_limits<uint64_t>::max() / a) return std::nullopt;
  return a * b;
}

// a + b, or nothing when it does not fit.
constexpr std::optional<uint64_t> checked_add(uint64_t a, uint64_t b) noexcept {
  if (b > std::numeric_limits<uint64_t>::max() - a) return std::nullopt;
  return a + b;
}

// Bytes of a dense tensor, or nothing when the product does not fit.
constexpr std::optional<uint64_t> checked_bytes(std::span<const uint64_t> shape,
                                                uint64_t element_size) noexcept {
  uint64_t bytes = element_size;
  for (uint64_t extent : shape) {
    const auto product = checked_mul(bytes, extent);
    if (!product) return std::nullopt;
    bytes = *product;
  }
  return bytes;
}

constexpr uint64_t ceil_div(uint64_t a, uint64_t b) noexcept { return a / b + (a % b != 0); }
// Wraps where it does not fit: for sizes that are known to be small.
constexpr uint64_t round_up(uint64_t a, uint64_t multiple) noexcept {
  return ceil_div(a, multiple) * multiple;
}
// The same, or nothing when it does not fit.
constexpr std::optional<uint64_t> checked_round_up(uint64_t a, uint64_t multiple) noexcept {
  return checked_mul(ceil_div(a, multiple), multiple);
}

}  // namespace simdclip
