#include "text/text_steps.h"

#include <algorithm>
#include <array>
#include <utility>

#include "text/grapheme.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

using Words = std::vector<std::u32string>;

bool is(char32_t c, uint32_t bit) noexcept { return (unicode_bits(c) & bit) != 0; }

bool is_chinese(char32_t c) noexcept {
  constexpr std::pair<char32_t, char32_t> kBlocks[] = {
      {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
      {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0x2F800, 0x2FA1F}};
  return std::any_of(std::begin(kBlocks), std::end(kBlocks),
                     [&](const auto& block) { return c >= block.first && c <= block.second; });
}

void bert_normalize(std::u32string& text, uint32_t flags) {
  if ((flags & kBertCleanText) != 0) {
    std::erase_if(text, [](char32_t c) { return is(c, kRustBertRemoved); });
    for (char32_t& c : text) {
      if (is(c, kRustWhiteSpace)) c = U' ';
    }
  }
  if ((flags & kBertChinese) != 0 && std::any_of(text.begin(), text.end(), is_chinese)) {
    std::u32string out;
    for (char32_t c : text) is_chinese(c) ? out.append({U' ', c, U' '}) : out.append(1, c);
    text = std::move(out);
  }
  if ((flags & kBertStripAccents) != 0) {
    normalize_nfd(text, UnicodeLibrary::rust);
    std::erase_if(text, [](char32_t c) { return is(c, kRustBertMark); });
  }
  if ((flags & kBertLowercase) != 0) lower_rust(text);
}

void replace_all(std::u32string& text, const std::u32string& from, const std::u32string& to) {
  if (from.empty() || text.find(from) == std::u32string::npos) return;
  std::u32string out;
  out.reserve(text.size());
  size_t begin = 0;
  for (size_t at = text.find(from); at != std::u32string::npos; at = text.find(from, begin)) {
    out.append(text, begin, at - begin).append(to);
    begin = at + from.size();
  }
  text = std::move(out.append(text, begin));
}

void collapse_spaces(std::u32string& text, const std::u32string& to) {
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    const size_t end = std::min(text.find_first_not_of(U' ', i), text.size());
    if (end < i + 2) {
      out += text[i++];
    } else {
      out += to;
      i = end;
    }
  }
  text = std::move(out);
}

void strip(std::u32string& text, uint32_t flags) {
  const auto white = [](char32_t c) { return is(c, kRustWhiteSpace); };
  if ((flags & 2U) != 0) text.erase(std::find_if_not(text.rbegin(), text.rend(), white).base(), text.end());
  if ((flags & 1U) != 0) text.erase(text.begin(), std::find_if_not(text.begin(), text.end(), white));
}

// --- pre-tokenizers ---

void split_white_space(std::u32string_view text, Words& out) {
  for (size_t i = 0; i < text.size();) {
    while (i < text.size() && is(text[i], kRustWhiteSpace)) ++i;
    const size_t begin = i;
    while (i < text.size() && !is(text[i], kRustWhiteSpace)) ++i;
    if (i > begin) out.emplace_back(text.substr(begin, i - begin));
  }
}

void split_bert(std::u32string_view text, Words& out) {
  Words parts;
  split_white_space(text, parts);
  for (const std::u32string& part : parts) {
    size_t begin = 0;
    for (size_t i = 0; i < part.size(); ++i) {
      if (!is(part[i], kRustBertPunctuation)) continue;
      if (i > begin) out.emplace_back(part.substr(begin, i - begin));
      out.emplace_back(1, part[i]);
      begin = i + 1;
    }
    if (begin < part.size()) out.emplace_back(part.substr(begin));
  }
}

// Every mark begins a word, one of its own where another follows.
void split_at_marks(std::u32string_view text, char32_t mark, Words& out) {
  size_t begin = 0;
  for (size_t i = 1; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != mark) continue;
    out.emplace_back(text.substr(begin, i - begin));
    begin = i;
  }
}

void metaspace(std::u32string text, const std::u32string& mark, uint32_t flags, bool at_start, Words& out) {
  replace_all(text, U" ", mark);
  const bool wanted = (flags & kMetaspacePrepend) != 0 || ((flags & kMetaspaceFirst) != 0 && at_start);
  if (wanted && !text.starts_with(mark)) text.insert(0, mark);
  if (text.empty()) return;
  if ((flags & kMetaspaceSplit) != 0 && mark.size() == 1) {
    split_at_marks(text, mark[0], out);
  } else {
    out.push_back(std::move(text));
  }
}

// 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
size_t byte_level_word(std::u32string_view text) {
  if (text[0] == U'\'') {
    for (std::u32string_view tail : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
      if (text.starts_with(tail)) return tail.size();
    }
  }
  const size_t first = text[0] == U' ' && text.size() > 1 ? 1 : 0;
  for (uint32_t bit : {kRustLetter, kRustNumber, kRustOther}) {
    size_t end = first;
    while (end < text.size() && is(text[end], bit)) ++end;
    if (end > first) return end;
  }
  size_t end = 0;
  while (end < text.size() && is(text[end], kRustSpace)) ++end;
  return end < text.size() && end > 1 ? end - 1 : std::max(end, size_t{1});
}

