// The central directory of a zip archive, as torch writes them: stored entries are used from the mapping,
// deflated ones are inflated with a cap. Strict, because a checkpoint is downloaded from strangers: one disk,
// no encryption, no duplicate and no overlapping entries, sizes that fit the file, no ratio beyond what
// deflate can reach.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"

namespace simdclip {

struct ZipEntry {
  std::string name;
  bool deflated = false;
  uint32_t crc = 0;  // 0: the writer did not compute it (torch.serialization.set_crc32_options(False))
  uint64_t compressed = 0, size = 0;
  uint64_t data = 0;  // where its bytes begin in the file
};

class ZipArchive {
 public:
  // Errors: not_found, io, damaged, unsupported, too_large.
  static ZipArchive open(const std::string& path);

  const std::string& path() const noexcept { return file_.path(); }
  const MappedFile& file() const noexcept { return file_; }
  const std::vector<ZipEntry>& entries() const noexcept { return entries_; }  // sorted by name
  const ZipEntry* find(std::string_view name) const noexcept;

  // The entry's bytes, its checksum verified. Error too_large beyond max_size, damaged.
  std::vector<std::byte> extract(const ZipEntry& entry, uint64_t max_size) const;
  // The entry's first bytes, at most `size`; their checksum is not known. Error damaged.
  std::vector<std::byte> head(const ZipEntry& entry, uint64_t size) const;
  // Reads a stored entry once against its checksum. Error damaged.
  void verify(const ZipEntry& entry) const;

 private:
  MappedFile file_;
  std::vector<ZipEntry> entries_;
};

}  // namespace simdclip
