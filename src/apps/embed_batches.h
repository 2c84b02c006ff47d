// The loop between the pipeline and the tower.
#pragma once

#include <exception>
#include <functional>
#include <span>

#include "apps/pixel_pipeline.h"

namespace simdclip {

// row: empty where the picture is bad (`bad` says why) or was not wanted.
using TakeEmbedded =
    std::function<void(size_t picture, std::span<const float> row, const std::exception_ptr& bad)>;

// Embeds pictures [first, last) and hands over each in order, on the calling thread.
void embed_batches(const Model& model, const PictureSet& pictures, size_t first, size_t last,
                   PixelPipeline::Options options, bool normalize, const TakeEmbedded& take);

}  // namespace simdclip
