// simdclip reports bad input by throwing simdclip::Error, and nothing else: no error is printed, no process
// aborted. Memory exhaustion is std::bad_alloc as everywhere in C++.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "simdclip/export.h"

namespace simdclip {

// A stable reason that programs can switch on; the message is for people.
enum class ErrorCode {
  invalid_argument,  // the caller passed something that can never work (a span of the wrong size, an unknown
                     // option)
  not_found,         // a file, tensor or model that does not exist
  io,                // the operating system refused a read, write, fsync, rename or mmap
  damaged,           // a file contradicts itself: truncated, bad checksum, overlapping parts
  unsupported,       // a valid file of a kind, version or architecture that this build cannot use
  shape_mismatch,    // a tensor of another shape or type than the configuration demands
  missing_info,  // the files do not say something that must not be guessed; the message names the option to
                 // give
  too_large,     // beyond a limit that protects the process (pixels, header bytes, sizes)
  isa_unavailable,  // an instruction set was forced that this CPU or build does not have
};

// "damaged", "io", ...: the code's stable spelling, as it stands in messages and JSON.
SIMDCLIP_API std::string_view to_string(ErrorCode code) noexcept;

// what() says what happened, where, what was expected and found, and what to do next; it ends with "(code)".
class SIMDCLIP_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message);
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace simdclip
