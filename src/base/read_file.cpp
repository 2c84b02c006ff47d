#include "base/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fail.h"

namespace simdclip {
namespace {

// Keeps a descriptor from leaking where a read fails.
struct OpenFile {
  explicit OpenFile(const std::string& path) {
    if (path.find('\0') != std::string::npos)
      fail(ErrorCode::not_found, "path holds a NUL byte: ", path.c_str());
    do {
      // A pipe or a device would block or never end.
      fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    } while (fd < 0 && errno == EINTR);
    if (fd >= 0) return;
    const int error = errno;
    if (error == ENOENT || error == ENOTDIR) fail(ErrorCode::not_found, path, ": no such file");
    fail(ErrorCode::io, path, ": cannot be opened for reading: ", std::strerror(error));
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd >= 0) ::close(fd);
  }
  int fd = -1;
};

}  // namespace

void read_file(const std::string& path, std::vector<std::byte>& out, uint64_t limit) {
  const OpenFile file(path);
  struct stat status {};
  if (::fstat(file.fd, &status) != 0) fail(ErrorCode::io, path, ": fstat: ", std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::io, path, ": is a folder, expected a file");
  if (!S_ISREG(status.st_mode))
    fail(ErrorCode::io, path, ": is no regular file (a pipe or a device cannot be read as a whole)");
  const auto size = static_cast<uint64_t>(status.st_size);
  if (size > limit) fail(ErrorCode::too_large, path, ": has ", size, " bytes, at most ", limit, " are read");
  out.resize(size);
  size_t have = 0;
  while (have < size) {
    const ssize_t got = ::read(file.fd, out.data() + have, size - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(ErrorCode::io, path, ": cannot be read: ", std::strerror(errno));
    if (got == 0) break;  // it became shorter meanwhile: whoever reads the content will say so
    have += static_cast<size_t>(got);
  }
  out.resize(have);
}

}  // namespace simdclip