// A character for each byte: printable ones of Latin-1 as they are, the others from U+0100 on.
std::u32string bytes_as_characters(std::u32string_view text) {
  static const std::array<char32_t, 256> characters = [] {
    std::array<char32_t, 256> table{};
    const auto order = clip_byte_order();
    const auto order_begin = order.begin();
    const auto hidden = std::find(order_begin, order.end(), uint8_t{0}) - order_begin;  // byte 0 is the first
    for (std::ptrdiff_t i = 0; i < 256; ++i) {
      const uint8_t byte = order[static_cast<size_t>(i)];
      table[byte] = i < hidden ? char32_t{byte} : static_cast<char32_t>(256 + i - hidden);
    }
    return table;
  }();
  std::u32string out;
  for (char byte : encode_utf8(text)) out += characters[static_cast<uint8_t>(byte)];
  return out;
}

void byte_level(std::u32string text, uint32_t flags, Words& out) {
  if ((flags & kByteLevelPrefixSpace) != 0 && !text.starts_with(U' ')) text.insert(0, 1, U' ');
  if ((flags & kByteLevelExpression) == 0) {
    if (!text.empty()) out.push_back(bytes_as_characters(text));
    return;
  }
  for (std::u32string_view rest = text; !rest.empty();) {
    const size_t n = byte_level_word(rest);
    out.push_back(bytes_as_characters(rest.substr(0, n)));
    rest.remove_prefix(n);
  }
}

}  // namespace

TextSteps::TextSteps(const VocabularyTable& table, const std::string& where)
    : charsmap_(table.charsmap(), where) {
  for (const Step& step : table.steps()) {
    auto& list = step.kind < TextStep::split_white_space ? normalizers_ : splitters_;
    list.push_back({step.kind, step.flags, decode_utf8(step.a), decode_utf8(step.b)});
  }
}

void TextSteps::normalize(std::u32string& text) const {
  for (const Operation& step : normalizers_) apply(step, text);
}

void TextSteps::apply(const Operation& step, std::u32string& text) const {
  switch (step.kind) {
    case TextStep::nfc: normalize_nfc(text, UnicodeLibrary::rust); break;
    case TextStep::nfd: normalize_nfd(text, UnicodeLibrary::rust); break;
    case TextStep::lowercase: lower_rust(text); break;
    case TextStep::charsmap: apply_charsmap(text); break;
    case TextStep::replace: replace_all(text, step.a, step.b); break;
    case TextStep::collapse_spaces: collapse_spaces(text, step.a); break;
    case TextStep::prepend:
      if (!text.empty()) text.insert(0, step.a);
      break;
    case TextStep::bert: bert_normalize(text, step.flags); break;
    case TextStep::strip: strip(text, step.flags); break;
    default: break;
  }
}

// A cluster of less than 6 bytes is looked up whole, and then replaced whole even where only its beginning is
// in the table; longer ones character by character.
void TextSteps::apply_charsmap(std::u32string& text) const {
  std::u32string out;
  out.reserve(text.size());
  for (std::u32string_view rest = text; !rest.empty();) {
    const size_t n = grapheme_length(rest);
    const std::u32string_view cluster = rest.substr(0, n);
    rest.remove_prefix(n);
    if (n < 6) {
      const std::string bytes = encode_utf8(cluster);
      if (bytes.size() < 6) {
        if (const auto match = charsmap_.shortest(bytes)) {
          out += decode_utf8(match->text);
          continue;
        }
      }
    }
    for (char32_t c : cluster) {
      const auto match = charsmap_.shortest(encode_utf8({&c, 1}));
      match ? out.append(decode_utf8(match->text)) : out.append(1, c);
    }
  }
  text = std::move(out);
}

std::vector<std::u32string> TextSteps::words(std::u32string text, bool at_start) const {
  Words parts;
  if (text.empty()) return parts;
  parts.push_back(std::move(text));
  for (const Operation& step : splitters_) {
    Words next;
    for (std::u32string& part : parts) {
      switch (step.kind) {
        case TextStep::split_white_space:
          at_start = at_start && !is(part[0], kRustWhiteSpace);
          split_white_space(part, next);
          break;
        case TextStep::metaspace:
          metaspace(std::move(part), step.a, step.flags, at_start && &part == parts.data(), next);
          break;
        case TextStep::split_bert: split_bert(part, next); break;
        case TextStep::byte_level: byte_level(std::move(part), step.flags, next); break;
        default: break;
      }
    }
    parts = std::move(next);
  }
  return parts;
}

}  // namespace simdclip
