#include "model/vision_tower.h"

#include <algorithm>
#include <cassert>
#include <vector>

#include "image/resize_grid.h"

namespace simdclip {
namespace {

Rotary rotary_of(const ModelFile& file, const VisionConfig& config) {
  if (!config.rotary) return {};
  const size_t lead = config.class_token ? 1 : 0,
               head_dim = config.transformer.width / config.transformer.heads;
  return {{file.tensor("visual.rotary").f32(), vision_tokens(config) - lead, head_dim, head_dim}, lead};
}

}  // namespace

VisionTower::VisionTower(const ModelFile& file, const VisionConfig& config, size_t embed_dim)
    : config_(config),
      precision_(file.config().precision),
      embed_dim_(embed_dim),
      positions_(file.tensor("visual.positional_embedding").f32()),
      transformer_(file, "visual", config.transformer, false, rotary_of(file, config)) {
  if (config.resnet) {
    resnet_.emplace(file, config);
  } else {
    embedding_.emplace(file, config);
  }
  if (config.post_norm) ln_post_.emplace(file, "visual.ln_post", config.transformer.norm_eps);
  if (config.attention_pool) attention_pool_.emplace(file, *config.attention_pool, pooled_width(config));
  if (config.projection) projection_.emplace(file, "visual.proj", config.projection_bias);
}

size_t VisionTower::micro_batch() const noexcept {
  return std::max<size_t>(1, kMicroBatchRows / most_vision_tokens(config_));
}

size_t VisionTower::workspace_floats(size_t threads) const noexcept {
  const size_t n = micro_batch(), tokens = most_vision_tokens(config_), width = config_.transformer.width;
  size_t blocks =
      resnet_ ? 0 : block_workspace_floats(config_.transformer, precision_, n * tokens, tokens, threads);
  if (config_.attention_pool) {
    blocks = std::max(blocks, attention_pool_workspace_floats(*config_.attention_pool, precision_, width,
                                                              pooled_width(config_), n, tokens, threads));
  }
  return simdclip::workspace_floats(n * tokens, width) +
         simdclip::workspace_floats(n, pooled_width(config_)) +
         operand_workspace_floats(precision_, n, pooled_width(config_)) +
         std::max(blocks, resnet_ ? resnet_workspace_floats(config_, precision_, n, threads)
                                  : patch_embedding_workspace_floats(config_, precision_, n));
}

void VisionTower::forward(std::span<const Pixels> pictures, Span2f out, Workspace& ws,
                          const Engine& engine) const {
  const size_t n = pictures.size(), width = config_.transformer.width, lead = config_.class_token ? 1 : 0;
  assert(n <= micro_batch() && out.rows == n && out.cols == embed_dim_);
  std::vector<size_t> starts(n + 1, 0);
  for (size_t i = 0; i < n; ++i) starts[i + 1] = starts[i] + lead + patches_of(pictures[i].size, config_);
  const Workspace::Scope scope(ws);
  const Span2f x = ws.take(starts[n], width);               // [tokens of all, D]
  const Span2f pooled = ws.take(n, pooled_width(config_));  // [n, D], or the pool's width

  if (config_.max_patches != 0) place(pictures, {starts}, x, engine);
  if (resnet_) {
    resnet_->forward(pictures, x, ws, engine);
  } else {
    embedding_->forward(pictures, x, ws, engine);
  }
  pool(x, {starts}, pooled, ws, engine);
  if (projection_) {
    projection_->forward(projection_->operand(pooled, ws, engine), out, engine);
  } else {
    for (size_t i = 0; i < n; ++i) std::copy_n(pooled.row(i), out.cols, out.row(i));
  }
}

// x = the positions of each picture's own grid, bilinear and antialiased as transformers resizes them.
void VisionTower::place(std::span<const Pixels> pictures, const Sequences& sequences, Span2f x,
                        const Engine& engine) const {
  for (size_t i = 0; i < pictures.size(); ++i) {
    const size_t rows = pictures[i].size.height / config_.patch_size,
                 columns = pictures[i].size.width / config_.patch_size;
    const GridResize resize(patch_grid_height(config_), patch_grid_width(config_), rows, columns,
                            Interpolation::bilinear);
    engine.parallel_ranges(rows * columns, [&](size_t first, size_t count) {
      std::vector<float> scratch(x.cols);
      for (size_t cell = first; cell < first + count; ++cell)
        resize.cell(positions_, x.cols, cell / columns, cell % columns, scratch.data(),
                    x.row(sequences.starts[i] + cell));
    });
  }
}

// Runs the blocks and takes one normalised vector of each picture.
void VisionTower::pool(Span2f x, const Sequences& sequences, Span2f pooled, Workspace& ws,
                       const Engine& engine) const {
  const bool norm_tokens = ln_post_ && !config_.norm_after_pool && config_.pooling != Pooling::first;
  if (config_.pooling == Pooling::first) {
    const std::vector<size_t> class_tokens(sequences.count(), 0);
    transformer_.forward_rows(x, sequences, class_tokens, pooled, ws, engine);
  } else {
    transformer_.forward(x, sequences, ws, engine);
  }
  if (norm_tokens) ln_post_->forward(x, x, engine);
  if (config_.pooling == Pooling::attention) attention_pool_->forward(x, sequences, pooled, ws, engine);
  if (config_.pooling == Pooling::mean) {
    const size_t lead = config_.class_token ? 1 : 0;
    for (size_t i = 0; i < sequences.count(); ++i) {
      mean_rows(x.sub_rows(sequences.starts[i] + lead, sequences.length(i) - lead), pooled.row(i));
    }
  }
  if (ln_post_ && !norm_tokens) ln_post_->forward(pooled, pooled, engine);
}

}  // namespace simdclip
