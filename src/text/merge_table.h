// What joining two symbols makes: merges in rows by their left part, searched where they lie.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>

namespace simdclip {

struct MergeTable {
  // row_start: [symbols + 1]; the others [merges], ordered by (left, right).
  std::span<const uint32_t> row_start, right, rank, result;

  struct Found {
    uint32_t rank, result;
  };
  // left is below the number of symbols.
  std::optional<Found> find(uint32_t left, uint32_t right_part) const noexcept {
    const auto begin = right.begin() + row_start[left], end = right.begin() + row_start[left + 1];
    const auto found = std::lower_bound(begin, end, right_part);
    if (found == end || *found != right_part) return std::nullopt;
    const auto i = static_cast<size_t>(found - right.begin());
    return Found{rank[i], result[i]};
  }
};

}  // namespace simdclip
