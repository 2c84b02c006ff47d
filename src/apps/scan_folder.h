// Everything below a folder with size and time, without opening a file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "simdclip/error.h"

namespace simdclip {

struct ScannedFile {
  std::string name;  // relative to the folder
  uint64_t size = 0;
  int64_t modified_ns = 0;
};
struct ScannedFolder {
  std::vector<ScannedFile> files;  // regular ones (through links, too), sorted bytewise by name
  std::vector<std::string>
      unreadable;  // names of folders and files that could not be looked at; "" is the folder itself
  std::vector<Error> errors;  // beside unreadable
};

// Links to folders are not followed, so that loops end. on_file is told how many there are, now and then.
ScannedFolder scan_folder(const std::string& folder, const std::function<void(size_t files)>& on_file);

}  // namespace simdclip
