#include "store/row_names.h"

#include "base/fail.h"

namespace simdclip {

std::string names_beside(const std::string& npy) {
  const size_t dot = npy.rfind('.'), slash = npy.rfind('/');
  const bool has_ending =
      dot != std::string::npos && dot != 0 && (slash == std::string::npos || dot > slash + 1);
  const std::string names = (has_ending ? npy.substr(0, dot) : npy) + ".tsv";
  if (names == npy) {
    fail(ErrorCode::invalid_argument, npy,
         ": this name is taken by the list of sources; give the output the ending .npy");
  }
  return names;
}

void append_escaped(std::string& out, std::string_view source) {
  for (const char c : source) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default: out += c;
    }
  }
}

std::string unescaped(std::string_view text) {
  if (text.find('\\') == std::string_view::npos) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    out += c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
  }
  return out;
}

std::string escaped(std::string_view source) {
  std::string out;
  append_escaped(out, source);
  return out;
}

}  // namespace simdclip
