// Converting to int8 by measurement: what pictures and texts make of every layer decides how its channels are
// evened out, and which layers stay bf16.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simdclip/convert.h"
#include "simdclip/export.h"

namespace simdclip {

struct CalibrateOptions {
  ConvertOptions convert;               // precision, bf16_weights and input_maxima are set here
  size_t pictures = 64;                 // at most so many are used, spread over those given
  std::vector<std::string> texts = {};  // for the text tower; empty: 32 built-in names, prompts and captions
  // Lowest cosine to the f32 model, on these pictures and on the texts, that is enough
  double target = 0.999;
  size_t most_bf16_layers = 8;  // GEMM weights that may stay bf16 to reach it
  // Called with each step, for people: "32 pictures: lowest cosine to f32 0.9981; 2 layers in bf16; tried
  // next: visual.blocks.7.mlp.fc2.weight". A layer that was tried in vain goes back to int8.
  std::function<void(std::string_view)> step;
};

struct Calibration {
  size_t pictures = 0;            // that could be read
  size_t texts = 0;               // 0: the model has no text tower
  double lowest_cosine = 0;       // of the written file to f32, on the pictures
  double lowest_text_cosine = 1;  // on the texts
  std::vector<std::string> bf16_weights;
};

// As convert(source, output, {.precision = "int8"}), tuned on `pictures` (files) and, where the model has a
// text tower, on texts. Needs room beside `output` for the f32 file, which is removed; `output` appears whole
// or not at all. Throws Error: as convert(); unsupported where the model has no image tower; not_found where
// no picture can be read.
SIMDCLIP_API Calibration convert_calibrated(const std::string& source, const std::string& output,
                                            std::span<const std::string> pictures,
                                            const CalibrateOptions& options = {});

}  // namespace simdclip
