#include "text/html.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "text/ftfy_tables.h"

namespace simdclip {
namespace {

using Text = std::u32string_view;

bool is_digit(char32_t c) { return c >= U'0' && c <= U'9'; }
bool is_letter(char32_t c) { return (c >= U'a' && c <= U'z') || (c >= U'A' && c <= U'Z'); }
int hex_value(char32_t c) {
  if (is_digit(c)) return static_cast<int>(c - U'0');
  const char32_t lower = c | 0x20U;
  return lower >= U'a' && lower <= U'f' ? static_cast<int>(lower - U'a') + 10 : -1;
}

// The entity of that name, or nothing. Names are ASCII.
const HtmlEntity* find_entity(std::span<const HtmlEntity> table, const char* names, Text name) {
  const auto less = [&](const HtmlEntity& e, Text n) {
    return std::lexicographical_compare(names + e.offset, names + e.offset + e.length, n.begin(), n.end(),
                                        [](char32_t a, char32_t b) { return a < b; });
  };
  const auto found = std::lower_bound(table.begin(), table.end(), name, less);
  const bool equal = found != table.end() && found->length == name.size() &&
                     std::equal(name.begin(), name.end(), names + found->offset, [](char32_t a, char b) { return a == static_cast<char32_t>(b); });
  return equal ? &*found : nullptr;
}

const HtmlEntity* find_html5(Text name) { return find_entity({kHtml5Table, kHtml5Count}, kHtml5Names, name); }

void append_value(std::u32string& out, const HtmlEntity& entity) {
  for (char32_t c : entity.value) {
    if (c != 0) out += c;
  }
}

bool is_dropped(char32_t c) {  // control characters and noncharacters
  return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFEU) == 0xFFFE;
}

void append_numeric(std::u32string& out, char32_t number) {
  if (number >= 0x80 && number <= 0x9F) {
    out += char32_t{kWindows1252[number - 0x80]};
  } else if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF)) {
    out += char32_t{0xFFFD};
  } else if (!is_dropped(number)) {
    out += number;
  }
}

struct Numeric {
  char32_t number;  // 0x110000 for everything that is too large
  size_t length;    // of the reference, '&' and ';' included
};

// "&#233;" or "&#xE9" at the start of `text`.
std::optional<Numeric> read_numeric(Text text) {
  if (text.size() < 3 || text[1] != U'#') return std::nullopt;
  const bool hex = text[2] == U'x' || text[2] == U'X';
  const size_t first = hex ? 3 : 2;
  size_t end = first;
  char32_t number = 0;
  for (; end < text.size(); ++end) {
    const int digit = hex_value(text[end]);
    if (digit < 0 || (!hex && digit > 9)) break;
    number = std::min<char32_t>(number * (hex ? 16 : 10) + static_cast<char32_t>(digit), 0x110000);
  }
  if (end == first) return std::nullopt;
  return Numeric{number, end + (end < text.size() && text[end] == U';' ? 1 : 0)};
}

// The name after '&' and what it stands for; the longest known beginning when the whole is none. Returns the length consumed.
size_t append_named(std::u32string& out, Text text) {
  constexpr size_t kLongest = 32;
  const Text stop = U"\t\n\f <&#;";
  size_t end = 1;
  while (end < text.size() && end <= kLongest && stop.find(text[end]) == Text::npos) ++end;
  if (end == 1) return 0;
  if (end < text.size() && text[end] == U';') ++end;
  const Text name = text.substr(1, end - 1);
  if (const HtmlEntity* entity = find_html5(name)) {
    append_value(out, *entity);
    return end;
  }
  for (size_t n = name.size() - 1; n > 1; --n) {
    if (const HtmlEntity* entity = find_html5(name.substr(0, n))) {
      append_value(out, *entity);
      out += name.substr(n);
      return end;
    }
  }
  out += text.substr(0, end);
  return end;
}

// What ftfy makes of "&name;", "&#123;" or "&#x7B;" at the start of `text`; the length consumed, 0 when it is left alone.
size_t append_ftfy(std::u32string& out, Text text) {
  constexpr size_t kLongest = 24;
  const size_t first = text.size() > 1 && text[1] == U'#' ? 2 : 1;
  size_t end = first;
  while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]))) ++end;
  if (end == first || end - first > kLongest || end == text.size() || text[end] != U';') return 0;
  ++end;
  if (first == 2) {
    const auto numeric = read_numeric(text.substr(0, end));
    if (!numeric || numeric->length != end || numeric->number == U';') return 0;
    append_numeric(out, numeric->number);
    return end;
  }
  const Text name = text.substr(1, end - 1);
  const HtmlEntity* entity = find_html5(name);
  if (entity == nullptr) entity = find_entity({kFtfyEntityTable, kFtfyEntityCount}, kFtfyEntityNames, name);
  if (entity == nullptr) return 0;
  append_value(out, *entity);
  return end;
}

// Copies `text`, with `replace` called at every '&'.
template <typename Replace>
void replace_references(std::u32string& text, const Replace& replace) {
  if (text.find(U'&') == std::u32string::npos) return;
  std::u32string out;
  out.reserve(text.size());
  for (Text rest = text; !rest.empty();) {
    const size_t used = rest[0] == U'&' ? replace(out, rest) : 0;
    if (used == 0) out += rest[0];
    rest.remove_prefix(std::max<size_t>(used, 1));
  }
  text = std::move(out);
}

}  // namespace

void html_unescape(std::u32string& text) {
  replace_references(text, [](std::u32string& out, Text rest) -> size_t {
    const auto numeric = read_numeric(rest);
    if (!numeric) return append_named(out, rest);
    append_numeric(out, numeric->number);
    return numeric->length;
  });
}

void ftfy_unescape_html(std::u32string& text) {
  replace_references(text, append_ftfy);
}

}  // namespace simdclip
