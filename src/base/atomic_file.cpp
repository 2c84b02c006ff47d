#include "base/atomic_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/fail.h"

namespace simdclip {
namespace {

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The mode of the file that will be replaced, or nothing to keep (0) where there is none.
mode_t check_destination(const std::string& path) {
  if (path.empty()) fail(ErrorCode::io, "output path is empty");
  if (path.find('\0') != std::string::npos)
    fail(ErrorCode::io, "output path holds a NUL byte: ", path.c_str());
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return 0;
  if (S_ISDIR(status.st_mode))
    fail(ErrorCode::io, path, ": is a folder, expected the name of a file to write");
  if (!S_ISREG(status.st_mode)) fail(ErrorCode::io, path, ": is no regular file, so it cannot be replaced");
  return status.st_mode & 07777;
}

int create_beside(const std::string& path, std::string& temporary) {
  const std::string stem = path + ".tmp-" + std::to_string(::getpid());
  for (int attempt = 0; attempt < 1000; ++attempt) {
    temporary = attempt == 0 ? stem : stem + "-" + std::to_string(attempt);
    const int fd = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) return fd;
    if (errno != EEXIST && errno != EINTR) break;
  }
  const int error = errno;
  temporary.clear();
  const std::string folder = folder_of(path);
  if (error == ENOENT && ::access(folder.c_str(), F_OK) != 0)
    fail(ErrorCode::io, path, ": cannot be written: the folder ", folder, " does not exist; create it first");
  fail(ErrorCode::io, path, ": cannot create a file in ", folder, ": ", std::strerror(error));
}

// Some file systems cannot sync a folder and say so; that is no failure of ours.
void sync_folder(const std::string& path) {
  const std::string folder = folder_of(path);
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;  // a folder may be writable but not readable
  int result = 0;
  do {
    result = ::fsync(fd);
  } while (result != 0 && errno == EINTR);
  const int error = result == 0 ? 0 : errno;
  ::close(fd);
  if (error != 0 && error != EINVAL && error != ENOTSUP && error != ENOSYS) {
    fail(ErrorCode::io, path, ": was written, but fsync of the folder ", folder,
         " failed: ", std::strerror(error));
  }
}

}  // namespace

std::string follow_link(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_symlink(path, error)) return path;
  const auto target = std::filesystem::canonical(path, error);
  return error ? path : target.string();
}

AtomicFile::AtomicFile(std::string path) : path_(follow_link(path)) {
  const mode_t mode = check_destination(path_);
  fd_ = create_beside(path_, temporary_);
  if (mode != 0)
    static_cast<void>(::fchmod(fd_, mode));  // as the file it replaces; a refusal leaves the umask's mode
}

AtomicFile::AtomicFile(std::string path, uint64_t resume_at) : path_(follow_link(path)) {
  const mode_t mode = check_destination(path_);
  const std::string part = path_ + ".part";
  do {
    fd_ = ::open(part.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  } while (fd_ < 0 && errno == EINTR);
  if (fd_ < 0) {
    const int error = errno;
    const std::string folder = folder_of(path_);
    if (error == ENOENT && ::access(folder.c_str(), F_OK) != 0) {
      fail(ErrorCode::io, path_, ": cannot be written: the folder ", folder,
           " does not exist; create it first");
    }
    fail(ErrorCode::io, part, ": cannot be created or opened: ", std::strerror(error));
  }
  const auto refuse = [&](const std::string& why) {
    ::close(std::exchange(fd_, -1));
    fail(ErrorCode::io, part, ": ", why);
  };
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    refuse("another process is writing this file; wait for it, or name another output");
  }
  struct stat status {};
  if (::fstat(fd_, &status) != 0) refuse(std::strerror(errno));
  if (static_cast<uint64_t>(status.st_size) < resume_at) {
    refuse("has " + std::to_string(status.st_size) + " bytes, expected at least " +
           std::to_string(resume_at) + " of an earlier run; begin again (--restart)");
  }
  if (::ftruncate(fd_, static_cast<off_t>(resume_at)) != 0)
    refuse(std::string("cannot be cut: ") + std::strerror(errno));
  size_ = resume_at;
  temporary_ = part;
  keep_ = resume_at > 0;
  if (mode != 0) static_cast<void>(::fchmod(fd_, mode));
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty() && !keep_) ::unlink(temporary_.c_str());
}

void AtomicFile::fail_call(const char* call, int error, uint64_t needed) const {
  if (error == ENOSPC || error == EDQUOT) {
    struct statvfs disk {};
    const bool known = ::statvfs(folder_of(path_).c_str(), &disk) == 0;
    const uint64_t available = known ? static_cast<uint64_t>(disk.f_bavail) * disk.f_frsize : 0;
    fail(ErrorCode::io, path_, ": ", call, ": ", std::strerror(error), ": the file needs ", needed,
         " bytes, ", size_, " are written, ", available, " are free in ", folder_of(path_),
         "; free some space or write elsewhere");
  }
  fail(ErrorCode::io, path_, ": ", call, " at byte ", size_, ": ", std::strerror(error));
}

void AtomicFile::reserve(uint64_t size) {
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && size > limit.rlim_cur) {
    fail(ErrorCode::io, path_, ": the file needs ", size, " bytes, this process may write at most ",
         static_cast<uint64_t>(limit.rlim_cur), " to a file; raise it (ulimit -f)");
  }
#if defined(__linux__)
  int result = 0;
  do {
    result = ::fallocate(fd_, FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(size));
  } while (result != 0 && errno == EINTR);
  if (result != 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
    fail_call("fallocate", errno, size);
#endif
}

void AtomicFile::put(uint64_t offset, std::span<const std::byte> bytes) {
  assert(fd_ >= 0);
  const uint64_t end = offset + bytes.size();
  // Beyond RLIMIT_FSIZE a write raises SIGXFSZ, which would end the process; so it is not tried.
  struct rlimit limit {};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && end > limit.rlim_cur) {
    fail(ErrorCode::io, path_, ": ", end, " bytes are needed, this process may write at most ",
         static_cast<uint64_t>(limit.rlim_cur), " to a file; raise it (ulimit -f)");
  }
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail_call("write", errno, end);
    if (written == 0) fail_call("write", EIO, end);
    bytes = bytes.subspan(static_cast<size_t>(written));
    offset += static_cast<uint64_t>(written);
    size_ = std::max(size_, offset);
  }
}

void AtomicFile::write(std::span<const std::byte> bytes) { put(size_, bytes); }

void AtomicFile::write_at(uint64_t offset, std::span<const std::byte> bytes) {
  assert(offset + bytes.size() <= size_);
  put(offset, bytes);
}

void AtomicFile::keep() noexcept { keep_ = true; }

void AtomicFile::sync() {
  assert(fd_ >= 0);
  int result = 0;
  do {
    result = ::fsync(fd_);
  } while (result != 0 && errno == EINTR);
  if (result != 0) fail_call("fsync", errno, size_);
}

void AtomicFile::commit() {
  sync();
  if (::close(std::exchange(fd_, -1)) != 0 && errno != EINTR) fail_call("close", errno, size_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_call("rename", errno, size_);
  temporary_.clear();
  sync_folder(path_);
}

}  // namespace simdclip
