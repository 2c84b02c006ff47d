// Reading the pictures of a set: claimed in ascending order, read by several threads at once.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "apps/archive.h"
#include "base/read_file.h"
#include "simdclip/embed_files.h"

namespace simdclip {

class PictureReader {
 public:
  explicit PictureReader(const PictureSet& set) : set_(set) {}

  // Picture i into `out`. Calls for members of archives must come in ascending order and one at a time; files
  // are read by the caller, after this returns false.
  bool read_member(size_t i, std::vector<std::byte>& out);

 private:
  const PictureSet& set_;
  size_t archive_ = static_cast<size_t>(-1);
  size_t member_ = 0;  // pictures and other files of the archive that were passed
  std::unique_ptr<ArchiveReader> reader_;
};

}  // namespace simdclip
