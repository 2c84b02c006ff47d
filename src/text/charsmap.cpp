#include "text/charsmap.h"

#include <cstring>

#include "base/fail.h"

namespace simdclip {

Charsmap::Charsmap(std::string_view bytes, const std::string& where) {
  if (bytes.empty()) return;
  uint32_t trie_bytes = 0;
  if (bytes.size() >= 4) std::memcpy(&trie_bytes, bytes.data(), 4);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || bytes.size() < 5 || trie_bytes > bytes.size() - 5 ||
      bytes.back() != '\0') {
    fail(ErrorCode::damaged, where,
         ": the normalization table of the SentencePiece model is damaged; download it again");
  }
  trie_ = bytes.substr(4, trie_bytes);
  replacements_ = bytes.substr(4 + size_t{trie_bytes});
}

uint32_t Charsmap::unit(size_t i) const noexcept {
  uint32_t value = 0;
  std::memcpy(&value, trie_.data() + 4 * i, 4);
  return value;
}

std::optional<Charsmap::Match> Charsmap::search(std::string_view text, bool longest) const noexcept {
  const size_t units = trie_.size() / 4;
  if (units == 0) return std::nullopt;
  // A unit's low bits are a label or a value, bit 8 says that a value follows, the rest is the distance to
  // the children.
  const auto offset = [](uint32_t u) { return (u >> 10U) << ((u & (1U << 9U)) >> 6U); };
  std::optional<Match> found;
  size_t node = offset(unit(0));
  for (size_t i = 0; i < text.size(); ++i) {
    const auto b = static_cast<uint8_t>(text[i]);
    node ^= b;
    if ((b == 0 && !longest) || node >= units) break;
    const uint32_t here = unit(node);
    if ((here & (1U << 31U | 0xFFU)) != b) break;
    node ^= offset(here);
    if (node >= units) break;
    if ((here >> 8U & 1U) == 0) continue;
    const size_t value = unit(node) & 0x7FFFFFFFU;
    if (value >= replacements_.size()) continue;
    const std::string_view rest = replacements_.substr(value);
    found = Match{rest.substr(0, rest.find('\0')), i + 1};
    if (!longest) break;
  }
  return found;
}

}  // namespace simdclip
