// timm's image towers by the names that open_clip uses.
#pragma once

#include <span>
#include <string_view>

namespace simdclip {

struct TimmEntry {
  std::string_view name;  // "vit_base_patch16_siglip_224"
  std::string_view json;  // sizes and switches, or {"unsupported": what}
};

std::span<const TimmEntry> timm_table() noexcept;  // sorted by name

}  // namespace simdclip
