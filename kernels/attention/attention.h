// Attention of one head of one sequence: out = softmax(scale * Q K^T [+ causal mask]) V, one key block (no
// online rescaling: CLIP's sequences have 50 to 1,025 tokens and the scores of a query block fit in L1/L2).
// Scores are chains of FMAs over the head dimension, the weighted sum of V is a chain over the keys: the same
// bits for every instruction set, and for every split of the queries.
#pragma once

#include <cstddef>

namespace simdclip::kernels {

// T tokens, d head dimension. Strides count floats.
struct AttentionArgs {
  size_t queries = 0;        // rows of q and out
  size_t keys = 0;           // rows of k and v
  size_t head_dim = 0;       // d, any value >= 1 (64, 72, 80, 88, 104 ... occur)
  const float* q = nullptr;  // [queries, d], row stride ldq
  const float* k = nullptr;  // [keys, d], row stride ldkv
  const float* v = nullptr;  // [keys, d], row stride ldkv
  size_t ldq = 0, ldkv = 0;
  float* out = nullptr;  // [queries, d], row stride ldo
  size_t ldo = 0;
  float scale = 1;      // 1 / sqrt(d)
  bool causal = false;  // query i sees keys 0 .. first_query + i
  size_t first_query = 0;
  float* scratch = nullptr;  // attention_scratch_floats(keys, head_dim) floats, 64-byte aligned
};

using AttentionFn = void(const AttentionArgs& args) noexcept;

// Room for K and V repacked in panels and a block of scores.
size_t attention_scratch_floats(size_t keys, size_t head_dim) noexcept;

}  // namespace simdclip::kernels
