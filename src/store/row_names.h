// The list of sources beside a .npy file: "row <tab> source" a line.
#pragma once

#include <string>
#include <string_view>

namespace simdclip {

// The .tsv beside the .npy. Error invalid_argument where they would have one name.
std::string names_beside(const std::string& npy);
// Tab, newline, carriage return and backslash as \t, \n, \r and \\, and back.
void append_escaped(std::string& out, std::string_view source);
std::string escaped(std::string_view source);
std::string unescaped(std::string_view text);

}  // namespace simdclip
