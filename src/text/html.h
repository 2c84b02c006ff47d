// Character references of HTML, as Python's html.unescape() and ftfy read them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace simdclip {

struct HtmlEntity {
  uint32_t offset, length;  // its name in the string of names
  char32_t value[3];        // padded with 0
};
// Generated: HTML5's names without '&', most with and some also without ';', and the upper-case ones that
// ftfy adds.
extern const size_t kHtml5Count, kFtfyEntityCount;
extern const char kHtml5Names[], kFtfyEntityNames[];
extern const HtmlEntity kHtml5Table[], kFtfyEntityTable[];

// html.unescape(): HTML5's rules, missing semicolons and invalid numbers included. Python refuses decimal
// numbers of more than 4,300 digits with an exception; here they are what every number above U+10FFFF is,
// U+FFFD.
void html_unescape(std::u32string& text);

// ftfy's more careful one: only references that end in ';', and upper-cased names of lower-case letters too.
void ftfy_unescape_html(std::u32string& text);

}  // namespace simdclip
