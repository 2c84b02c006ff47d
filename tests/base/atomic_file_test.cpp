#include "base/atomic_file.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/faults.h"
#include "support/errors.h"
#include "support/temporary_folder.h"

namespace simdclip {
namespace {

using tests::Call;
using tests::expect_error;
using tests::Fault;
using tests::read_text;
using tests::TemporaryFolder;
using tests::write_text;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

void write_whole(const std::string& path, std::string_view text) {
  AtomicFile file(path);
  file.reserve(text.size());
  file.write(bytes_of(text));
  file.commit();
}

TEST(AtomicFile, AppearsWholeAtCommit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  {
    AtomicFile file(path);
    file.write(bytes_of("....world"));
    file.write(bytes_of("!"));
    file.write_at(0, bytes_of("HELL"));
    EXPECT_EQ(file.size(), 10U);
    EXPECT_FALSE(std::filesystem::exists(path));
    file.commit();
    EXPECT_EQ(read_text(path), "HELLworld!");
  }
  EXPECT_EQ(read_text(path), "HELLworld!");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFile, VanishesWithoutCommit) {
  const TemporaryFolder folder;
  {
    AtomicFile file(folder.file("out"));
    file.write(bytes_of("half"));
    EXPECT_EQ(folder.entries(), 1U);
  }
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(AtomicFile, EmptyFileIsAFile) {
  const TemporaryFolder folder;
  AtomicFile file(folder.file("out"));
  file.commit();
  EXPECT_EQ(std::filesystem::file_size(folder.file("out")), 0U);
}

TEST(AtomicFile, ReservedRoomDoesNotShowInTheSize) {
  const TemporaryFolder folder;
  AtomicFile file(folder.file("out"));
  file.reserve(1 << 20);
  file.write(bytes_of("abc"));
  file.commit();
  EXPECT_EQ(read_text(folder.file("out")), "abc");
}

TEST(AtomicFile, KeepsTheModeOfTheReplacedFile) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  write_text(path, "old");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  write_whole(path, "new");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
  EXPECT_EQ(read_text(path), "new");
}

TEST(AtomicFile, WritesThroughASymbolicLink) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "real");
  write_text(folder.file("real/target"), "old");
  std::filesystem::create_symlink(folder.path() / "real" / "target", folder.path() / "link");
  write_whole(folder.file("link"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path() / "link"));
  EXPECT_EQ(read_text(folder.file("real/target")), "new");
}

TEST(AtomicFile, TwoWritersOfOnePathDoNotMix) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  AtomicFile first(path), second(path);
  first.write(bytes_of("first"));
  second.write(bytes_of("second"));
  first.commit();
  EXPECT_EQ(read_text(path), "first");
  second.commit();
  EXPECT_EQ(read_text(path), "second");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFile, SurvivesShortAndInterruptedWrites) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + "\n";
  const tests::ShortWrites limit(7);
  write_whole(path, text);
  EXPECT_EQ(read_text(path), text);
}

// Every call that can fail, failing: an Error, the old output as it was, nothing left beside it.
TEST(AtomicFile, OldOutputSurvivesEveryFault) {
  struct Case {
    Call call;
    size_t nth;
    int error;
    const char* message;
  };
  const Case cases[] = {
      {Call::open, 0, EACCES, "Permission denied"},
      {Call::open, 0, ENFILE, "Too many open files"},
      {Call::open, 0, EROFS, "Read-only"},
      {Call::fallocate, 0, ENOSPC, "No space left"},
      {Call::fallocate, 0, EDQUOT, "quota"},
      {Call::pwrite, 0, ENOSPC, "No space left"},
      {Call::pwrite, 0, EDQUOT, "quota"},
      {Call::pwrite, 0, EIO, "Input/output error"},
      {Call::pwrite, 1, ENOSPC, "free some space"},
      {Call::pwrite, 2, EIO, "write at byte 8"},
      {Call::fsync, 0, EIO, "fsync"},
      {Call::fsync, 0, ENOSPC, "fsync"},
      {Call::close, 0, EIO, "close"},
      {Call::rename, 0, EACCES, "rename"},
      {Call::rename, 0, EXDEV, "rename"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(std::string(tests::name_of(c.call)) + " " + std::to_string(c.nth));
    const TemporaryFolder folder;
    const std::string path = folder.file("out");
    write_text(path, "the old output");
    const Fault fault(c.call, c.nth, c.error);
    expect_error(ErrorCode::io,
                 [&] {
                   AtomicFile file(path);
                   file.reserve(12);
                   file.write(bytes_of("1234"));
                   file.write(bytes_of("5678"));
                   file.write(bytes_of("9abc"));
                   file.commit();
                 },
                 {path.c_str(), c.message});
    EXPECT_TRUE(Fault::hit());
    EXPECT_EQ(read_text(path), "the old output");
    EXPECT_EQ(folder.entries(), 1U);
  }
}

// When the folder cannot be synced the new file is in place already: said, and whole.
TEST(AtomicFile, FolderSyncFailureIsReported) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  write_text(path, "old");
  {
    const Fault fault(Call::fsync, 1, EIO);
    expect_error(ErrorCode::io, [&] { write_whole(path, "new"); }, {"was written", "fsync of the folder"});
  }
  EXPECT_EQ(read_text(path), "new");
  const Fault fault(Call::fsync, 1, EINVAL);  // a file system that cannot sync folders
  write_whole(path, "newer");
  EXPECT_TRUE(Fault::hit());
  EXPECT_EQ(read_text(path), "newer");
}

