// The tokenizer section of kind clip_bpe (docs/format.md): a merge table that is searched where it lies, in
// the mapped file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/merge_table.h"

namespace simdclip {

inline constexpr uint32_t kNoToken = 0xFFFFFFFFU;

// A text that stands for one id wherever it occurs (tokenizers' AddedToken). Used by the transformers
// cleaning only: open_clip's tokenizer has its own two names.
struct AddedToken {
  std::string content;
  uint32_t id = 0;
  bool normalized = false;  // looked for after normalization (lower case), not before
};

struct ClipMerge {
  uint32_t left = 0, right = 0, result = 0;
};

// What a section is written from.
struct ClipBpe {
  uint32_t vocab_size = 0;
  std::array<uint32_t, 512>
      byte_ids{};  // of byte b, and of b at the end of a word at 256 + b; kNoToken: unk_id stands for it
  uint32_t unk_id = kNoToken;
  std::vector<ClipMerge> merges;  // in order of rank
  std::vector<AddedToken> added;
};

std::vector<std::byte> write_clip_bpe(const ClipBpe& bpe);

// The section read in place. The bytes must stay where they are.
class ClipBpeTable {
 public:
  // Checks everything. Error: damaged; unsupported for a newer version.
  ClipBpeTable(std::span<const std::byte> section, const std::string& where);

  const MergeTable& merges() const noexcept { return merges_; }

  // Of byte b, or of b at the end of a word.
  uint32_t byte_id(uint8_t b, bool last) const noexcept { return byte_ids_[b + (last ? 256U : 0U)]; }
  uint32_t vocab_size() const noexcept { return vocab_size_; }
  const std::vector<AddedToken>& added() const noexcept { return added_; }

 private:
  void check_merges(const std::string& where) const;
  void read_added(std::span<const std::byte> bytes, uint32_t count, const std::string& where);

  uint32_t vocab_size_ = 0;
  std::array<uint32_t, 512> byte_ids_{};
  MergeTable merges_;
  std::vector<AddedToken> added_;
  std::vector<uint32_t> copy_;  // of a section that is not aligned to 4 bytes
};

// Bytes in the order of CLIP's ids 0..255: the printable ones of Latin-1 first.
std::array<uint8_t, 256> clip_byte_order();

}  // namespace simdclip
