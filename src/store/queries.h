// Queries as the kernels of the rows' types want them, and the order of hits: what exact and approximate
// search share.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "simdclip/search.h"

namespace simdclip {

// Best first, equal scores by row.
inline bool better(const Hit& a, const Hit& b) {
  return a.score != b.score ? a.score > b.score : a.row < b.row;
}

struct Queries {
  // values: [n, width], which must live as long.
  Queries(std::span<const float> values, size_t query_width, RowType type);

  std::span<const float> floats;
  size_t width;
  std::vector<int16_t> words;  // [n, width], int8 rows only
  std::vector<float> scale;    // [n], int8 rows only
};

// Errors invalid_argument: queries that are no whole rows, a filter of another size.
void check_search(size_t rows, size_t width, std::span<const float> queries, const SearchOptions& options);

// Exact search, of what stands behind a Vectors.
std::vector<std::vector<Hit>> search_rows(const Vectors::State& vectors, std::span<const float> queries,
                                          const SearchOptions& options);

}  // namespace simdclip
