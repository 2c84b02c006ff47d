// Architectures by open_clip's names, for --arch.
#pragma once

#include <span>
#include <string_view>

namespace simdclip {

struct ArchEntry {
  std::string_view name;  // "ViT-B-32-quickgelu"
  std::string_view json;  // as open_clip_config.json's model_cfg
};

std::span<const ArchEntry> arch_table() noexcept;  // sorted by name

}  // namespace simdclip
