#include "text/clip_bpe_section.h"
#include "text/clip_merges.h"
#include "text/tokenizer.h"

namespace simdclip {

std::vector<std::byte> clip_bpe_builtin_section() {
  constexpr uint32_t kFirstMerged = 512;
  ClipBpe bpe;
  const auto order = clip_byte_order();
  for (uint32_t i = 0; i < 256; ++i) {
    bpe.byte_ids[order[i]] = i;
    bpe.byte_ids[256U + order[i]] = 256 + i;
  }
  bpe.merges.reserve(kClipMergeCount);
  for (uint32_t r = 0; r < kClipMergeCount; ++r)
    bpe.merges.push_back({kClipMerges[2 * r], kClipMerges[2 * r + 1], kFirstMerged + r});
  const auto begin = static_cast<uint32_t>(kFirstMerged + kClipMergeCount);
  bpe.vocab_size = begin + 2;
  bpe.unk_id = begin + 1;
  bpe.added = {{"<|startoftext|>", begin, false}, {"<|endoftext|>", begin + 1, false}};
  return write_clip_bpe(bpe);
}

}  // namespace simdclip
