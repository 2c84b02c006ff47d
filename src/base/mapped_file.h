// A whole file mapped read-only.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace simdclip {

class MappedFile {
 public:
  // Errors: not_found, io (a folder, no permission, mmap refused). An empty file maps to an empty span.
  static MappedFile open(const std::string& path);

  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  const std::string& path() const noexcept { return path_; }
  // Tells the kernel that [offset, offset + size) will not be read again soon: keeps a converter's memory
  // flat.
  void drop(size_t offset, size_t size) const noexcept;

 private:
  std::string path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace simdclip
