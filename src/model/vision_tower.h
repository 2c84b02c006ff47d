// Pixels to an embedding: patch embedding, transformer, pooling, ln_post, projection.
#pragma once

#include <optional>
#include <span>

#include "layers/attention_pool.h"
#include "layers/patch_embedding.h"
#include "model/transformer.h"

namespace simdclip {

class VisionTower {
 public:
  VisionTower(const ModelFile& file, const VisionConfig& config, size_t embed_dim);

  const VisionConfig& config() const noexcept { return config_; }
  size_t embed_dim() const noexcept { return embed_dim_; }
  size_t pixels_per_picture() const noexcept {
    return size_t{3} * config_.image_height * config_.image_width;
  }
  size_t micro_batch() const noexcept;                     // pictures that run together
  size_t workspace_floats(size_t threads) const noexcept;  // for one micro-batch

  // pixels: [n, 3, H, W] with n <= micro_batch(); out: [n, E] as the tower gives it, not normalised.
  void forward(std::span<const float> pixels, Span2f out, Workspace& ws, const Engine& engine) const;

 private:
  void pool(Span2f x, const Sequences& sequences, Span2f pooled, Workspace& ws, const Engine& engine) const;

  VisionConfig config_;
  Precision precision_;
  size_t embed_dim_;
  PatchEmbedding embedding_;
  Transformer transformer_;
  std::optional<LayerNorm> ln_post_;
  std::optional<AttentionPool> attention_pool_;
  std::optional<Linear> projection_;
};

}  // namespace simdclip
