// Text inside XML and HTML.
#pragma once

#include <string>
#include <string_view>

namespace simdclip {

// &, <, >, quotes; control characters, which XML 1.0 has no place for, become spaces. Bytes above 127 are
// left as they are.
inline std::string markup_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    }
  }
  return out;
}

}  // namespace simdclip
