// CLIP's merges as pairs of token ids: merge r joins kClipMerges[2r] and kClipMerges[2r + 1] into id 512 + r.
// Ids 0..255 are the bytes in the order of clip_byte_order(), 256..511 the same at the end of a word.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip {

inline constexpr size_t kClipMergeCount = 48894;
extern const uint16_t kClipMerges[kClipMergeCount * 2];

}  // namespace simdclip