TEST(AtomicFile, ReservationIsOptional) {
  const TemporaryFolder folder;
  const Fault fault(Call::fallocate, 0, EOPNOTSUPP);
  write_whole(folder.file("out"), "text");
  EXPECT_TRUE(Fault::hit());
  EXPECT_EQ(read_text(folder.file("out")), "text");
}

TEST(AtomicFile, RefusesBadDestinations) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "sub");
  write_text(folder.file("plain"), "x");
  const auto open = [](const std::string& path) { return [path] { const AtomicFile file(path); }; };
  expect_error(ErrorCode::io, open(folder.file("sub")), {"is a folder"});
  expect_error(ErrorCode::io, open(folder.file("sub/")), {"is a folder"});
  expect_error(ErrorCode::io, open(folder.file("missing/out")),
               {"missing does not exist", "create it first"});
  expect_error(ErrorCode::io, open(folder.file("plain/out")), {"Not a directory"});
  expect_error(ErrorCode::io, open("/dev/null"), {"is no regular file"});
  expect_error(ErrorCode::io, open(""), {"empty"});
  expect_error(ErrorCode::io, open(std::string("a\0b", 3)), {"NUL"});
  expect_error(ErrorCode::io, open(folder.file(std::string(300, 'n'))), {"File name too long"});
  expect_error(ErrorCode::io, open("/proc/simdclip.out"), {"cannot create a file in /proc"});
  EXPECT_EQ(folder.entries(), 2U);
}

// Permissions do not bind root, so root becomes somebody else for the time.
TEST(AtomicFile, RefusesAnUnwritableFolder) {
  const TemporaryFolder folder;
  const std::string sub = folder.file("locked");
  std::filesystem::create_directory(sub);
  write_text(sub + "/out", "old");
  ASSERT_EQ(::chmod(sub.c_str(), 0555), 0);
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const bool root = ::geteuid() == 0;
  if (root) {
    ASSERT_EQ(::seteuid(65534), 0);
  }
  expect_error(ErrorCode::io, [&] { write_whole(sub + "/out", "new"); }, {"Permission denied", "locked"});
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_EQ(::chmod(sub.c_str(), 0755), 0);
  EXPECT_EQ(read_text(sub + "/out"), "old");
}

TEST(AtomicFile, RespectsTheFileSizeLimit) {
  const TemporaryFolder folder;
  const std::string path = folder.file("out");
  write_text(path, "old");
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit limit = before;
  limit.rlim_cur = 4096;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  // Without the check the second write would raise SIGXFSZ and end this process.
  expect_error(ErrorCode::io,
               [&] {
                 AtomicFile file(path);
                 file.write(std::vector<std::byte>(4000));
                 file.write(std::vector<std::byte>(4000));
               },
               {"8000 bytes are needed", "at most 4096", "ulimit"});
  expect_error(ErrorCode::io, [&] { AtomicFile(path).reserve(4097); }, {"needs 4097 bytes", "ulimit"});
  write_whole(path, "short enough");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_EQ(read_text(path), "short enough");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(AtomicFile, FullDiskSaysHowMuchIsNeeded) {
  const TemporaryFolder folder;
  const std::string disk = folder.file("disk");
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "mounting a 1 MB tmpfs needs root";
  }
  const std::string path = disk + "/out";
  write_text(path, "old");
  expect_error(ErrorCode::io, [&] { AtomicFile(path).reserve(4 << 20); },
               {"No space left", "needs 4194304 bytes", "are free in"});
  expect_error(ErrorCode::io,
               [&] {
                 AtomicFile file(path);
                 for (int i = 0; i < 64; ++i) file.write(std::vector<std::byte>(64 << 10));
               },
               {"No space left", "free some space"});
  EXPECT_EQ(read_text(path), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(disk), {}), 1);
  EXPECT_EQ(::umount(disk.c_str()), 0);
}

}  // namespace
}  // namespace simdclip
