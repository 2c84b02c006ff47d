// Zero-shot classification (Radford 2021, section 3.1.4): a class's vector is the mean over prompt templates
// of its unit text embeddings, made unit again. What open_clip.build_zero_shot_classifier computes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simdclip/cache.h"
#include "simdclip/export.h"
#include "simdclip/model.h"

namespace simdclip {

// Templates have "{}" where the class name goes.
SIMDCLIP_API std::vector<std::string> imagenet_templates();       // OpenAI's 80
SIMDCLIP_API std::vector<std::string> best_imagenet_templates();  // the 7 that OpenAI found nearly as good
SIMDCLIP_API std::vector<std::string> plain_template();           // "a photo of a {}."

struct ClassifierOptions {
  std::vector<std::string> templates;  // empty: plain_template()
  CacheOptions cache;                  // keyed by model, classes and templates
  // Texts embedded; not called where the cache has them
  std::function<void(size_t done, size_t total)> progress = {};
};

class SIMDCLIP_API Classifier {
 public:
  // Errors: invalid_argument (no class, a template without "{}"), unsupported (no text tower). The model must
  // outlive it.
  Classifier(const Model& model, std::vector<std::string> classes, const ClassifierOptions& options = {});
  Classifier(Classifier&&) noexcept;
  Classifier& operator=(Classifier&&) noexcept;
  ~Classifier();

  const std::vector<std::string>& classes() const noexcept;
  std::span<const float> weights() const noexcept;  // [classes, embed_dim], unit rows
  bool from_cache() const noexcept;

  struct Score {
    size_t index;  // into classes()
    float cosine, logit, probability;
  };
  // The best `top` classes of one picture's unit vector [embed_dim], best first (0: all; equal logits in
  // order of the classes). Probabilities are a softmax over all the classes, or each class's sigmoid where
  // the model has a logit bias.
  std::vector<Score> classify(std::span<const float> image, size_t top = 0) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Counts how often classes were right.
class SIMDCLIP_API Evaluation {
 public:
  explicit Evaluation(size_t classes);
  // ranked: class indices of one picture, best first, at least five (or all the classes).
  void add(size_t truth, std::span<const size_t> ranked);

  struct Count {
    size_t pictures = 0, top1 = 0, top5 = 0;
  };
  struct Confusion {
    size_t truth, predicted, count;
  };
  const Count& all() const noexcept { return all_; }
  const std::vector<Count>& per_class() const noexcept { return per_class_; }
  double mean_per_class_top1() const noexcept;  // over the classes that have pictures
  std::vector<Confusion> confusions() const;    // wrong answers, most frequent first

 private:
  Count all_;
  std::vector<Count> per_class_;
  std::vector<Confusion> wrong_;
};

}  // namespace simdclip
