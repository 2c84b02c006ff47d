#include "simdclip/error.h"

namespace simdclip {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::io: return "io";
    case ErrorCode::damaged: return "damaged";
    case ErrorCode::unsupported: return "unsupported";
    case ErrorCode::shape_mismatch: return "shape_mismatch";
    case ErrorCode::missing_info: return "missing_info";
    case ErrorCode::too_large: return "too_large";
    case ErrorCode::isa_unavailable: return "isa_unavailable";
  }
  return "unknown";
}

namespace {

// Messages quote file names and what files say: no NUL that ends them early, no escape sequence that a
// terminal obeys.
std::string printable(std::string message) {
  for (char& c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n') || byte == 0x7f) c = '?';
  }
  return message;
}

}  // namespace

Error::Error(ErrorCode code, const std::string& message)
    : std::runtime_error(printable(message) + " (" + std::string(to_string(code)) + ")"), code_(code) {}

}  // namespace simdclip
