// Text that was decoded with the wrong encoding: recognising and repairing it as ftfy does.
#pragma once

#include <string>
#include <string_view>

namespace simdclip {

// Whether some sequence of characters in it is unlikely enough to be a decoding error.
bool looks_like_mojibake(std::u32string_view text);

// Undoes decoding errors, layer by layer, until nothing changes.
void fix_encoding(std::u32string& text);

// C1 control characters as the characters of Windows-1252 that they were meant to be.
void fix_c1_controls(std::u32string& text);

}  // namespace simdclip
