// Which token of a text is pooled, and how many of its tokens the tower reads.
#include <gtest/gtest.h>

#include <vector>

#include "model/text_tower.h"

namespace simdclip {
namespace {

TextExtent extent(Pooling pooling, bool causal, const std::vector<int32_t>& ids) {
  TextConfig config;
  config.pooling = pooling;
  config.causal = causal;
  config.eos_id = 9;
  return text_extent(config, ids);
}

// A text may hold the end token itself, and padding may be the end token: torch's argmax is the first of
// equal ids.
TEST(TextExtent, PoolsTheFirstOfSeveralEndTokens) {
  const std::vector<int32_t> ids = {8, 1, 9, 2, 9, 9};
  for (const Pooling pooling : {Pooling::argmax_id, Pooling::first_eos}) {
    EXPECT_EQ(extent(pooling, true, ids).pooled, 2U);
    EXPECT_EQ(extent(pooling, true, ids).length, 3U);   // causal: nothing behind it is seen
    EXPECT_EQ(extent(pooling, false, ids).length, 6U);  // elsewhere all of it
  }
  EXPECT_EQ(extent(Pooling::last, true, ids).pooled, 5U);
}

TEST(TextExtent, WithoutAnEndTokenTheReferencesRulesHold) {
  const std::vector<int32_t> ids = {3, 1, 7, 2};
  EXPECT_EQ(extent(Pooling::argmax_id, true, ids).pooled, 2U);  // the highest id, whatever it is
  EXPECT_EQ(extent(Pooling::first_eos, true, ids).pooled, 0U);  // argmax of "is EOS", which is nowhere
}

}  // namespace
}  // namespace simdclip
