// What the tests of bad folders and files share: a fixture with one thing changed, refused with a code and a
// message that names the file and the field, and no output.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "convert/builders.h"
#include "simdclip/convert.h"
#include "support/errors.h"
#include "support/fixtures.h"

namespace simdclip::tests {

using nlohmann::json;

struct BadConfig {
  std::string name;
  std::string file;  // JSON of the fixture that is changed
  std::function<void(json&)> change;
  ErrorCode code;
  std::vector<std::string> parts;  // must stand in the message, the file's name too
};

inline void PrintTo(const BadConfig& bad, std::ostream* out) { *out << bad.name; }
inline std::string config_name(const testing::TestParamInfo<BadConfig>& info) {
  std::string out = info.param.name;
  for (char& c : out)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return out + "_" + std::to_string(info.index);
}

inline void expect_refused(FixtureSource& source, const BadConfig& bad) {
  const std::string path = source.file(bad.file);
  json config = json::parse(read_text(path));
  bad.change(config);
  write_text(path, config.dump());
  const TemporaryFolder out;
  const std::string message = expect_error(bad.code, [&] { convert(source.source(), out.file("x.sclip")); });
  for (const std::string& part : bad.parts)
    EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
  EXPECT_EQ(out.entries(), 0U);
}

inline constexpr ErrorCode kDamaged = ErrorCode::damaged, kUnsupported = ErrorCode::unsupported,
                           kMissing = ErrorCode::missing_info, kShape = ErrorCode::shape_mismatch,
                           kNotFound = ErrorCode::not_found;

// A source that is refused as it is: the code, what the message holds, and that nothing is left behind.
inline void refuse(const std::string& source, ErrorCode code, std::initializer_list<const char*> parts,
                   const ConvertOptions& options = {}) {
  const TemporaryFolder out;
  expect_error(
      code, [&] { convert(source, out.file("x.sclip"), options); }, parts);
  EXPECT_EQ(out.entries(), 0U);
}

}  // namespace simdclip::tests
