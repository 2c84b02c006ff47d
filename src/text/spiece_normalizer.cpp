#include "text/spiece_normalizer.h"

#include "text/utf8.h"

namespace simdclip {
namespace {

constexpr std::string_view kSpaceSymbol = "\xE2\x96\x81";  // U+2581

}  // namespace

SpieceNormalizer::SpieceNormalizer(const VocabularyTable& table, const std::string& where)
    : charsmap_(table.charsmap(), where),
      dummy_prefix_(table.has(kDummyPrefix)),
      remove_extra_(table.has(kRemoveExtraWhitespaces)),
      escape_(table.has(kEscapeWhitespaces)),
      suffix_(table.has(kWhitespaceAsSuffix)) {
  for (size_t place = 0; place < table.size(); ++place) {
    if (table.type(place) == PieceType::user_defined) user_defined_.add(table.text(place), 0);
  }
  user_defined_.sort();
}

SpieceNormalizer::Step SpieceNormalizer::step(std::string_view text) const {
  size_t kept = 0;
  user_defined_.for_each_prefix(text, [&](size_t length, uint32_t) { kept = length; });
  if (kept != 0) return {text.substr(0, kept), kept};
  if (const auto match = charsmap_.longest(text)) return {match->text, match->length};
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
