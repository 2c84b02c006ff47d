// A list of words with their unit text embeddings as half-precision rows, from the cache: ranked by cosine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/coarse_rows.h"
#include "apps/text_cache.h"
#include "base/cpu.h"
#include "kernels/dot/dot.h"

namespace simdclip {

class LabelTable {
 public:
  LabelTable() = default;
  // kind names the cache's files; text(label) is what is embedded. The model must outlive it. by_bytes: a
  // long list that is asked for its top only: bytes are read whole, a half-precision row is checked when it
  // is scored.
  LabelTable(const Model& model, const std::string& kind, std::vector<std::string> labels,
             const std::function<std::string(const std::string&)>& text, const CacheOptions& cache,
             const TextProgress& progress, bool by_bytes = false);

  const std::vector<std::string>& labels() const noexcept { return labels_; }
  size_t size() const noexcept { return labels_.size(); }
  size_t width() const noexcept { return rows_.width(); }
  // As cached: not verified where by_bytes.
  std::vector<float> row(size_t i) const { return rows_.row(i); }
  // Cosines of n unit vectors [n, E] with every label: [n, size()].
  std::vector<float> scores(std::span<const float> images) const;
  // Of one unit vector [E] with the labels: by_bytes of long lists estimates, whose errors are above zero.
  Estimates estimates(std::span<const float> image) const;
  // One of scores(), the same bits.
  float score(std::span<const float> image, size_t i) const;
  // The k labels of the largest cosines, best first.
  std::vector<Ranked> top(std::span<const float> image, size_t k) const;

 private:
  const Model* model_ = nullptr;
  std::vector<std::string> labels_;
  std::function<std::string(const std::string&)> text_;
  void score_rows(std::span<const float> images, const uint16_t* rows, size_t count,
                  kernels::DotOutput out) const;
  std::vector<uint16_t> embedded_again(size_t i) const;  // the row of a label whose cached one is damaged

  CachedRows rows_;
  CoarseRows coarse_;  // of long lists
  Isa isa_ = Isa::portable;
  unsigned threads_ = 1;
};

// The k largest (reverse: smallest) of scores, best first, equal ones in order: indices.
std::vector<size_t> top_indices(std::span<const float> scores, size_t k, bool reverse = false);

}  // namespace simdclip
