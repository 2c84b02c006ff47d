#include "kernels/attention/scratch.h"

#include "kernels/attention/attention.h"

namespace simdclip::kernels {
namespace {

size_t up_to_16(size_t n) { return (n + 15) / 16 * 16; }

// An odd number of 64-byte lines: rows a power of two apart would share cache sets.
size_t score_stride(size_t keys) { return (up_to_16(keys) / 16 | 1) * 16; }

}  // namespace

AttentionScratch split_attention_scratch(float* scratch, size_t keys, size_t head_dim) noexcept {
  AttentionScratch s;
  s.k = scratch;
  s.v = s.k + up_to_16(keys) * head_dim;
  s.scores = s.v + up_to_16(head_dim) * keys;
  s.padded_keys = score_stride(keys);
  s.queries = s.scores + kAttentionBlockRows * s.padded_keys;
  return s;
}

size_t attention_scratch_floats(size_t keys, size_t head_dim) noexcept {
  return up_to_16(keys) * head_dim + up_to_16(head_dim) * keys +
         kAttentionBlockRows * (score_stride(keys) + up_to_16(head_dim));
}

}  // namespace simdclip::kernels
