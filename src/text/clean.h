// What a reference tokenizer does to a text before it splits it into words.
#pragma once

#include <string>

namespace simdclip {

// open_clip's default: ftfy.fix_text, html.unescape twice, white space runs to one space, none at the ends,
// str.lower().
void clean_open_clip(std::u32string& text);

// transformers' fast CLIP tokenizer: NFC, white space runs to one space, lower case.
void clean_transformers(std::u32string& text);

}  // namespace simdclip
