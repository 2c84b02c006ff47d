// fail(): the one way inside the library to report bad input.
#pragma once

#include <sstream>
#include <string>

#include "simdclip/error.h"

namespace simdclip {

// Throws Error with the parts joined: fail(ErrorCode::damaged, path, ": header ends at byte ", size, ...).
template <typename... Parts>
[[noreturn]] void fail(ErrorCode code, const Parts&... parts) {
  std::ostringstream message;
  (message << ... << parts);
  throw Error(code, message.str());
}

// "[768, 512]"
template <typename Range>
std::string shape_string(const Range& shape) {
  std::ostringstream out;
  out << '[';
  const char* separator = "";
  for (const auto& extent : shape) {
    out << separator << extent;
    separator = ", ";
  }
  out << ']';
  return out.str();
}

}  // namespace simdclip
