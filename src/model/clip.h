// A model file with its towers, tokenizer and kernels: what the public Model stands on.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "format/model_file.h"
#include "model/text_order.h"
#include "model/text_tower.h"
#include "model/vision_tower.h"
#include "simdclip/model.h"
#include "text/tokenizer.h"

namespace simdclip {

class Clip {
 public:
  Clip(const std::string& path, const ModelOptions& options);

  const ModelInfo& info() const noexcept { return info_; }
  const ModelFile& file() const noexcept { return file_; }
  const ModelConfig& config() const noexcept { return file_.config(); }
  const Engine& engine() const noexcept { return engine_; }

  // The towers; Error unsupported where the file has none, naming the file.
  const VisionTower& vision() const;
  const TextTower& text() const;
  const Tokenizer& tokenizer() const;

  // Pictures whose pixels are held at once when many are embedded: whole micro-batches, and work for every
  // thread that decodes.
  size_t pictures_at_once() const;

  // out [n, E], any n, micro-batch by micro-batch: one on all threads, or several at once, each on a thread
  // of its own, whose activations then never leave its core. Errors: invalid_argument (a picture of a size
  // that the tower does not take).
  void embed_preprocessed(std::span<const Pixels> pictures, std::span<float> out, bool normalize,
                          const Engine& engine) const;
  // pixels: [n, 3, image_height, image_width].
  void embed_pixels(std::span<const float> pixels, std::span<float> out, bool normalize,
                    const Engine& engine) const;
  // texts: each at most context_length ids, all below vocab_size; out [n, E]. What the texts of a micro-batch
  // share runs once (model/text_order.h); micro-batches run as those of pictures do.
  void embed_id_lists(std::span<const std::span<const int32_t>> texts, std::span<float> out, bool normalize,
                      const Engine& engine) const;

 private:
  // A workspace from the shelf, given back at the end of a call; concurrent calls have one each.
  class Lease;
  // Micro-batches that run side by side where there are as many.
  size_t lanes() const noexcept;
  void embed_micro_batch(std::span<const Pixels> pictures, Span2f rows, bool normalize,
                         const Engine& engine) const;
  void embed_text_batch(std::span<const std::span<const int32_t>> texts, std::span<const OrderedText> order,
                        std::span<float> out, bool normalize, const Engine& engine) const;
  std::unique_ptr<Workspace> take_workspace() const;
  void return_workspace(std::unique_ptr<Workspace> ws) const noexcept;
  void check_size(const Pixels& picture, size_t i) const;
  void describe(const std::string& isa, unsigned threads);

  ModelFile file_;
  mutable ThreadPool pool_;
  Engine engine_;
  std::optional<VisionTower> vision_;
  std::optional<TextTower> text_;
  std::unique_ptr<Tokenizer> tokenizer_;
  size_t workspace_floats_ = 0;
  ModelInfo info_;
  mutable std::mutex shelf_mutex_;
  mutable std::vector<std::unique_ptr<Workspace>> shelf_;
};

}  // namespace simdclip
