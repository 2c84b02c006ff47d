// A tokenizer of the Rust library: added tokens cut out, the rest normalized, split into words, each word
// given to a model. T5, XLM-RoBERTa, NLLB, Gemma, BERT and RoBERTa differ in the section alone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "text/enclosed_ids.h"
#include "text/text_steps.h"
#include "text/tokenizer.h"
#include "text/vocabulary_section.h"
#include "text/word_model.h"

namespace simdclip {

// Added tokens in a text: the leftmost, the longest of those at one place.
class AddedTokens {
 public:
  struct Token {
    std::u32string content;
    uint32_t id;
    bool left_strip, right_strip;
  };
  void add(Token token);
  void sort();

  struct Part {
    std::u32string_view text;
    uint32_t id;  // kNoToken: text between the tokens
  };
  // All of the text in order.
  std::vector<Part> split(std::u32string_view text) const;

 private:
  std::vector<Token> tokens_;    // by first character, then longest first
  std::vector<char32_t> first_;  // their first characters, sorted
};

class PipelineTokenizer final : public Tokenizer {
 public:
  PipelineTokenizer(const TokenizerConfig& config, uint32_t vocab_size, uint32_t context_length,
                    std::span<const std::byte> section, const std::string& where);

  std::vector<int32_t> encode(std::string_view text) const override;

 private:
  void encode_normalized(std::u32string_view text, bool at_start, std::vector<int32_t>& ids) const;

  VocabularyTable table_;
  TextSteps steps_;
  std::unique_ptr<WordModel> model_;
  AddedTokens before_, after_;  // looked for before and after normalization
  EnclosedIds enclosed_;
  TextCleaning cleaning_;
};

}  // namespace simdclip
