// A file that appears whole or not at all: written beside its destination, fsynced, renamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace simdclip {

// Where writing to `path` ends up: a link must not be replaced by what is written through it; a dangling one
// is.
std::string follow_link(const std::string& path);

class AtomicFile {
 public:
  // Creates "<path>.tmp-<pid>" in the same folder (with a number behind it where that exists). A symbolic
  // link at `path` is followed. Error io says which call failed and why.
  explicit AtomicFile(std::string path);
  // For work that outlives a process: goes on with "<path>.part" behind its first `resume_at` bytes (0:
  // begins it anew). Errors io: it has fewer bytes; another process is writing it.
  AtomicFile(std::string path, uint64_t resume_at);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();  // removes the temporary file unless commit() has succeeded or keep() was called

  // Asks the file system for `size` bytes in all before they are written, so that a full disk is known at the
  // start. Optional.
  void reserve(uint64_t size);
  // Appends. Unbuffered: write large pieces.
  void write(std::span<const std::byte> bytes);
  void write_at(uint64_t offset,
                std::span<const std::byte> bytes);  // patches a part written before (a header)
  uint64_t size() const noexcept { return size_; }
  void sync();           // what is written so far survives a crash of the machine
  void keep() noexcept;  // the temporary file stays, to go on with
  void commit();         // flush, fsync, rename over the destination, fsync the folder

 private:
  void put(uint64_t offset, std::span<const std::byte> bytes);
  [[noreturn]] void fail_call(const char* call, int error, uint64_t needed) const;

  std::string path_, temporary_;
  int fd_ = -1;
  uint64_t size_ = 0;
  bool keep_ = false;
};

}  // namespace simdclip
