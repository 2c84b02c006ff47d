// The one thing that is read from metadata: which way is up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace simdclip {

// Orientation 1..8 from an EXIF block (a TIFF structure, with or without "Exif\0\0" before it); 0 when it has
// none.
int exif_orientation(std::span<const uint8_t> exif) noexcept;

// From an XMP packet (tiff:Orientation); 0 when it has none.
int xmp_orientation(std::string_view xmp) noexcept;

}  // namespace simdclip
