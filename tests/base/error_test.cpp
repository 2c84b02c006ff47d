#include "simdclip/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "base/fail.h"
#include "support/errors.h"

namespace simdclip {
namespace {

constexpr ErrorCode kAll[] = {
    ErrorCode::invalid_argument, ErrorCode::not_found,   ErrorCode::io,
    ErrorCode::damaged,          ErrorCode::unsupported, ErrorCode::shape_mismatch,
    ErrorCode::missing_info,     ErrorCode::too_large,   ErrorCode::isa_unavailable};

TEST(Error, EveryCodeHasItsOwnStableName) {
  std::set<std::string_view> names;
  for (const ErrorCode code : kAll) names.insert(to_string(code));
  EXPECT_EQ(names.size(), std::size(kAll));
  EXPECT_EQ(to_string(ErrorCode::shape_mismatch), "shape_mismatch");
  EXPECT_EQ(to_string(ErrorCode::isa_unavailable), "isa_unavailable");
}

TEST(Error, MessageJoinsItsPartsAndEndsWithTheCode) {
  const std::string message = tests::expect_error(ErrorCode::too_large, [] {
    fail(ErrorCode::too_large, "m.sclip", ": ", 12, " bytes at ", 1.5, ' ', true);
  });
  EXPECT_EQ(message, "m.sclip: 12 bytes at 1.5 1 (too_large)");
  EXPECT_EQ(shape_string(std::vector<int>{768, 512}), "[768, 512]");
  EXPECT_EQ(shape_string(std::vector<int>{}), "[]");
}

TEST(Error, ControlCharactersOfFileNamesAreNotPrinted) {
  const std::string name("a\0b\x1b[2J\x7f\r\tc\n\xc3\xa9", 14);
  const std::string message = tests::expect_error(ErrorCode::io, [&] { fail(ErrorCode::io, name); });
  EXPECT_EQ(message, "a?b?[2J???c\n\xc3\xa9 (io)");
}

}  // namespace
}  // namespace simdclip
