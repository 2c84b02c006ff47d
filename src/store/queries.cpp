#include "store/queries.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "kernels/dot/dot.h"

namespace simdclip {

Queries::Queries(std::span<const float> values, size_t query_width, RowType type)
    : floats(values), width(query_width) {
  if (type != RowType::int8) return;
  const auto limit = static_cast<float>(kernels::dot_i8_query_limit(width));
  const size_t n = values.size() / width;
  words.resize(values.size());
  scale.resize(n);
  for (size_t q = 0; q < n; ++q) {
    float top = 0;
    for (size_t k = 0; k < width; ++k) top = std::max(top, std::fabs(values[q * width + k]));
    const float factor = top > 0 ? limit / top : 0;
    for (size_t k = 0; k < width; ++k) {
      words[q * width + k] =
          static_cast<int16_t>(std::clamp(std::nearbyint(values[q * width + k] * factor), -limit, limit));
    }
    scale[q] = top / limit;
  }
}

void check_search(size_t rows, size_t width, std::span<const float> queries, const SearchOptions& options) {
  if (width == 0 || queries.size() % width != 0) {
    fail(ErrorCode::invalid_argument, "queries have ", queries.size(), " values, expected whole rows of ",
         width);
  }
  if (!options.allowed.empty() && options.allowed.size() != rows) {
    fail(ErrorCode::invalid_argument, "'allowed' has ", options.allowed.size(),
         " values, expected one for each of ", rows, " rows");
  }
}

}  // namespace simdclip
