// A list of words with their unit text embeddings as half-precision rows, from the cache: ranked by cosine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "apps/text_cache.h"
#include "base/cpu.h"

namespace simdclip {

class LabelTable {
 public:
  LabelTable() = default;
  // kind names the cache's file; text(label) is what is embedded.
  LabelTable(const Model& model, const std::string& kind, std::vector<std::string> labels,
             const std::function<std::string(const std::string&)>& text, const CacheOptions& cache,
             const TextProgress& progress);

  const std::vector<std::string>& labels() const noexcept { return labels_; }
  size_t size() const noexcept { return labels_.size(); }
  size_t width() const noexcept { return rows_.width(); }
  std::vector<float> row(size_t i) const { return rows_.row(i); }
  // Cosines of n unit vectors [n, E] with every label: [n, size()].
  std::vector<float> scores(std::span<const float> images) const;

 private:
  std::vector<std::string> labels_;
  CachedRows rows_;
  Isa isa_ = Isa::portable;
  unsigned threads_ = 1;
};

// The k largest (reverse: smallest) of scores, best first, equal ones in order: indices.
std::vector<size_t> top_indices(std::span<const float> scores, size_t k, bool reverse = false);

}  // namespace simdclip
