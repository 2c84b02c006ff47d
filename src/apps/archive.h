// Members of an archive in order: .tar, also compressed, and .zip, by libarchive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace simdclip {

// By its name: .tar, .tar.gz, .tgz, .tar.zst, .tar.xz, .tar.bz2, .zip.
bool named_like_archive(const std::string& path);

class ArchiveReader {
 public:
  // Errors: not_found, io, damaged; unsupported where this build has no libarchive.
  explicit ArchiveReader(const std::string& path);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  // Goes to the next regular file. False at the end. Error damaged.
  bool next(std::string& name);
  // The first bytes of the member, `most` at most; call it once for each member. A member that is longer than
  // `most` and `whole` is wanted: Error too_large.
  std::vector<std::byte> read(size_t most, bool whole);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simdclip
