// Bytes beside half-precision rows: half as much to read for a score that is surely near the exact one, so
// that few rows must be scored exactly to find the exact best.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "apps/text_cache.h"
#include "base/cpu.h"

namespace simdclip {

// For each of n rows a score and how far the exact one may be from it: |exact - score| <= error.
struct Estimates {
  std::vector<float> score, error;

  void append(const Estimates& other);
};

class CoarseRows {
 public:
  CoarseRows() = default;
  // Of f16 rows of at most unit length, from the cache where they were made of the same bytes before. Only
  // where they must be made are the rows read: sound() verifies them. kind names the cache's files.
  CoarseRows(const CachedRows& rows, const std::function<const CachedRows&()>& sound, const std::string& kind,
             const Model& model, const CacheOptions& cache);

  size_t size() const noexcept { return bytes_.rows(); }
  // Whether row i, as encoded, is the one that this was made of (32 bits of XXH3).
  bool made_of(size_t i, std::span<const std::byte> row) const noexcept;
  // query: [width]. The error covers what rounding loses here and in kernels' dot_f16, whose score is the
  // exact one.
  Estimates estimate(std::span<const float> query, Isa isa, unsigned threads) const;

 private:
  CachedRows bytes_;   // [n, width], int8
  CachedRows bounds_;  // [n, 3]: what a byte is worth, the length of what rounding to bytes lost, a checksum
};

struct Ranked {
  size_t index = 0;
  float score = 0;
};
// The k largest (reverse: smallest) exact scores of entries [first, first + count), best first, equal ones in
// order: those of all entries whose estimate reaches them. exact(i): the score of entry i.
std::vector<Ranked> exact_top(const Estimates& estimates, size_t first, size_t count, size_t k, bool reverse,
                              const std::function<float(size_t)>& exact);

// body(first, count) over blocks of [0, rows), on `threads` threads where there are several.
void in_row_blocks(size_t rows, unsigned threads, const std::function<void(size_t, size_t)>& body);

}  // namespace simdclip
