#include "base/utf8.h"

#include <cstdint>

namespace simdclip {
namespace {

struct Lead {
  uint8_t length;  // of the sequence, 0 for a byte that begins none
  uint8_t low,
      high;  // range of the second byte: excludes overlong forms, surrogates and numbers above U+10FFFF
};

constexpr Lead lead_of(uint8_t b) {
  if (b < 0x80) return {1, 0, 0};
  if (b < 0xC2) return {0, 0, 0};
  if (b < 0xE0) return {2, 0x80, 0xBF};
  if (b == 0xE0) return {3, 0xA0, 0xBF};
  if (b == 0xED) return {3, 0x80, 0x9F};
  if (b < 0xF0) return {3, 0x80, 0xBF};
  if (b == 0xF0) return {4, 0x90, 0xBF};
  if (b < 0xF4) return {4, 0x80, 0xBF};
  if (b == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

int decode_utf8_step(std::string_view bytes, char32_t& c) noexcept {
  const auto first = static_cast<uint8_t>(bytes[0]);
  const Lead lead = lead_of(first);
  if (lead.length == 0) return -1;
  if (lead.length == 1) {
    c = first;
    return 1;
  }
  c = first & (0xFFU >> (lead.length + 1U));
  for (int i = 1; i < lead.length; ++i) {
    if (static_cast<size_t>(i) >= bytes.size()) return -i;
    const auto b = static_cast<uint8_t>(bytes[static_cast<size_t>(i)]);
    if (b < (i == 1 ? lead.low : 0x80) || b > (i == 1 ? lead.high : 0xBF)) return -i;
    c = (c << 6U) | (b & 0x3FU);
  }
  return lead.length;
}

bool is_utf8(std::string_view bytes) noexcept {
  while (!bytes.empty()) {
    char32_t c = 0;
    const int step = decode_utf8_step(bytes, c);
    if (step < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(step));
  }
  return true;
}

}  // namespace simdclip
