// transformers' SiglipTokenizer: the sentencepiece library behind the rules of big_vision. Any other text
// that the sentencepiece library alone turns into ids goes here too.
#pragma once

#include "text/enclosed_ids.h"
#include "text/pipeline_tokenizer.h"
#include "text/tokenizer.h"
#include "text/unigram.h"

namespace simdclip {

class SiglipTokenizer final : public Tokenizer {
 public:
  SiglipTokenizer(const TokenizerConfig& config, uint32_t vocab_size, uint32_t context_length,
                  std::span<const std::byte> section, const std::string& where);

  std::vector<int32_t> encode(std::string_view text) const override;

 private:
  std::vector<uint32_t> encode_siglip(std::string_view text) const;
  void append_cleaned(std::u32string_view text, std::vector<uint32_t>& ids) const;

  VocabularyTable table_;
  Unigram model_;
  AddedTokens added_;
  EnclosedIds enclosed_;
  TextCleaning cleaning_;
  uint32_t eos_id_, space_id_;
  size_t unknown_length_;  // how many ids the text "<unk>" has
};

}  // namespace simdclip
