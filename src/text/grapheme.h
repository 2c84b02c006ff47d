// Extended grapheme clusters (Unicode Standard Annex 29), as the Rust library's unicode-segmentation cuts
// them.
#pragma once

#include <cstddef>
#include <string_view>

namespace simdclip {

// The length of the cluster at the start of `text`, which is not empty and begins at a boundary.
size_t grapheme_length(std::u32string_view text) noexcept;

}  // namespace simdclip
