#include "text/mojibake.h"

#include <algorithm>
#include <array>
#include <optional>

#include "text/ftfy_tables.h"
#include "text/mojibake_bytes.h"
#include "text/unicode.h"

namespace simdclip {
namespace {

using Text = std::u32string_view;

const FtfyChar* find_char(char32_t c) {
  const auto* end = kFtfyChars + kFtfyCharCount;
  const auto* found =
      std::lower_bound(kFtfyChars, end, c, [](const FtfyChar& f, char32_t v) { return f.code_point < v; });
  return found != end && found->code_point == c ? found : nullptr;
}

uint8_t badness_class(char32_t c) {
  if (const FtfyChar* known = find_char(c)) return known->badness_class;
  const uint32_t bits = unicode_bits(c);
  return (bits & kPySpace) != 0 ? 2 : (bits & kPyWord) != 0 ? 1 : 0;
}

uint8_t clues(char32_t c) {
  const FtfyChar* known = find_char(c);
  return known != nullptr ? known->clues : uint8_t{0};
}

bool is_ascii(Text text) {
  return std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x80; });
}

bool is_c1(char32_t c) { return c >= 0x80 && c <= 0x9F; }

// The length of a run of sequences at `i` that look like UTF-8 read as a single-byte encoding, 0 for none.
size_t embedded_utf8(Text text, size_t i) {
  if (i > 0 && (clues(text[i - 1]) & kStrictContinuation) != 0) return 0;  // amid a larger garble: leave it
  const auto continues = [&](size_t at, size_t n) {
    if (at + n >= text.size()) return false;
    for (size_t k = 1; k <= n; ++k) {
      if ((clues(text[at + k]) & kContinuation) == 0) return false;
    }
    return true;
  };
  size_t end = i;
  while (end < text.size()) {
    const uint8_t lead = clues(text[end]);
    size_t length = 0;
    if ((lead & kFirstOf2) != 0 && continues(end, 1)) {
      length = 2;
    } else if ((lead & kFirstOf3) != 0 && continues(end, 2)) {
      length = 3;
    } else if ((lead & kFirstOf4) != 0 && continues(end, 3)) {
      length = 4;
    }
    if (length == 0) break;
    end += length;
  }
  return end - i;
}

// Repairs the parts that look like UTF-8 by themselves, where the whole has no one encoding. False when
// nothing changes.
bool fix_embedded(std::u32string& text) {
  std::u32string out;
  bool changed = false;
  for (size_t i = 0; i < text.size();) {
    const size_t length = embedded_utf8(text, i);
    if (length == 0) {
      if (changed) out += text[i];
      ++i;
      continue;
    }
    std::u32string part = text.substr(i, length);
    // Shorter than the text, so that this ends.
    if (length < text.size() && looks_like_mojibake(part)) {
      std::u32string fixed = part;
      fix_encoding(fixed);
      if (!changed && fixed != part) {
        changed = true;
        out.assign(text, 0, i);
      }
      part = std::move(fixed);
    }
    if (changed) out += part;
    i += length;
  }
  if (changed) text = std::move(out);
  return changed;
}

using Encodings = std::array<bool, kFtfyEncodings>;

const FtfyEncoded* find_encoded(char32_t c) {
  const auto* end = kFtfyEncoded + kFtfyEncodedCount;
  const auto* found = std::lower_bound(kFtfyEncoded, end, c,
                                       [](const FtfyEncoded& f, char32_t v) { return f.code_point < v; });
  return found != end && found->code_point == c ? found : nullptr;
}

bool is_sloppy(size_t encoding) { return encoding >= kSloppy1252 && encoding <= kSloppy1257; }

// Which encodings have every character of the text. Byte 1A of the sloppy ones is U+FFFD, not the control
// character.
Encodings possible_encodings(Text text) {
  Encodings possible;
  possible.fill(true);
  for (char32_t c : text) {
    if (c < 0x80 && c != 0x1A) continue;
    const FtfyEncoded* known = c == 0x1A ? nullptr : find_encoded(c);
    for (size_t e = 0; e < kFtfyEncodings; ++e) {
      possible[e] = possible[e] && (c == 0x1A ? !is_sloppy(e) : known != nullptr && known->bytes[e] != 0);
    }
    if (std::none_of(possible.begin(), possible.end(), [](bool p) { return p; })) break;
  }
  return possible;
}

std::string encode(Text text, size_t encoding) {
  std::string bytes;
  bytes.reserve(text.size());
  for (char32_t c : text) bytes += static_cast<char>(c < 0x80 ? c : find_encoded(c)->bytes[encoding]);
  return bytes;
}

// The text read again as UTF-8, if its bytes in that encoding are that or close to it.
std::optional<std::u32string> reread(Text text, size_t encoding) {
  std::string bytes = encode(text, encoding);
  // Not in MacRoman, where it would match an en dash before a space.
  if (encoding != kMacRoman && has_altered_utf8(bytes)) restore_byte_a0(bytes);
  if (is_sloppy(encoding)) replace_lossy_sequences(bytes);
  const bool variants = bytes.find('\xED') != std::string::npos || bytes.find('\xC0') != std::string::npos;
  return decode_strictly(bytes, variants);
}

// Latin-1 that should have been Windows-1252. False when nothing changes or a byte has no meaning there.
bool latin1_to_windows1252(std::u32string& text) {
  constexpr char32_t kUndefined[] = {0x81, 0x8D, 0x8F, 0x90, 0x9D};
  if (text.find_first_of(kUndefined, 0, std::size(kUndefined)) != std::u32string::npos) return false;
  if (std::none_of(text.begin(), text.end(), is_c1)) return false;
  fix_c1_controls(text);
  return true;
}

// One layer. False when nothing changes.
bool fix_one_layer(std::u32string& text) {
  if (is_ascii(text) || !looks_like_mojibake(text)) return false;
  const Encodings possible = possible_encodings(text);
  for (size_t e = 0; e < kFtfyEncodings; ++e) {
    if (!possible[e]) continue;
    if (auto fixed = reread(text, e)) {
      const bool changed = *fixed != text;
      text = std::move(*fixed);
      return changed;
    }
  }
  if (fix_embedded(text)) return true;
  if (possible[kLatin1] && latin1_to_windows1252(text)) return true;
  const std::u32string before = text;
  fix_c1_controls(text);
  return text != before;  // some C1 controls are themselves in Windows-1252 too
}

}  // namespace

bool looks_like_mojibake(Text text) {
  uint64_t state[kBadnessWords] = {};
  bool first = true;
  for (char32_t c : text) {
    const uint64_t* mask = kBadnessMasks[badness_class(c)];
    uint64_t final = 0;
    for (size_t w = 0; w < kBadnessWords; ++w) {
      const uint64_t begin = first ? kBadnessFirst[w] : kBadnessStart[w];
      state[w] = (((state[w] << 1U) & ~kBadnessFirst[w]) | begin) & mask[w];
      final |= state[w] & kBadnessFinal[w];
    }
    if (final != 0) return true;
    first = false;
  }
  return false;
}

void fix_encoding(std::u32string& text) {
  while (fix_one_layer(text)) {
  }
}

void fix_c1_controls(std::u32string& text) {
  for (char32_t& c : text) {
    if (is_c1(c)) c = kWindows1252[c - 0x80];
  }
}

}  // namespace simdclip
