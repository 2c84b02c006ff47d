// Byte pair encoding of one word: the pair of lowest rank is joined first, the leftmost of equals.
#pragma once

#include <cstdint>
#include <vector>

#include "text/merge_table.h"

namespace simdclip {

// word: symbols (ids), replaced by what the merges make of them. A word of n symbols takes O(n log n).
void bpe_merge(const MergeTable& table, std::vector<uint32_t>& word);

}  // namespace simdclip
