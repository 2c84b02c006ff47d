// What is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <string_view>

namespace simdclip {

// One step of decoding: the length of the well-formed sequence at the start of `bytes` (then `c` is its code
// point), or minus the length of the maximal subpart of an ill-formed one. `bytes` is not empty.
int decode_utf8_step(std::string_view bytes, char32_t& c) noexcept;

// Whether the bytes are well-formed UTF-8.
bool is_utf8(std::string_view bytes) noexcept;

}  // namespace simdclip
