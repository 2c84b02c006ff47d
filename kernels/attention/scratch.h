// How attention divides its scratch memory; the size is attention_scratch_floats() of attention.h.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

struct AttentionScratch {
  float* k;            // [ceil(keys / 16)][head_dim][16]
  float* v;            // [ceil(head_dim / 16)][keys][16]
  float* scores;       // [kAttentionBlockRows][padded_keys]
  size_t padded_keys;  // row stride of the scores
  float* queries;  // [kAttentionBlockRows][ceil16(head_dim)]: a block's queries, where they are not floats
                   // already
};

// Queries that any kernel without tiles works on at once.
inline constexpr size_t kAttentionBlockRows = 16;

AttentionScratch split_attention_scratch(float* scratch, size_t keys, size_t head_dim) noexcept;

// The same for tiles (attention_tiles.inl): bf16 operands in panels as gemm/pack.h has them, zeros beyond the
// end.
struct AttentionTileScratch {
  uint16_t* k;         // panels of 16 keys: [ceil16(keys) / 16][depth / 2][16][2]
  uint16_t* v;         // panels of 16 columns: [ceil16(head_dim) / 16][padded_keys / 2][16][2]
  size_t depth;        // head_dim, a multiple of 32
  size_t padded_keys;  // a multiple of 32
  float* scores[2];    // [kAttentionTileRows][score_stride] of two blocks; their rows become the weights
  size_t score_stride;
  uint16_t* queries;  // [kAttentionTileRows][depth]
  float* sums;        // [kAttentionTileRows][32], a block of outputs
};
inline constexpr size_t kAttentionTileRows = 32;
// Elements that one multiplication of tiles sums.
inline constexpr size_t kTileStep = 32;

// What attention on tiles and attention in their order (attention_order.inl, which has the reasons) have in
// common: smaller operands count as zero, weights are held at 2^kLowestExponent.
inline constexpr float kTinyOperand = 0x1p-56F, kLowestExponent = -56, kInverseLn2 = 0x1.715476p0F;

AttentionTileScratch split_attention_tile_scratch(float* scratch, size_t keys, size_t head_dim) noexcept;

}  // namespace simdclip::kernels
