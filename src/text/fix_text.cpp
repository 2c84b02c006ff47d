#include "text/fix_text.h"

#include <algorithm>

#include "text/ftfy_tables.h"
#include "text/html.h"
#include "text/mojibake.h"
#include "text/unicode.h"

namespace simdclip {
namespace {

constexpr size_t kLongestSegment = 1'000'000;

// Latin ligatures as their letters; full-width and half-width forms as the usual ones.
void replace_ligatures_and_widths(std::u32string& text) {
  const auto find = [](char32_t c) -> const FtfyReplacement* {
    const auto* end = kFtfyReplacements + kFtfyReplacementCount;
    const auto* found = std::lower_bound(
        kFtfyReplacements, end, c, [](const FtfyReplacement& r, char32_t v) { return r.code_point < v; });
    return found != end && found->code_point == c ? found : nullptr;
  };
  const auto first = std::find_if(text.begin(), text.end(), [&](char32_t c) {
    return c >= kFtfyReplacements[0].code_point && find(c) != nullptr;
  });
  if (first == text.end()) return;
  std::u32string out(text.begin(), first);
  for (auto i = first; i != text.end(); ++i) {
    const FtfyReplacement* replacement = find(*i);
    if (replacement == nullptr) {
      out += *i;
      continue;
    }
    for (char32_t c : replacement->text) {
      if (c != 0) out += c;
    }
  }
  text = std::move(out);
}

void uncurl_quotes(std::u32string& text) {
  for (char32_t& c : text) {
    if (c >= 0x201C && c <= 0x201F) c = U'"';
    if (c == 0x2BC || (c >= 0x2018 && c <= 0x201B)) c = U'\'';
  }
}

void fix_line_breaks(std::u32string& text) {
  size_t out = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    char32_t c = text[i];
    if (c == U'\r' && i + 1 < text.size() && text[i + 1] == U'\n') continue;
    if (c == U'\r' || c == 0x2028 || c == 0x2029 || c == 0x85) c = U'\n';
    text[out++] = c;
  }
  text.resize(out);
}

// "\x1b[0;31m" and its like: ESC [, decimal digits (of any script) and semicolons, a letter.
void remove_terminal_escapes(std::u32string& text) {
  if (text.find(U'\x1b') == std::u32string::npos) return;
  std::u32string out;
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    if (text[i] == U'\x1b' && i + 1 < text.size() && text[i + 1] == U'[') {
      end = i + 2;
      while (end < text.size() && (text[end] == U';' || (unicode_bits(text[end]) & kPyDecimal) != 0)) ++end;
      const char32_t last = end < text.size() ? text[end] | 0x20U : 0;
      end = last >= U'a' && last <= U'z' ? end + 1 : i;
    }
    if (end == i) {
      out += text[i++];
    } else {
      i = end;
    }
  }
  text = std::move(out);
}

// Control characters without a shown effect; not the ones that are white space, joiners and direction marks.
bool is_removed_control(char32_t c) {
  return c < 0x9 || c == 0xB || (c >= 0xE && c < 0x20) || c == 0x7F || (c >= 0x206A && c <= 0x206F) ||
         c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFC);
}

void fix_segment(std::u32string& text, bool unescape) {
  for (std::u32string before; before != text;) {
    before = text;
    if (unescape) ftfy_unescape_html(text);
    fix_encoding(text);
    fix_c1_controls(text);
    replace_ligatures_and_widths(text);
    uncurl_quotes(text);
    fix_line_breaks(text);
    // ftfy joins surrogates here; text that came from UTF-8 has none.
    remove_terminal_escapes(text);
    std::erase_if(text, is_removed_control);
    normalize_nfc(text, UnicodeLibrary::python);
  }
}

// Text that ftfy leaves as it is, up to white space. Most captions.
bool is_plain(const std::u32string& text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) {
    return (c >= 0x20 && c < 0x7F && c != U'&') || c == U'\t' || c == U'\n';
  });
}

}  // namespace

void ftfy_fix_text(std::u32string& text) {
  if (is_plain(text)) return;
  std::u32string out;
  out.reserve(text.size());
  bool unescape = true;
  for (size_t begin = 0; begin < text.size();) {
    const size_t newline = text.find(U'\n', begin);
    const size_t end =
        std::min(newline == std::u32string::npos ? text.size() : newline + 1, begin + kLongestSegment);
    std::u32string segment = text.substr(begin, end - begin);
    // A '<' says that this is HTML, where references are meant; from there on they stay.
    unescape = unescape && segment.find(U'<') == std::u32string::npos;
    fix_segment(segment, unescape);
    out += segment;
    begin = end;
  }
  text = std::move(out);
}

}  // namespace simdclip
