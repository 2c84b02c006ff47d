// The converter's side: the files of a transformers tokenizer -> a tokenizer section and its configuration.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "format/config.h"

namespace simdclip {

// The files of a tokenizer's folder, as they are; empty where absent.
struct TokenizerSources {
  std::string where;           // of the folder; begins messages
  std::string tokenizer_json;  // tokenizer.json
  std::string spiece_model;    // spiece.model, sentencepiece.bpe.model, tokenizer.model
  std::string vocab_txt;       // BERT's
  std::string vocab_json, merges_txt;
  std::string tokenizer_config, special_tokens_map, added_tokens;  // *.json
  // The class that stands in tokenizer_config.json, or else belongs to the model, without "Fast":
  // "T5Tokenizer", "SiglipTokenizer", "Siglip2Tokenizer", "XLMRobertaTokenizer", "NllbTokenizer",
  // "GemmaTokenizer", "BertTokenizer", "RobertaTokenizer"; empty or "TokenizersBackend": as tokenizer.json
  // says.
  std::string tokenizer_class;
  // What stands for a tokenizer_config.json that is not there: pad_token, add_eos_token, padding_side,
  // extra_ids.
  std::string default_config;
  // open_clip's strip_sep_token: the end token is written as 0, wherever it comes from
  bool strip_sep = false;
};

struct BuiltTokenizer {
  TokenizerConfig config;  // cleaning: none, or siglip for SiglipTokenizer
  std::vector<std::byte> section;
};

// vocab_size: rows of the token embedding. Errors: missing_info (a file that is not there), damaged,
// unsupported (another kind, a step that is not known), shape_mismatch (more pieces than rows).
BuiltTokenizer build_tokenizer(const TokenizerSources& sources, uint32_t vocab_size);

}  // namespace simdclip
