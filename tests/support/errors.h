// What every bad input must give: an Error with a stable code, a message that helps, within a second of
// processor time.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "simdclip/error.h"
#include "support/cpu_time.h"

namespace simdclip::tests {

// Runs `action`, expects Error of that code, and that every one of `parts` stands in the message. A plain
// success, another exception or more than a second is a failure. Returns the message.
template <typename Action>
std::string expect_error(ErrorCode code, const Action& action,
                         std::initializer_list<const char*> parts = {}) {
  const double begin = cpu_seconds();
  std::string message;
  try {
    action();
    ADD_FAILURE() << "no error, expected " << to_string(code);
    return message;
  } catch (const Error& error) {
    message = error.what();
    EXPECT_EQ(to_string(error.code()), to_string(code)) << message;
  } catch (const std::exception& error) {
    ADD_FAILURE() << "expected an Error of code " << to_string(code)
                  << ", got another exception: " << error.what();
    return error.what();
  }
  EXPECT_LT(cpu_seconds() - begin, 1 * kSlower) << message;
  for (const char* part : parts)
    EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
  return message;
}

}  // namespace simdclip::tests
