#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fail.h"

namespace simdclip {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const noexcept { return fd_; }

 private:
  int fd_;
};

// O_NONBLOCK: opening a FIFO that nobody writes must be an error, not a wait.
int open_readable(const std::string& path) {
  if (path.find('\0') != std::string::npos)
    fail(ErrorCode::not_found, "path holds a NUL byte: ", path.c_str());
  int fd = -1;
  do {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) return fd;
  const int error = errno;
  if (error == ENOENT || error == ENOTDIR) fail(ErrorCode::not_found, path, ": no such file");
  fail(ErrorCode::io, path, ": cannot be opened for reading: ", std::strerror(error));
}

}  // namespace

MappedFile MappedFile::open(const std::string& path) {
  const Descriptor fd(open_readable(path));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) fail(ErrorCode::io, path, ": fstat: ", std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail(ErrorCode::io, path, ": is a folder, expected a file");
  if (!S_ISREG(status.st_mode))
    fail(ErrorCode::io, path, ": is no regular file (a pipe or device cannot be mapped)");
  MappedFile file;
  file.path_ = path;
  const auto size = static_cast<size_t>(status.st_size);
  if (size == 0) return file;
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) fail(ErrorCode::io, path, ": mmap of ", size, " bytes: ", std::strerror(errno));
  file.data_ = static_cast<const std::byte*>(data);
  file.size_ = size;
  return file;
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

void MappedFile::drop(size_t offset, size_t size) const noexcept {
  const auto page = static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  if (offset >= size_) return;
  const size_t end = offset + std::min(size, size_ - offset);
  // Whole pages only: the ends may still be in use by neighbours.
  const size_t first = (offset + page - 1) / page * page;
  const size_t last = end == size_ ? end : end / page * page;
  // A hint: its failure costs memory, not correctness. The pages are clean, so a later read brings the same
  // bytes back.
  if (first < last) ::madvise(const_cast<std::byte*>(data_) + first, last - first, MADV_DONTNEED);
}

}  // namespace simdclip
