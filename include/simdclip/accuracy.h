// How much two models of the same checkpoint agree: an int8 or bf16 file beside the f32 one.
#pragma once

#include <cstddef>
#include <span>

#include "simdclip/export.h"

namespace simdclip {

struct CosineAgreement {
  size_t rows = 0;
  double lowest = 1, mean = 1;  // of the cosines between a's row and b's row
  size_t lowest_row = 0;
};

// a, b: [n, width], of any length above zero. Throws Error invalid_argument where the sizes differ.
SIMDCLIP_API CosineAgreement cosine_agreement(std::span<const float> a, std::span<const float> b,
                                              size_t width);

struct RankAgreement {
  size_t queries = 0;
  double top_1 = 1;  // the share of queries whose best candidate is the same
  double top_5 = 1;  // the mean share of the five best (or of all, where there are fewer) that both name
};

// Ranks candidates [m, width] for each query [n, width] by the dot product, with a's vectors and with b's.
// Where queries and candidates are the same span, a query is no candidate of itself. Throws Error
// invalid_argument where sizes differ.
struct RankedRows {
  std::span<const float> queries, candidates;
};
SIMDCLIP_API RankAgreement rank_agreement(const RankedRows& a, const RankedRows& b, size_t width);

}  // namespace simdclip
