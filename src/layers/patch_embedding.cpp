#include "layers/patch_embedding.h"

#include <algorithm>
#include <cassert>

namespace simdclip {

PatchEmbedding::PatchEmbedding(const ModelFile& file, const VisionConfig& config)
    : config_(config), projection_(file, "visual.patch_embed", config.patch_bias) {
  const size_t width = config.transformer.width;
  if (config.class_token) class_embedding_ = file.tensor("visual.class_embedding").f32();
  positions_ = {file.tensor("visual.positional_embedding").f32(), vision_tokens(config), width, width};
  if (config.pre_norm) ln_pre_.emplace(file, "visual.ln_pre", config.transformer.norm_eps);
}

// One picture [3, H, W] -> [patches, 3 * P * P]: the operand of the convolution with stride P as a matrix
// product. Pixels right of and below the last whole patch are left out, as the convolution leaves them.
void PatchEmbedding::patchify(const float* picture, Span2f patches) const {
  const size_t p = config_.patch_size, height = config_.image_height, width = config_.image_width;
  const size_t across = patch_grid_width(config_);
  for (size_t patch = 0; patch < patches.rows; ++patch) {
    const float* corner = picture + patch / across * p * width + patch % across * p;
    float* to = patches.row(patch);
    for (size_t channel = 0; channel < 3; ++channel) {
      for (size_t y = 0; y < p; ++y, to += p) std::copy_n(corner + (channel * height + y) * width, p, to);
    }
  }
}

void PatchEmbedding::forward(std::span<const float> pixels, Span2f x, Workspace& ws,
                             const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t picture = size_t{3} * config_.image_height * config_.image_width;
  const size_t n = pixels.size() / picture, tokens = positions_.rows,
               lead = class_embedding_ == nullptr ? 0 : 1;
  const size_t patches = tokens - lead;
  assert(x.rows == n * tokens && x.cols == positions_.cols);

  const Span2f cut = ws.take(n * patches, projection_.inputs());        // [n * patches, 3 * P * P]
  const Span2f embedded = ws.take(n * patches, projection_.outputs());  // [n * patches, D]
  engine.parallel_ranges(n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i)
      patchify(pixels.data() + i * picture, cut.sub_rows(i * patches, patches));
  });
  projection_.forward(projection_.operand(cut, ws, engine), embedded, engine);

  engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
    for (size_t row = first; row < first + count; ++row) {
      const size_t token = row % tokens;
      const float* content =
          token < lead ? class_embedding_ : embedded.row(row / tokens * patches + token - lead);
      const float* position = positions_.row(token);
      float* to = x.row(row);
      for (size_t d = 0; d < x.cols; ++d) to[d] = content[d] + position[d];
    }
  });
  if (ln_pre_) ln_pre_->forward(x, x, engine);
}

size_t patch_embedding_workspace_floats(const VisionConfig& config, Precision precision, size_t n) noexcept {
  const size_t patches = n * patch_grid_height(config) * patch_grid_width(config);
  const size_t inputs = size_t{3} * config.patch_size * config.patch_size;
  return workspace_floats(patches, inputs) + workspace_floats(patches, config.transformer.width) +
         operand_workspace_floats(precision, patches, inputs);
}

}  // namespace simdclip
