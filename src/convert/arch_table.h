// Architectures by open_clip's names, for --arch.
#pragma once

#include <span>
#include <string_view>

namespace simdclip {

struct ArchEntry {
  std::string_view name;  // "ViT-B-32-quickgelu"
  std::string_view json;  // as open_clip_config.json's model_cfg
  // How its pretrained weights take pictures: a list of preprocess_cfg with the tags that have it and their
  // quick_gelu; several where tags differ, none where open_clip has no weights.
  std::string_view preprocess;
};

std::span<const ArchEntry> arch_table() noexcept;  // sorted by name

}  // namespace simdclip
