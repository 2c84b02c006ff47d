#include "kernels/attention/scratch.h"

#include "kernels/attention/attention.h"

namespace simdclip::kernels {
namespace {

size_t up_to_16(size_t n) { return (n + 15) / 16 * 16; }
size_t up_to_32(size_t n) { return (n + 31) / 32 * 32; }

// Elements of a row: an odd number of 64-byte lines, since rows a power of two apart would share cache sets.
size_t odd_lines(size_t bytes, size_t element_bytes) { return ((bytes + 63) / 64 | 1) * 64 / element_bytes; }
size_t score_stride(size_t keys) { return odd_lines(up_to_16(keys) * sizeof(float), sizeof(float)); }

// Hands out parts of the scratch, each on a cache line; with no scratch it only counts.
struct Parts {
  float* scratch;
  size_t floats = 0;

  template <typename T>
  T* take(size_t count) {
    float* const part = scratch == nullptr ? nullptr : scratch + floats;
    floats += up_to_16((count * sizeof(T) + sizeof(float) - 1) / sizeof(float));
    return reinterpret_cast<T*>(part);
  }
};

AttentionTileScratch split_for_tiles(Parts& parts, size_t keys, size_t head_dim) {
  AttentionTileScratch s;
  s.depth = up_to_32(head_dim);
  s.padded_keys = up_to_32(keys);
  s.k = parts.take<uint16_t>(up_to_16(keys) * s.depth);
  s.v = parts.take<uint16_t>(up_to_16(head_dim) * s.padded_keys);
  s.score_stride = odd_lines(s.padded_keys * sizeof(float), sizeof(float));
  for (float*& scores : s.scores) scores = parts.take<float>(kAttentionTileRows * s.score_stride);
  s.queries = parts.take<uint16_t>(kAttentionTileRows * s.depth);
  s.sums = parts.take<float>(kAttentionTileRows * 32);
  return s;
}

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

AttentionTileScratch split_attention_tile_scratch(float* scratch, size_t keys, size_t head_dim) noexcept {
  Parts parts{scratch};
  return split_for_tiles(parts, keys, head_dim);
}

size_t attention_scratch_floats(size_t keys, size_t head_dim) noexcept {
  const size_t vectors = up_to_16(keys) * head_dim + up_to_16(head_dim) * keys +
                         kAttentionBlockRows * (score_stride(keys) + up_to_16(head_dim));
  Parts parts{nullptr};
  split_for_tiles(parts, keys, head_dim);
  return vectors > parts.floats ? vectors : parts.floats;
}

}  // namespace simdclip::kernels
