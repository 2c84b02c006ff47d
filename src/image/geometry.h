// Which size a picture is resized to, and which part of that the model sees.
#pragma once

#include "format/config.h"
#include "image/orientation.h"
#include "image/resampler.h"

namespace simdclip {

// torchvision's Resize and CenterCrop (square targets), open_clip's ResizeKeepRatio (others), or a squash.
// Error too_large where the resized picture or its filter windows are beyond what Pillow handles.
ResizeGeometry resize_geometry(uint32_t in_width, uint32_t in_height, const PreprocessConfig& config,
                               uint32_t height, uint32_t width);

// Pillow 13 runs the vertical pass first when the height shrinks by more than twice what the width shrinks
// (older versions: never).
bool vertical_pass_first(const ResizeGeometry& g) noexcept;

// The same resize and crop of the picture as it is stored, turned: what comes out is the crop, turned as the
// picture is.
ResizeGeometry stored_geometry(const ResizeGeometry& upright, const Turn& turn) noexcept;

// The filter in force: open_clip always takes bicubic for targets that are not square.
Interpolation interpolation_of(const PreprocessConfig& config, uint32_t height, uint32_t width) noexcept;

}  // namespace simdclip
