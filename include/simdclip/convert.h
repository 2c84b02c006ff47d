// Converting open CLIP checkpoints into one .sclip file.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "simdclip/export.h"

namespace simdclip {

struct ConvertOptions {
  std::string precision = "f32";  // f32 | bf16
  std::string arch;               // open_clip's name of the architecture ("ViT-B-32-quickgelu") where the files do not tell
  // Called after each tensor with the bytes written so far and in all.
  std::function<void(uint64_t done, uint64_t total, std::string_view tensor)> progress;
};

// source: a folder as downloaded (config + weights + tokenizer) or one checkpoint file. The output appears whole or not at all;
// memory stays below the largest tensor plus 200 MB.
// Throws Error: not_found, io, damaged, unsupported, shape_mismatch, missing_info (names the option to give), too_large.
SIMDCLIP_API void convert(const std::string& source, const std::string& output, const ConvertOptions& options = {});

}  // namespace simdclip
