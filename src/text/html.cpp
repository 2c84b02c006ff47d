#include "text/html.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

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
                     std::equal(name.begin(), name.end(), names + found->offset,
                                [](char32_t a, char b) { return a == static_cast<char32_t>(b); });
  return equal ? &*found : nullptr;
}

const HtmlEntity* find_html5(Text name) { return find_entity({kHtml5Table, kHtml5Count}, kHtml5Names, name); }

void append_value(std::u32string& out, std::span<const char32_t> value) {
  for (char32_t c : value) {
    if (c != 0) out += c;
  }
}

bool is_dropped(char32_t c) {  // control characters and noncharacters
  return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F ||
         (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFEU) == 0xFFFE;
}

// What a number stands for, 0 for nothing.
char32_t numeric_value(char32_t number) {
  if (number >= 0x80 && number <= 0x9F) return kWindows1252[number - 0x80];
  if (number == 0 || number > 0x10FFFF || (number >= 0xD800 && number <= 0xDFFF)) return 0xFFFD;
  return is_dropped(number) ? 0 : number;
}

struct Numeric {
  char32_t number;  // 0x110000 for everything that is too large
  size_t length;    // of the reference, ';' included
};

// "#233;" or "#xE9" after an '&'.
std::optional<Numeric> read_numeric(Text text) {
  if (text.size() < 2 || text[0] != U'#') return std::nullopt;
  const bool hex = text[1] == U'x' || text[1] == U'X';
  const size_t first = hex ? 2 : 1;
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

// The name after '&' and what it stands for; the longest known beginning when the whole is none. Returns the
// length consumed.
size_t append_named(std::u32string& out, Text text) {
  constexpr size_t kLongest = 32;
  const Text stop = U"\t\n\f <&#;";
  size_t end = 1;
  while (end < text.size() && end <= kLongest && stop.find(text[end]) == Text::npos) ++end;
  if (end == 1) return 0;
  if (end < text.size() && text[end] == U';') ++end;
  const Text name = text.substr(1, end - 1);
  if (const HtmlEntity* entity = find_html5(name)) {
    append_value(out, entity->value);
    return end;
  }
  for (size_t n = name.size() - 1; n > 1; --n) {
    if (const HtmlEntity* entity = find_html5(name.substr(0, n))) {
      append_value(out, entity->value);
      out += name.substr(n);
      return end;
    }
  }
  out += text.substr(0, end);
  return end;
}

// What ftfy makes of "name;", "#123;" or "#x7B;" after an '&'.
struct Reference {
  size_t length;  // 0: it is left alone
  char32_t value[3];
};

Reference read_ftfy(Text text) {
  constexpr size_t kLongest = 24;
  const size_t first = !text.empty() && text[0] == U'#' ? 1 : 0;
  size_t end = first;
  while (end < text.size() && end - first <= kLongest && (is_letter(text[end]) || is_digit(text[end]))) ++end;
  if (end == first || end - first > kLongest || end == text.size() || text[end] != U';') return {};
  ++end;
  if (first == 1) {
    const auto numeric = read_numeric(text.substr(0, end));
    if (!numeric || numeric->length != end || numeric->number == U';') return {};
    return {end, {numeric_value(numeric->number)}};
  }
  const HtmlEntity* entity = find_html5(text.substr(0, end));
  if (entity == nullptr)
    entity = find_entity({kFtfyEntityTable, kFtfyEntityCount}, kFtfyEntityNames, text.substr(0, end));
  if (entity == nullptr) return {};
  return {end, {entity->value[0], entity->value[1], entity->value[2]}};
}

// "&amp;amp;amp;lt;" loses one layer each time ftfy looks at it, so that a megabyte of it would take a
// quarter of a million rounds. All but the last layers are dropped at once; ftfy's other steps have settled
// long before those few are gone.
size_t skip_nested_ampersands(Text text) {
  constexpr size_t kLayers = 16;
  std::vector<size_t> layers;
  for (size_t i = 0;;) {
    const Reference inner = read_ftfy(text.substr(i));
    if (inner.length == 0 || inner.value[0] != U'&') break;
    layers.push_back(i);
    i += inner.length;
  }
  return layers.size() > kLayers ? layers[layers.size() - kLayers] : 0;
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
    const auto numeric = read_numeric(rest.substr(1));
    if (!numeric) return append_named(out, rest);
    const char32_t value[] = {numeric_value(numeric->number)};
    append_value(out, value);
    return 1 + numeric->length;
  });
}

void ftfy_unescape_html(std::u32string& text) {
  replace_references(text, [](std::u32string& out, Text rest) -> size_t {
    const Reference reference = read_ftfy(rest.substr(1));
    if (reference.length == 0) return 0;
    append_value(out, reference.value);
    const size_t used = 1 + reference.length;
    return reference.value[0] == U'&' ? used + skip_nested_ampersands(rest.substr(used)) : used;
  });
}

}  // namespace simdclip
