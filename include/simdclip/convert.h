// Converting open CLIP checkpoints into one .sclip file.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "simdclip/export.h"

namespace simdclip {

struct ConvertOptions {
  std::string precision = "f32";  // f32 | bf16 | int8
  std::string
      arch;  // open_clip's name of the architecture ("ViT-B-32-quickgelu") where the files do not tell
  std::string tower;     // "image" or "text": that tower alone; empty: all that the files have
  uint32_t encoder = 0;  // which text encoder of a Stable Diffusion file, from 1; 0: the only one
  // Pictures of another size, in pixels: position embeddings are resized as open_clip does (bicubic,
  // antialiased). 0: as the files say.
  uint32_t image_height = 0, image_width = 0;
  uint32_t max_patches = 0;  // NaFlex: the most patches of a picture; 0: as the files say
  // Pictures' normalization, 3 numbers each (red, green, blue). Empty: as the files say.
  std::vector<float> image_mean, image_std;
  // int8: channels of large activations are evened out with their weights, which changes nothing but the
  // rounding (docs/numerics.md). Off: as the weights stand, to compare.
  bool equalize = true;
  // int8: GEMM weights that stay bf16, by their names in the .sclip file ("visual.blocks.7.mlp.fc2.weight").
  std::vector<std::string> bf16_weights;
  // Largest magnitude of every input channel of a GEMM weight, where it was measured (simdclip/calibrate.h).
  std::map<std::string, std::vector<float>> input_maxima;
  // Called after each tensor with the bytes written so far and in all.
  std::function<void(uint64_t done, uint64_t total, std::string_view tensor)> progress;
  // Called with each fact that the files leave to their format's own rules ("mean and std are OpenAI's,
  // open_clip's default").
  std::function<void(std::string_view)> note;
  // With arch: open_clip's pretrained tag ("laion2b_s32b_b82k"), where its tags take pictures in different
  // ways.
  std::string tag;
};

// source: a folder as downloaded (config + weights + tokenizer) or one checkpoint file. Layouts: open_clip
// folders (open_clip_config.json), transformers folders (config.json; diffusers' text_encoder), OpenAI's
// TorchScript archives, Stable Diffusion's single files (a text encoder), and any checkpoint with open_clip's
// names together with `arch`. The output appears whole or not at all, and nothing is written before every
// tensor's name and shape have been checked; memory stays below the largest tensor plus 200 MB. Throws Error:
// invalid_argument, not_found (a file or tensor), io, damaged, unsupported, shape_mismatch, missing_info
// (names the option or file to give), too_large.
SIMDCLIP_API void convert(const std::string& source, const std::string& output,
                          const ConvertOptions& options = {});

// Names that `arch` accepts and this version can convert.
SIMDCLIP_API std::vector<std::string> convertible_archs();

}  // namespace simdclip
