// Contact sheets: one HTML file with small versions of pictures inside, to be looked at in any browser.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "simdclip/export.h"

namespace simdclip {

struct SheetPicture {
  std::string path;     // of the file; the thumbnail links to it
  std::string caption;  // below it: a score, say
};
struct SheetSection {
  std::string title;
  std::vector<SheetPicture> pictures;
};
struct SheetOptions {
  unsigned thumbnail = 240;       // pixels of the longer side
  bool apply_orientation = true;  // EXIF
  unsigned threads = 0;           // 0: the cores that this process may use
  std::function<void(size_t done, size_t total)> on_progress = {};
};

// Writes the file whole or not at all. A picture that cannot be read keeps its place, with the reason. Error
// io.
SIMDCLIP_API void write_contact_sheet(const std::string& html, const std::string& title,
                                      std::span<const SheetSection> sections,
                                      const SheetOptions& options = {});

}  // namespace simdclip
