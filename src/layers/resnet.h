// OpenAI's ModifiedResNet (open_clip/modified_resnet.py; He 2016 with three convolutions before the stages
// and an average over 2 x 2 pixels where a stage halves its maps), from pixels to the tokens of its attention
// pool. Batch norms are folded into the convolutions at conversion.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "format/model_file.h"
#include "layers/convolution.h"
#include "layers/linear.h"
#include "layers/workspace.h"
#include "simdclip/image.h"

namespace simdclip {

class ResNet {
 public:
  // Tensors visual.stem, .blocks, .positional_embedding.
  ResNet(const ModelFile& file, const VisionConfig& config);

  // Pictures of the configuration's size; x: [n * tokens, D], of each picture the mean of its places, then
  // the places row by row, with their positions.
  void forward(std::span<const Pixels> pictures, Span2f x, Workspace& ws, const Engine& engine) const;

 private:
  struct Block {
    Linear conv1, conv3;
    Convolution conv2;
    std::optional<Linear> shortcut;
  };

  template <typename Element>
  void run(std::span<const Pixels> pictures, Span2f x, Workspace& ws, const Engine& engine) const;
  template <typename Element>
  void run_first_half(std::span<const float> picture, Maps<Element> y, Workspace& ws,
                      const Engine& engine) const;
  template <typename Element>
  void run_first_halves(std::span<const Pixels> pictures, const Maps<Element>& y, Workspace& ws,
                        const Engine& engine) const;
  template <typename Element>
  void run_stage(size_t stage, const Maps<const Element>& x, const Maps<Element>& y, Workspace& ws,
                 const Engine& engine) const;
  template <typename Element>
  void run_block(const Block& block, const Maps<const Element>& x, const Maps<Element>& y, Workspace& ws,
                 const Engine& engine) const;
  template <typename Element>
  void make_tokens(Span2<const Element> places, Span2f x, const Engine& engine) const;

  VisionConfig config_;
  Precision precision_;
  Convolution stem_[3];
  std::vector<Block> stages_[4];
  ConstSpan2f positions_;              // [tokens, D]
  std::unique_ptr<ThreadPool> alone_;  // of one thread, for several at once
};

// Workspace floats for n pictures.
size_t resnet_workspace_floats(const VisionConfig& config, Precision precision, size_t n,
                               size_t threads) noexcept;

// Multiplications and additions of one picture's convolutions.
double resnet_operations(const VisionConfig& config) noexcept;

}  // namespace simdclip
