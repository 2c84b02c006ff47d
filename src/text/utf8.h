// UTF-8 to code points and back.
#pragma once

#include <string>
#include <string_view>

namespace simdclip {

// Malformed UTF-8 becomes U+FFFD, one for each maximal subpart, as Python's bytes.decode("utf-8",
// errors="replace").
std::u32string decode_utf8(std::string_view bytes);

// Whether the bytes are well-formed UTF-8.
bool is_utf8(std::string_view bytes) noexcept;

// Appends the UTF-8 of one code point (not a surrogate).
void append_utf8(std::string& out, char32_t c);
std::string encode_utf8(std::u32string_view text);

// One step of decoding, shared with the decoders of damaged text: the length of the well-formed sequence at
// the start of `bytes` (then `c` is its code point), or minus the length of the maximal subpart of an
// ill-formed one. `bytes` is not empty.
int decode_utf8_step(std::string_view bytes, char32_t& c) noexcept;

}  // namespace simdclip
