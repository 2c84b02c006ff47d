// Pixels to an embedding: patch embedding or residual network, transformer, pooling, ln_post, projection.
#pragma once

#include <optional>
#include <span>

#include "layers/attention_pool.h"
#include "layers/patch_embedding.h"
#include "layers/resnet.h"
#include "model/transformer.h"

namespace simdclip {

class VisionTower {
 public:
  VisionTower(const ModelFile& file, const VisionConfig& config, size_t embed_dim);

  const VisionConfig& config() const noexcept { return config_; }
  size_t embed_dim() const noexcept { return embed_dim_; }
  // Of a picture of image_height x image_width.
  size_t pixels_per_picture() const noexcept {
    return size_t{3} * config_.image_height * config_.image_width;
  }
  size_t micro_batch() const noexcept;                     // pictures that run together
  size_t workspace_floats(size_t threads) const noexcept;  // for one micro-batch

  // At most micro_batch() pictures: of image_height x image_width each, or (max_patches) of whole patches, at
  // most most_vision_tokens() of them. out: [n, E] as the tower gives it, not normalised.
  void forward(std::span<const Pixels> pictures, Span2f out, Workspace& ws, const Engine& engine) const;

 private:
  void place(std::span<const Pixels> pictures, const Sequences& sequences, Span2f x,
             const Engine& engine) const;
  void pool(Span2f x, const Sequences& sequences, Span2f pooled, Workspace& ws, const Engine& engine) const;

  VisionConfig config_;
  Precision precision_;
  size_t embed_dim_;
  const float* positions_;  // [grid of image_height x image_width, D], where grids vary
  std::optional<PatchEmbedding> embedding_;
  std::optional<ResNet> resnet_;
  Transformer transformer_;
  std::optional<LayerNorm> ln_post_;
  std::optional<AttentionPool> attention_pool_;
  std::optional<Linear> projection_;
};

}  // namespace simdclip
