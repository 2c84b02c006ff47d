#include "base/read_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

TEST(ReadFile, AWholeFile) {
  const TemporaryFolder folder;
  std::vector<std::byte> bytes(7);
  for (const std::string& text : {std::string(), std::string("a"), std::string(300000, 'x')}) {
    write_text(folder.file("f"), text);
    read_file(folder.file("f"), bytes);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), text);
  }
}

TEST(ReadFile, WhatIsNoFileIsAnErrorAndNotAWait) {
  const TemporaryFolder folder;
  std::vector<std::byte> bytes;
  expect_error(ErrorCode::not_found, [&] { read_file(folder.file("no"), bytes); }, {"no such file"});
  expect_error(ErrorCode::not_found, [&] { read_file(std::string("a\0b", 3), bytes); }, {"NUL"});
  expect_error(ErrorCode::io, [&] { read_file(folder.path().string(), bytes); }, {"folder"});
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  expect_error(ErrorCode::io, [&] { read_file(folder.file("pipe"), bytes); }, {"regular file"});
  expect_error(ErrorCode::io, [&] { read_file("/dev/zero", bytes); }, {"regular file"});
  write_text(folder.file("f"), "four");
  expect_error(ErrorCode::too_large, [&] { read_file(folder.file("f"), bytes, 3); },
               {"4 bytes", "at most 3"});
}

}  // namespace
}  // namespace simdclip::tests
