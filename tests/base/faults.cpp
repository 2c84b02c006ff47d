#include "base/faults.h"

#include <fcntl.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>

namespace {

using simdclip::tests::Call;

bool armed = false, fired = false;
Call armed_call = Call::open;
size_t calls_left = 0;
int armed_error = 0;
size_t write_limit = 0;  // 0: none
bool interrupt_next = false;

bool fails(Call call) {
  if (!armed || call != armed_call || calls_left-- != 0) return false;
  armed = false;
  fired = true;
  errno = armed_error;
  return true;
}

}  // namespace

extern "C" {
int __real_open(const char* path, int flags, ...);
ssize_t __real_pwrite(int fd, const void* data, size_t size, off_t offset);
int __real_fsync(int fd);
int __real_close(int fd);
int __real_rename(const char* from, const char* to);
int __real_fallocate(int fd, int mode, off_t offset, off_t length);

int __wrap_open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(arguments, unsigned) : 0U;
  va_end(arguments);
  return fails(Call::open) ? -1 : __real_open(path, flags, mode);
}

ssize_t __wrap_pwrite(int fd, const void* data, size_t size, off_t offset) {
  if (fails(Call::pwrite)) return -1;
  if (write_limit == 0) return __real_pwrite(fd, data, size, offset);
  interrupt_next = !interrupt_next;
  if (interrupt_next) {
    errno = EINTR;
    return -1;
  }
  return __real_pwrite(fd, data, std::min(size, write_limit), offset);
}

int __wrap_fsync(int fd) { return fails(Call::fsync) ? -1 : __real_fsync(fd); }

int __wrap_close(int fd) {
  const bool failing = fails(Call::close);
  const int error = errno;
  // As Linux does: the descriptor is gone even when close reports an error
  const int result = __real_close(fd);
  if (!failing) return result;
  errno = error;
  return -1;
}

int __wrap_rename(const char* from, const char* to) {
  return fails(Call::rename) ? -1 : __real_rename(from, to);
}

int __wrap_fallocate(int fd, int mode, off_t offset, off_t length) {
  return fails(Call::fallocate) ? -1 : __real_fallocate(fd, mode, offset, length);
}
}

namespace simdclip::tests {

const char* name_of(Call call) {
  switch (call) {
    case Call::open: return "open";
    case Call::pwrite: return "pwrite";
    case Call::fsync: return "fsync";
    case Call::close: return "close";
    case Call::rename: return "rename";
    case Call::fallocate: return "fallocate";
  }
  return "?";
}

Fault::Fault(Call call, size_t nth, int error) {
  fired = false;
  armed_call = call;
  calls_left = nth;
  armed_error = error;
  armed = true;
}
Fault::~Fault() { armed = false; }
bool Fault::hit() { return fired; }

ShortWrites::ShortWrites(size_t bytes) { write_limit = bytes; }
ShortWrites::~ShortWrites() { write_limit = 0; }

}  // namespace simdclip::tests
