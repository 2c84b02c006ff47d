// How attention divides its scratch memory; the size is attention_scratch_floats() of attention.h.
#pragma once

#include <cstddef>

namespace simdclip::kernels {

struct AttentionScratch {
  float* k;            // [ceil(keys / 16)][head_dim][16]
  float* v;            // [ceil(head_dim / 16)][keys][16]
  float* scores;       // [kAttentionBlockRows][padded_keys]
  size_t padded_keys;  // row stride of the scores
  float* queries;  // [kAttentionBlockRows][ceil16(head_dim)]: a block's queries, where they are not floats
                   // already
};

// Queries that any kernel works on at once.
inline constexpr size_t kAttentionBlockRows = 16;

AttentionScratch split_attention_scratch(float* scratch, size_t keys, size_t head_dim) noexcept;

}  // namespace simdclip::kernels
