// ftfy.fix_text() in its default configuration.
#pragma once

#include <string>

namespace simdclip {

// Fixes each line by itself (and each million characters of a longer one): character references, decoding
// errors, control characters, ligatures, width, quotes, line breaks, NFC; over and over until nothing
// changes.
void ftfy_fix_text(std::u32string& text);

}  // namespace simdclip
