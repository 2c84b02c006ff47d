// What a reference tokenizer does to a text before it splits it into words.
#pragma once

#include <string>

#include "format/config.h"

namespace simdclip {

// open_clip's default: ftfy.fix_text, html.unescape twice, white space runs to one space, none at the ends,
// str.lower().
void clean_open_clip(std::u32string& text);

// open_clip's clean='whitespace': the same, the case kept.
void clean_open_clip_whitespace(std::u32string& text);

// open_clip's clean='canonicalize': `_` to a space, ASCII punctuation dropped, then lower case and white
// space.
void clean_open_clip_canonicalize(std::u32string& text);

// transformers' SiglipTokenizer: lower case, ASCII punctuation (`_` too) dropped, white space as above.
void clean_siglip(std::u32string& text);

// transformers' fast CLIP tokenizer: NFC, white space runs to one space, lower case.
void clean_transformers(std::u32string& text);

// The one that a configuration names.
void clean_text(std::u32string& text, TextCleaning cleaning);

}  // namespace simdclip
