#include "text/spiece_normalizer.h"

#include <cstring>

#include "base/fail.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

}  // namespace

SpieceNormalizer::SpieceNormalizer(const SpieceModel& model, const std::string& where)
    : dummy_prefix_(model.add_dummy_prefix),
      remove_extra_(model.remove_extra_whitespaces),
      escape_(model.escape_whitespaces),
      suffix_(model.whitespace_as_suffix) {
  for (const Piece& piece : model.pieces) {
    if (piece.type == PieceType::user_defined) user_defined_.add(piece.text, 0);
  }
  user_defined_.sort();
  if (model.charsmap.empty()) return;
  uint32_t trie_bytes = 0;
  if (model.charsmap.size() >= 4) std::memcpy(&trie_bytes, model.charsmap.data(), 4);
  if (trie_bytes == 0 || trie_bytes % 4 != 0 || model.charsmap.size() < 5 ||
      trie_bytes > model.charsmap.size() - 5 || model.charsmap.back() != '\0') {
    fail(ErrorCode::damaged, where,
         ": the normalization table of the SentencePiece model is damaged; download it again");
  }
  trie_.resize(trie_bytes / 4);
  std::memcpy(trie_.data(), model.charsmap.data() + 4, trie_bytes);
  replacements_.assign(model.charsmap.begin() + 4 + trie_bytes, model.charsmap.end());
}

SpieceNormalizer::Step SpieceNormalizer::step(std::string_view text) const {
  size_t kept = 0;
  user_defined_.for_each_prefix(text, [&](size_t length, uint32_t) { kept = length; });
  if (kept != 0) return {text.substr(0, kept), kept};

  // Darts: a unit's low bits are a label or a value, bit 8 says that a value follows, the rest is the
  // distance to the children.
  const auto offset = [](uint32_t unit) { return (unit >> 10U) << ((unit & (1U << 9U)) >> 6U); };
  size_t longest = 0, value = 0;
  uint32_t node = trie_.empty() ? 0 : offset(trie_[0]);
  for (size_t i = 0; !trie_.empty() && i < text.size(); ++i) {
    const auto b = static_cast<uint8_t>(text[i]);
    node ^= b;
    if (node >= trie_.size() || (trie_[node] & (1U << 31U | 0xFFU)) != b) break;
    const bool leaf = (trie_[node] >> 8U & 1U) != 0;
    node ^= offset(trie_[node]);
    if (node >= trie_.size()) break;
    if (!leaf) continue;
    longest = i + 1;
    value = trie_[node] & 0x7FFFFFFFU;
  }
  if (longest != 0 && value < replacements_.size()) return {replacements_.data() + value, longest};

  char32_t c = 0;
  const int length = decode_utf8_step(text, c);
  if (length < 0) return {"\xEF\xBF\xBD", 1};
  return {text.substr(0, static_cast<size_t>(length)), static_cast<size_t>(length)};
}

std::string SpieceNormalizer::normalize(std::string_view text) const {
  while (remove_extra_ && !text.empty()) {
    const Step s = step(text);
    if (s.text != " ") break;
    text.remove_prefix(s.length);
  }
  std::string out;
  if (text.empty()) return out;
  const std::string_view space = escape_ ? kSpaceSymbol : " ";
  out.reserve(text.size() + text.size() / 2);
  if (dummy_prefix_ && !suffix_) out.append(space.data(), space.size());
  bool after_space = remove_extra_;
  while (!text.empty()) {
    Step s = step(text);
    while (after_space && s.text.starts_with(' ')) s.text.remove_prefix(1);
    for (char c : s.text) c == ' ' ? out.append(space.data(), space.size()) : out.append(1, c);
    if (!s.text.empty()) after_space = s.text.ends_with(' ');
    if (!remove_extra_) after_space = false;
    text.remove_prefix(s.length);
  }
  while (remove_extra_ && out.ends_with(space)) out.erase(out.size() - space.size());
  if (dummy_prefix_ && suffix_) out.append(space.data(), space.size());
  return out;
}

}  // namespace simdclip
