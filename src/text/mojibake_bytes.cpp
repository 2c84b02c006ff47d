#include "text/mojibake_bytes.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "text/utf8.h"

namespace simdclip {
namespace {

// Patterns are strings of class letters, one a byte; of several the first that matches counts, as in a
// regular expression.
bool in_class(char letter, uint8_t b) {
  const auto between = [&](unsigned low, unsigned high) { return b >= low && b <= high; };
  const bool lost = b == 0x1A;
  switch (letter) {
    case '_': return b == ' ';
    case '?': return b == '?';
    case 'x': return lost;
    case 'q': return lost || b == '?';
    case 'c': return between(0x80, 0xBF);
    case 'n': return between(0x80, 0xBF) && b != 0x85 && b != 0xA0;
    case 'l': return lost || between(0x80, 0xBF);
    case 'a': return b == 0xC2 || b == 0xC3 || b == 0xC5 || b == 0xCE || b == 0xD0 || b == 0xD9;
    case 'b': return b == 0xE2 || b == 0xE3;
    case 'e': return between(0xE0, 0xE3);
    case '4': return b == 0xF0;
    case '2': return between(0xC2, 0xDF);
    case 'y': return b == 0xC2 || b == 0xC3;
    case '3': return between(0xE0, 0xEF);
    case 'f': return between(0xF0, 0xF4);
    case 'D': return b == 0xED;
    case 'h': return between(0xA0, 0xAF);
    case 'w': return between(0xB0, 0xBF);
    case 'L': return lost || b == '?' || between(0x80, 0xBF);
    default: return false;
  }
}

// UTF-8 with a space in the place of A0, for the lead bytes after which that makes a likely character.
constexpr std::string_view kAltered[] = {"a_", "b_n", "en_", "4_cc", "4c_c", "4cc_"};
// UTF-8 or CESU-8 with lost bytes; a '?' counts as one at most once.
constexpr std::string_view kLossy[] = {"2x",  "y?",   "DhqDwL", "DhLDwq", "3ql",
                                       "3lq", "fqll", "flql",   "fllq",   "x"};

size_t match(std::span<const std::string_view> patterns, std::string_view bytes) {
  for (std::string_view pattern : patterns) {
    if (bytes.size() >= pattern.size() &&
        std::equal(pattern.begin(), pattern.end(), bytes.begin(),
                   [](char p, char b) { return in_class(p, static_cast<uint8_t>(b)); })) {
      return pattern.size();
    }
  }
  return 0;
}

template <typename Replace>
void replace_all(std::string& bytes, std::span<const std::string_view> patterns, const Replace& replace) {
  std::string out;
  out.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = match(patterns, std::string_view(bytes).substr(i));
    if (length == 0) {
      out += bytes[i++];
    } else {
      replace(out, std::string_view(bytes).substr(i, length));
      i += length;
    }
  }
  bytes = std::move(out);
}

// "\xC3 " was "à " most of the time: the space is kept, except before what completes a Portuguese word.
void restore_a_grave(std::string& bytes) {
  std::string out;
  out.reserve(bytes.size() + bytes.size() / 8);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const std::string_view rest = std::string_view(bytes).substr(i);
    if (!rest.starts_with("\xC3 ")) {
      out += bytes[i];
      continue;
    }
    const std::string_view after = rest.substr(2);
    const bool word = after.starts_with(" ") || after.starts_with("quele") || after.starts_with("quela") ||
                      after.starts_with("quilo") || after.starts_with("s ");
    out += word ? "\xC3 " : "\xC3\xA0 ";
    ++i;
  }
  bytes = std::move(out);
}

// The variants' sequence at the start of `bytes`, which reach to the end of the text: its length, or 0.
size_t match_variant(std::string_view bytes, char32_t& c) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  // ftfy's expressions use '$', which also stands before a newline at the very end; such a newline is then
  // read as a last byte.
  const bool newline_ends = !bytes.empty() && bytes.back() == '\n';
  if (bytes.size() >= 2 && at(0) == 0xC0 && (at(1) == 0x80 || (newline_ends && bytes.size() == 2))) {
    c = 0;
    return 2;
  }
  if (bytes.size() >= 6 && at(0) == 0xED && in_class('h', at(1)) && in_class('c', at(2)) && at(3) == 0xED &&
      in_class('w', at(4)) && (in_class('c', at(5)) || (newline_ends && bytes.size() == 6))) {
    c = ((at(1) & 0x0FU) << 16U) + ((at(2) & 0x3FU) << 10U) + ((at(4) & 0x0FU) << 6U) + (at(5) & 0x3FU) +
        0x10000U;
    return 6;
  }
  return 0;
}

}  // namespace

bool has_altered_utf8(const std::string& bytes) {
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (match(kAltered, std::string_view(bytes).substr(i)) != 0) return true;
  }
  return false;
}

void restore_byte_a0(std::string& bytes) {
  restore_a_grave(bytes);
  replace_all(bytes, kAltered, [](std::string& out, std::string_view found) {
    for (char b : found) out += b == ' ' ? '\xA0' : b;
  });
}

void replace_lossy_sequences(std::string& bytes) {
  replace_all(bytes, kLossy, [](std::string& out, std::string_view) { out += "\xEF\xBF\xBD"; });
}

std::optional<std::u32string> decode_strictly(const std::string& bytes, bool variants) {
  std::u32string out;
  out.reserve(bytes.size());
  for (std::string_view rest = bytes; !rest.empty();) {
    char32_t c = 0;
    size_t used = variants ? match_variant(rest, c) : 0;
    if (used == 0) {
      const int step = decode_utf8_step(rest, c);
      if (step < 0) return std::nullopt;
      used = static_cast<size_t>(step);
    }
    out += c;
    rest.remove_prefix(used);
  }
  return out;
}

}  // namespace simdclip
