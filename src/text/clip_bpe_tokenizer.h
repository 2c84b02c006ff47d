// CLIP's tokenizer in its two dialects.
#pragma once

#include "text/clip_bpe_section.h"
#include "text/tokenizer.h"
#include "text/unicode.h"

namespace simdclip {

class ClipBpeTokenizer final : public Tokenizer {
 public:
  ClipBpeTokenizer(const TokenizerConfig& config, uint32_t vocab_size, uint32_t context_length,
                   std::span<const std::byte> section, const std::string& where);

  std::vector<int32_t> encode(std::string_view text) const override;
  bool ends_word(int32_t id) const override;

 private:
  struct Ids;
  void encode_open_clip(std::u32string& text, Ids& ids) const;
  void encode_transformers(const std::u32string& text, Ids& ids) const;
  void encode_words(std::u32string_view text, UnicodeLibrary library, Ids& ids) const;
  void encode_word(std::u32string_view word, Ids& ids) const;

  ClipBpeTable table_;
  TextCleaning cleaning_;
  uint32_t bos_id_, eos_id_;
  struct Added {
    std::u32string content;
    uint32_t id;
  };
  std::vector<Added> before_, after_;  // looked for before and after normalization, longest first
};

}  // namespace simdclip
