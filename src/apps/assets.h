// Files that come with simdclip: in share/simdclip beside the library's or the program's folder.
#pragma once

#include <string>

namespace simdclip {

// The path of share/simdclip/NAME. Error not_found, which lists where it looked.
std::string find_asset(const std::string& name);

}  // namespace simdclip
