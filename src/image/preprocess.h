// A decoded picture -> the model's input, byte for byte as Pillow + torchvision make it.
#pragma once

#include <cstdint>
#include <span>

#include "format/config.h"
#include "simdclip/image.h"

namespace simdclip {

// out: [3, height, width] floats, (value / 255 - mean) / std of the resized and cropped RGB bytes.
// Reference: torchvision Compose([Resize, CenterCrop, ToTensor, Normalize]) on PIL images, open_clip's and transformers' order.
// Runs on the calling thread. Error too_large when the resized picture would exceed the pixel cap (a 1 x 20000 picture).
void preprocess(const Image& image, const PreprocessConfig& config, uint32_t height, uint32_t width, std::span<float> out);

}  // namespace simdclip
