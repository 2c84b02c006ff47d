// The resizes of the rarer modes, on a whole picture: NEAREST for palettes and 1-bit, doubles for 16-bit
// grey.
#pragma once

#include <cstdint>
#include <vector>

#include "image/resampler.h"
#include "simdclip/image.h"

namespace simdclip {

// For each output column of the crop the source column that NEAREST takes, and the same for rows.
struct NearestMap {
  std::vector<uint32_t> columns, rows;
};
NearestMap nearest_map(const ResizeGeometry& geometry);

// Modes grey16 and grey32: the crop of the resized picture as [height, width] int32 (grey16 clipped to 16
// bits after each pass).
std::vector<int32_t> resize_grey16(const Image& image, const ResizeGeometry& geometry,
                                   Interpolation interpolation);

}  // namespace simdclip
