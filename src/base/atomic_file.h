// A file that appears whole or not at all: written beside its destination, fsynced, renamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace simdclip {

class AtomicFile {
 public:
  // Creates "<path>.tmp-<pid>" in the same folder. Error io says which call failed and why.
  explicit AtomicFile(std::string path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();  // removes the temporary file unless commit() has succeeded

  void write(std::span<const std::byte> bytes);                        // appends
  void write_at(uint64_t offset, std::span<const std::byte> bytes);    // patches a part written before (a header)
  uint64_t size() const noexcept { return size_; }
  void commit();  // flush, fsync, rename over the destination, fsync the folder

 private:
  std::string path_, temporary_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

}  // namespace simdclip
