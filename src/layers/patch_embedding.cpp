#include "layers/patch_embedding.h"

#include <algorithm>
#include <cassert>
#include <vector>

namespace simdclip {

PatchEmbedding::PatchEmbedding(const ModelFile& file, const VisionConfig& config)
    : config_(config), projection_(file, "visual.patch_embed", config.patch_bias) {
  const size_t width = config.transformer.width;
  if (config.stem_width != 0) {
    stem_[0] = Linear(file, "visual.stem.0", true);
    stem_[1] = Linear(file, "visual.stem.1", true);
  }
  if (config.class_token) class_embedding_ = file.tensor("visual.class_embedding").f32();
  positions_ = {file.tensor("visual.positional_embedding").f32(), vision_tokens(config), width, width};
  if (config.pre_norm) ln_pre_.emplace(file, "visual.ln_pre", config.transformer.norm_eps);
}

size_t patches_of(PixelSize size, const VisionConfig& config) noexcept {
  return size_t{size.height / config.patch_size} * (size.width / config.patch_size);
}

// One picture [3, H, W] -> [patches, 3 * P * P]: the operand of the convolution with stride P as a matrix
// product. Pixels right of and below the last whole patch are left out, as the convolution leaves them.
void PatchEmbedding::patchify(const Pixels& picture, Span2f patches) const {
  const size_t p = config_.patch_size, height = picture.size.height, width = picture.size.width;
  const size_t across = width / p;
  for (size_t patch = 0; patch < patches.rows; ++patch) {
    const float* corner = picture.values.data() + patch / across * p * width + patch % across * p;
    float* to = patches.row(patch);
    for (size_t channel = 0; channel < 3; ++channel) {
      for (size_t y = 0; y < p; ++y, to += p) std::copy_n(corner + (channel * height + y) * width, p, to);
    }
  }
}

// One picture [3, H, W] -> [16 * patches, 3 * 4 * 4]: cells of 4 x 4 pixels, those of a patch one after
// another by quarters, so that the four rows that the next step joins are neighbours.
void PatchEmbedding::cut_cells(const float* picture, Span2f cells) const {
  const size_t height = config_.image_height, width = config_.image_width, across = patch_grid_width(config_);
  for (size_t cell = 0; cell < cells.rows; ++cell) {
    const size_t patch = cell / 16, quarter = cell / 4 % 4, part = cell % 4;
    const size_t top = patch / across * 16 + quarter / 2 * 8 + part / 2 * 4;
    const size_t left = patch % across * 16 + quarter % 2 * 8 + part % 2 * 4;
    float* to = cells.row(cell);
    for (size_t channel = 0; channel < 3; ++channel) {
      for (size_t y = 0; y < 4; ++y, to += 4)
        std::copy_n(picture + (channel * height + top + y) * width + left, 4, to);
    }
  }
}

void PatchEmbedding::embed_patches(std::span<const Pixels> pictures, Span2f embedded, Workspace& ws,
                                   const Engine& engine) const {
  const Span2f cut = ws.take(embedded.rows, projection_.inputs());  // [patches, 3 * P * P]
  std::vector<size_t> starts(pictures.size() + 1, 0);
  for (size_t i = 0; i < pictures.size(); ++i)
    starts[i + 1] = starts[i] + patches_of(pictures[i].size, config_);
  engine.parallel_ranges(pictures.size(), [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i)
      patchify(pictures[i], cut.sub_rows(starts[i], starts[i + 1] - starts[i]));
  });
  projection_.forward(projection_.operand(cut, ws, engine), embedded, engine);
}

// Convolutions whose strides are their sizes (4, 2, 2) with gelu between: each is a product over cells that
// stand side by side in memory.
void PatchEmbedding::embed_by_stem(std::span<const Pixels> pictures, Span2f embedded, Workspace& ws,
                                   const Engine& engine) const {
  const size_t n = pictures.size(), cells = 16 * (embedded.rows / n), s = config_.stem_width;
  const Span2f cut = ws.take(n * cells, stem_[0].inputs());
  const Span2f fine{ws.take_floats(n * cells * s), n * cells, s, s};
  const Span2f coarse{ws.take_floats(n * cells / 4 * s), n * cells / 4, s, s};
  engine.parallel_ranges(n, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i)
      cut_cells(pictures[i].values.data(), cut.sub_rows(i * cells, cells));
  });
  stem_[0].forward(stem_[0].operand(cut, ws, engine), fine, engine, kernels::Act::gelu);
  const Span2f joined{fine.data, fine.rows / 4, 4 * s, 4 * s};
  stem_[1].forward(stem_[1].operand(joined, ws, engine), coarse, engine, kernels::Act::gelu);
  const Span2f patches{coarse.data, coarse.rows / 4, 4 * s, 4 * s};
  projection_.forward(projection_.operand(patches, ws, engine), embedded, engine);
}

void PatchEmbedding::forward(std::span<const Pixels> pictures, Span2f x, Workspace& ws,
                             const Engine& engine) const {
  const Workspace::Scope scope(ws);
  if (config_.max_patches != 0) {
    const Span2f embedded = ws.take(x.rows, x.cols);
    embed_patches(pictures, embedded, ws, engine);
    engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
      for (size_t row = first; row < first + count; ++row)
        for (size_t d = 0; d < x.cols; ++d) x.row(row)[d] += embedded.row(row)[d];
    });
    if (ln_pre_) ln_pre_->forward(x, x, engine);
    return;
  }
  const size_t n = pictures.size(), tokens = positions_.rows, lead = class_embedding_ == nullptr ? 0 : 1;
  const size_t patches = tokens - lead;
  assert(x.rows == n * tokens && x.cols == positions_.cols);

  const Span2f embedded = ws.take(n * patches, projection_.outputs());  // [n * patches, D]
  if (config_.stem_width != 0) {
    embed_by_stem(pictures, embedded, ws, engine);
  } else {
    embed_patches(pictures, embedded, ws, engine);
  }

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
  const size_t patches = n * most_vision_tokens(config);
  if (config.stem_width != 0) {
    const size_t s = config.stem_width, cells = 16 * patches, line = kCacheLine / sizeof(float);
    return workspace_floats(cells, 48) + round_up(cells * s, line) + round_up(cells / 4 * s, line) +
           operand_workspace_floats(precision, cells, 48) +
           operand_workspace_floats(precision, cells / 4, 4 * s) +
           operand_workspace_floats(precision, patches, 4 * s) +
           workspace_floats(patches, config.transformer.width);
  }
  const size_t inputs = size_t{3} * config.patch_size * config.patch_size;
  return workspace_floats(patches, inputs) + workspace_floats(patches, config.transformer.width) +
         operand_workspace_floats(precision, patches, inputs);
}

}  // namespace simdclip
