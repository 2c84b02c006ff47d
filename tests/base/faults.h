// Makes the Nth call of a system call in the library fail. Only calls from this program's objects are seen
// (ld --wrap).
#pragma once

#include <cstddef>

namespace simdclip::tests {

enum class Call { open, pwrite, fsync, close, rename, fallocate };
inline constexpr Call kCalls[] = {Call::open,  Call::pwrite, Call::fsync,
                                  Call::close, Call::rename, Call::fallocate};
const char* name_of(Call call);

// For as long as it lives: the nth call (from 0) fails with `error`. One at a time.
class Fault {
 public:
  Fault(Call call, size_t nth, int error);
  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;
  ~Fault();
  static bool hit();  // whether the failing call has come
};

// For as long as it lives: every pwrite writes at most `bytes`, and each second one is interrupted (EINTR).
class ShortWrites {
 public:
  explicit ShortWrites(size_t bytes);
  ShortWrites(const ShortWrites&) = delete;
  ShortWrites& operator=(const ShortWrites&) = delete;
  ~ShortWrites();
};

}  // namespace simdclip::tests
