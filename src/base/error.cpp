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

Error::Error(ErrorCode code, const std::string& message)
    : std::runtime_error(message + " (" + std::string(to_string(code)) + ")"), code_(code) {}

}  // namespace simdclip
