#include "base/mapped_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/faults.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip {
namespace {

using tests::expect_error;
using tests::TemporaryFolder;
using tests::write_text;

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

TEST(MappedFile, MapsWhatIsInTheFile) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i);
  write_text(folder.file("in"), text);
  const MappedFile file = MappedFile::open(folder.file("in"));
  EXPECT_EQ(text_of(file), text);
  EXPECT_EQ(file.path(), folder.file("in"));
}

TEST(MappedFile, EmptyFileIsAnEmptySpan) {
  const TemporaryFolder folder;
  write_text(folder.file("in"), "");
  const MappedFile file = MappedFile::open(folder.file("in"));
  EXPECT_TRUE(file.bytes().empty());
  file.drop(0, 100);
}

TEST(MappedFile, MovingTakesTheMapping) {
  const TemporaryFolder folder;
  write_text(folder.file("a"), "first");
  write_text(folder.file("b"), "second");
  MappedFile a = MappedFile::open(folder.file("a"));
  MappedFile b(std::move(a));
  EXPECT_TRUE(a.bytes().empty());  // NOLINT: moved-from on purpose
  EXPECT_EQ(text_of(b), "first");
  b = MappedFile::open(folder.file("b"));
  EXPECT_EQ(text_of(b), "second");
  EXPECT_EQ(b.path(), folder.file("b"));
}

// The mapping keeps the file's content when the file is replaced, as a conversion over a model in use does.
TEST(MappedFile, SurvivesReplacementAndRemovalOfTheFile) {
  const TemporaryFolder folder;
  write_text(folder.file("in"), "old");
  const MappedFile file = MappedFile::open(folder.file("in"));
  write_text(folder.file("new"), "new");
  std::filesystem::rename(folder.file("new"), folder.file("in"));
  EXPECT_EQ(text_of(file), "old");
  std::filesystem::remove(folder.file("in"));
  EXPECT_EQ(text_of(file), "old");
}

TEST(MappedFile, DroppedPagesComeBackUnchanged) {
  const TemporaryFolder folder;
  const std::string text(300'000, 'x');
  write_text(folder.file("in"), text);
  const MappedFile file = MappedFile::open(folder.file("in"));
  EXPECT_EQ(text_of(file), text);
  file.drop(0, text.size());
  file.drop(5000, 100'000);
  file.drop(299'999, 1);
  file.drop(300'000, 1);
  file.drop(static_cast<size_t>(-1), 5);
  file.drop(10, static_cast<size_t>(-1));
  EXPECT_EQ(text_of(file), text);
}

TEST(MappedFile, RefusesWhatCannotBeMapped) {
  const TemporaryFolder folder;
  write_text(folder.file("plain"), "x");
  ASSERT_EQ(::mkfifo(folder.file("pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("nowhere", folder.path() / "dangling");
  std::filesystem::create_symlink("loop", folder.path() / "loop");
  const auto open = [](const std::string& path) { return [path] { MappedFile::open(path); }; };
  expect_error(ErrorCode::not_found, open(folder.file("missing")), {"missing", "no such file"});
  expect_error(ErrorCode::not_found, open(folder.file("missing/deeper")), {"no such file"});
  expect_error(ErrorCode::not_found, open(folder.file("plain/deeper")), {"no such file"});
  expect_error(ErrorCode::not_found, open(folder.file("dangling")), {"no such file"});
  expect_error(ErrorCode::not_found, open(""), {"no such file"});
  expect_error(ErrorCode::not_found, open(std::string("a\0b", 3)), {"NUL"});
  expect_error(ErrorCode::io, open(folder.path().string()), {"is a folder"});
  expect_error(ErrorCode::io, open(folder.file("pipe")),
               {"no regular file"});  // and does not wait for a writer
  expect_error(ErrorCode::io, open("/dev/null"), {"no regular file"});
  expect_error(ErrorCode::io, open(folder.file("loop")), {"symbolic links"});
  expect_error(ErrorCode::io, open(folder.file(std::string(300, 'n'))), {"File name too long"});
  const tests::Fault fault(tests::Call::open, 0, EMFILE);
  expect_error(ErrorCode::io, open(folder.file("plain")), {"Too many open files"});
}

TEST(MappedFile, RefusesAnUnreadableFile) {
  const TemporaryFolder folder;
  write_text(folder.file("secret"), "x");
  ASSERT_EQ(::chmod(folder.file("secret").c_str(), 0), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  expect_error(ErrorCode::io, [&] { MappedFile::open(folder.file("secret")); },
               {"secret", "Permission denied"});
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
}

TEST(MappedFile, RetriesAnInterruptedOpen) {
  const TemporaryFolder folder;
  write_text(folder.file("in"), "x");
  const tests::Fault fault(tests::Call::open, 0, EINTR);
  EXPECT_EQ(text_of(MappedFile::open(folder.file("in"))), "x");
  EXPECT_TRUE(tests::Fault::hit());
}

}  // namespace
}  // namespace simdclip
