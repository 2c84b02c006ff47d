// Attention of one head of one sequence: out = softmax(scale * Q K^T [+ causal mask]) V, one key block (no
// online rescaling: CLIP's sequences have 50 to 1,025 tokens and the scores of a query block fit in L1/L2).
// Scores are chains of FMAs over the head dimension, the weighted sum of V is a chain over the keys: the same
// bits for every instruction set, and for every split of the queries.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

// T tokens, d head dimension. Strides count elements. Element: float, or the bits of a bf16: then sums and
// weights are f32 all the same, and only the output is rounded (nearest even).
//
// attention_bf16 on AMX, and attention_i8 (of int8 files) everywhere, differ: scores are sums in the order of
// tdpbf16ps (attention_order.inl), weights are rounded to bf16 (their sum is of the unrounded), operands
// below 2^-56 count as zero, and a masked key of the same block of 32 queries is multiplied by zero. Still
// the same bits for every split of the queries; and attention_i8 gives the same bits with every instruction
// set.
template <typename Element>
struct AttentionOperands {
  size_t queries = 0;          // rows of q and out
  size_t keys = 0;             // rows of k and v
  size_t head_dim = 0;         // d, any value >= 1 (64, 72, 80, 88, 104 ... occur)
  const Element* q = nullptr;  // [queries, d], row stride ldq
  const Element* k = nullptr;  // [keys, d], row stride ldkv
  const Element* v = nullptr;  // [keys, d], row stride ldkv
  size_t ldq = 0, ldkv = 0;
  Element* out = nullptr;  // [queries, d], row stride ldo
  size_t ldo = 0;
  float scale = 1;      // 1 / sqrt(d)
  bool causal = false;  // query i sees keys 0 .. first_query + i
  size_t first_query = 0;
  // Added to the scaled score of query i and key j: bias[i * ldbias + j]. Null: none. Of the float kernels
  // only.
  const float* bias = nullptr;
  std::ptrdiff_t ldbias = 0;
  float* scratch = nullptr;  // attention_scratch_floats(max(keys, room), head_dim) floats, 64-byte aligned
  // Of calls one after another whose first keys are the same: `packed` of them were keys of the call before,
  // with the same scratch, head_dim and room (at least the keys of each); a kernel may leave them as it
  // packed them then.
  size_t room = 0, packed = 0;
};

using AttentionArgs = AttentionOperands<float>;
using AttentionBf16Args = AttentionOperands<uint16_t>;
using AttentionFn = void(const AttentionArgs& args) noexcept;
using AttentionBf16Fn = void(const AttentionBf16Args& args) noexcept;

// Room for K and V repacked in panels, a block of scores and one of widened queries.
size_t attention_scratch_floats(size_t keys, size_t head_dim) noexcept;

}  // namespace simdclip::kernels
