// Files for the image tests: fixtures, the optional shared data, and what golden.tsv says of the fixtures.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "format/config.h"
#include "simdclip/image.h"
#include "support/paths.h"

namespace simdclip::tests {

using Fields = std::vector<std::string>;

inline std::string fixture(const std::string& name) { return std::string(kFixtures) + "/image/" + name; }
inline std::string shared_data(const std::string& name) { return std::string(kSharedData) + "/" + name; }

inline std::vector<std::byte> read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

// The lines of golden.tsv that begin with `kind`, split at tabs (make_golden.py).
inline std::vector<Fields> golden(const std::string& kind) {
  std::ifstream file(fixture("golden.tsv"));
  std::vector<Fields> lines;
  for (std::string line; std::getline(file, line);) {
    Fields fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, '\t');) fields.push_back(field);
    if (!fields.empty() && fields[0] == kind) lines.push_back(fields);
  }
  return lines;
}

inline std::string crc(const void* data, size_t bytes) {
  char text[9];
  std::snprintf(text, sizeof text, "%08lx",
                crc32(0, static_cast<const Bytef*>(data), static_cast<uInt>(bytes)));
  return text;
}
inline std::string crc(std::span<const uint8_t> bytes) { return crc(bytes.data(), bytes.size()); }

inline const char* pillow_mode(PixelMode mode) {
  static constexpr const char* kNames[] = {"1", "L", "LA", "RGB", "RGBA", "P", "CMYK", "I;16", "I"};
  return kNames[static_cast<size_t>(mode)];
}

// OpenAI's normalization, as make_golden.py uses it.
inline PreprocessConfig openai_config() {
  PreprocessConfig config;
  config.mean = {0.48145466F, 0.4578275F, 0.40821073F};
  config.std = {0.26862954F, 0.26130258F, 0.27577711F};
  return config;
}

inline bool is_webp(const std::string& name) { return name.ends_with(".webp"); }
// Whether this build reads the file: PNGs that need libpng (docs/images.md), WebP.
inline constexpr bool kHavePng =
#if defined(SIMDCLIP_HAVE_PNG)
    true;
#else
    false;
#endif
inline bool needs_libpng(const std::string& name) {
  return name.starts_with("png_") &&
         (name.find("palette") != std::string::npos || name.find("trns") != std::string::npos ||
          name.starts_with("png_grey_1.") || name.starts_with("png_grey_1_") ||
          name.starts_with("png_grey_alpha_16"));
}
inline constexpr bool kHaveWebp =
#if defined(SIMDCLIP_HAVE_WEBP)
    true;
#else
    false;
#endif
inline bool not_read_here(const std::string& name) {
  return (is_webp(name) && !kHaveWebp) || (needs_libpng(name) && !kHavePng);
}

}  // namespace simdclip::tests
