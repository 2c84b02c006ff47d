// Approximate search: a graph over the rows of a set (HNSW, Malkov and Yashunin 2016, by hnswlib) is walked
// from neighbour to neighbour, so that a query looks at thousands of rows and not at all of them. Some of the
// best hits may be missed; the scores of those that are found are the same bits as exact search gives.
// docs/search.md says from which size it pays.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "simdclip/export.h"
#include "simdclip/search.h"

namespace simdclip {

struct GraphOptions {
  unsigned links = 16;    // of a row to others, twice as many on the ground floor; 2 ... 256
  unsigned effort = 200;  // candidates looked at for the links of a row; 1 ... 100000
  unsigned threads = 0;  // 0: the cores that this process may use. With one thread the graph is the same, bit
                         // for bit, every time
  std::string isa = {};  // "": SIMDCLIP_ISA, else the best of this CPU
  // Told now and then how many rows are linked; by one thread at a time. An exception ends the building.
  std::function<void(size_t rows)> on_progress = {};
};

class SIMDCLIP_API ApproximateIndex {
 public:
  // Whether this build has hnswlib. Without it build() and open() throw Error unsupported.
  static bool available() noexcept;

  // The rows should have unit length: neighbours are those with the largest dot products. `vectors` is looked
  // up at each search and must outlive the index; it may be moved, not changed. Memory: 8 * links + 12 bytes
  // a row, three times that while it is built. Of equal rows one is linked and all are found. Throws Error:
  // invalid_argument, too_large (2^31 rows or more), unsupported.
  static ApproximateIndex build(const Vectors& vectors, const GraphOptions& options = {});
  // Maps a graph that save() wrote. Everything in it is checked, so a damaged or hostile file is an error and
  // nothing worse; the file must not change while it is open. Throws Error: not_found, io, damaged;
  // unsupported for a later version; shape_mismatch for the graph of other vectors (their number, width, type
  // and a sample of 1,024 rows are compared).
  static ApproximateIndex open(const std::string& path, const Vectors& vectors);
  // Appears whole or not at all. Throws Error io.
  void save(const std::string& path) const;

  // As simdclip::search, from a walk that keeps its best max(effort, options.top) rows: more finds more and
  // takes longer. Where options.allowed leaves out rows it walks farther, and where that would not pay (few
  // rows pass, or the walk met too few of them) every row is compared. Many threads may search at once.
  std::vector<std::vector<Hit>> search(std::span<const float> queries, const SearchOptions& options = {},
                                       size_t effort = 128) const;

  size_t size() const noexcept;
  unsigned links() const noexcept;

  ApproximateIndex(ApproximateIndex&&) noexcept;
  ApproximateIndex& operator=(ApproximateIndex&&) noexcept;
  ~ApproximateIndex();

 private:
  struct State;
  explicit ApproximateIndex(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

// The share of the hits of exact search that were found, over all queries; 1 where there are none.
SIMDCLIP_API double recall(std::span<const std::vector<Hit>> exact, std::span<const std::vector<Hit>> found);

}  // namespace simdclip
