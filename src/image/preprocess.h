// A decoded picture -> the model's input, byte for byte as Pillow + torchvision make it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "format/config.h"
#include "kernels/registry.h"
#include "simdclip/image.h"

namespace simdclip {

// What a picture becomes: height x width, or (resize naflex) whole patches of patch_size, at most
// max_patches.
struct TargetSize {
  uint32_t height = 0, width = 0;
  uint32_t patch_size = 0, max_patches = 0;
};
TargetSize target_size(const VisionConfig& vision) noexcept;
PixelSize picture_size(const TargetSize& target, uint32_t in_height, uint32_t in_width) noexcept;
// The part of `out` that a picture of this size fills; all of it where every picture has the same size.
std::span<float> picture_part(const TargetSize& target, PixelSize size, std::span<float> out) noexcept;
uint64_t most_floats(const TargetSize& target) noexcept;  // of one preprocessed picture

// transformers' get_image_size_for_max_num_patches: the largest scale at which both sides, rounded up to
// whole patches, give at most max_patches.
PixelSize naflex_size(uint32_t in_height, uint32_t in_width, uint32_t patch_size,
                      uint32_t max_patches) noexcept;

// out: [3, height, width] floats, (value / 255 - mean) / std of the resized and cropped RGB bytes.
// Reference: torchvision Compose([Resize, CenterCrop, convert, ToTensor, Normalize]) on PIL images, in
// open_clip's order. With config.convert_rgb_first transformers' order and rules: alpha is laid on white, the
// picture converted, then resized; an odd margin of the crop is halved downwards where torchvision rounds to
// even (docs/images.md). Runs on the calling thread and holds, beside the picture, the rows of one filter
// window: what the crop does not show is not computed. Error too_large where Pillow itself gives up (a
// resized side beyond its coefficient table).
void preprocess(const Image& image, const PreprocessConfig& config, uint32_t height, uint32_t width,
                std::span<float> out, const kernels::Kernels& kernels);

// An encoded picture. JPEG rows go straight into the resize: no whole picture is held, and rows and columns
// outside the crop's filter windows are not even decoded where the format allows it. The same bits as
// decode_image + preprocess, and the same errors.
void preprocess_encoded(std::span<const std::byte> bytes, const DecodeOptions& options,
                        const std::string& name, const PreprocessConfig& config, uint32_t height,
                        uint32_t width, std::span<float> out, const kernels::Kernels& kernels);

// The same for either kind of target. out: most_floats(); the picture is its first 3 * height * width floats.
PixelSize preprocess(const Image& image, const PreprocessConfig& config, const TargetSize& target,
                     std::span<float> out, const kernels::Kernels& kernels);
PixelSize preprocess_encoded(std::span<const std::byte> bytes, const DecodeOptions& options,
                             const std::string& name, const PreprocessConfig& config,
                             const TargetSize& target, std::span<float> out, const kernels::Kernels& kernels);

// preprocess() with the kernels of default_isa().
void preprocess(const Image& image, const PreprocessConfig& config, uint32_t height, uint32_t width,
                std::span<float> out);

}  // namespace simdclip
