// Small versions of pictures for people to look at: fast, not exact.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "simdclip/image.h"

namespace simdclip {

// The encoded picture as a JPEG whose longer side has at most `side` pixels, turned upright where asked for.
// A larger JPEG is decoded at a part of its size. width and height receive the thumbnail's. Errors as
// decode_image.
std::vector<std::byte> make_thumbnail(std::span<const std::byte> bytes, const std::string& name,
                                      uint32_t side, bool apply_orientation, uint32_t& width,
                                      uint32_t& height);

}  // namespace simdclip
