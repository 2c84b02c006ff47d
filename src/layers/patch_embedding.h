// Pixels to the tokens that enter a vision transformer: patches as a GEMM (with a stem, three), class token,
// position embedding, ln_pre.
#pragma once

#include <span>

#include "format/model_file.h"
#include "layers/layer_norm.h"
#include "layers/linear.h"
#include "layers/workspace.h"
#include "simdclip/image.h"

namespace simdclip {

class PatchEmbedding {
 public:
  PatchEmbedding() = default;
  // Tensors visual.patch_embed, .class_embedding, .positional_embedding, .ln_pre.
  PatchEmbedding(const ModelFile& file, const VisionConfig& config);

  // x: [tokens of all pictures, D], one picture after another. Where grids vary (max_patches) it holds the
  // positions already, and the patches are added.
  void forward(std::span<const Pixels> pictures, Span2f x, Workspace& ws, const Engine& engine) const;

 private:
  void patchify(const Pixels& picture, Span2f patches) const;
  void cut_cells(const float* picture, Span2f cells) const;
  void embed_patches(std::span<const Pixels> pictures, Span2f embedded, Workspace& ws,
                     const Engine& engine) const;
  void embed_by_stem(std::span<const Pixels> pictures, Span2f embedded, Workspace& ws,
                     const Engine& engine) const;

  VisionConfig config_;
  Linear projection_;
  Linear stem_[2];                          // where stem_width is not 0
  const float* class_embedding_ = nullptr;  // [D] or null
  ConstSpan2f positions_;                   // [tokens, D]
  std::optional<LayerNorm> ln_pre_;
};

size_t patches_of(PixelSize size, const VisionConfig& config) noexcept;

// Workspace floats for n pictures.
size_t patch_embedding_workspace_floats(const VisionConfig& config, Precision precision, size_t n) noexcept;

}  // namespace simdclip
