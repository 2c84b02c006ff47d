// UTF-8 to code points and back; what is well-formed says base/utf8.h.
#pragma once

#include <string>
#include <string_view>

#include "base/utf8.h"

namespace simdclip {

// Malformed UTF-8 becomes U+FFFD, one for each maximal subpart, as Python's bytes.decode("utf-8",
// errors="replace").
std::u32string decode_utf8(std::string_view bytes);

// Appends the UTF-8 of one code point (not a surrogate).
void append_utf8(std::string& out, char32_t c);
std::string encode_utf8(std::u32string_view text);

}  // namespace simdclip
