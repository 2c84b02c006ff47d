// Text (UTF-8) -> token ids, as the model file says.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/config.h"

namespace simdclip {

// Immutable; usable from many threads.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // The ids of one text with its begin and end tokens, truncated to the context length (a truncated text ends
  // in eos_id), not padded. Malformed UTF-8 is replaced by U+FFFD (maximal subparts, as Python's
  // errors="replace"). Usable concurrently.
  virtual std::vector<int32_t> encode(std::string_view text) const = 0;

  // Whether an id is the end of a word, where the vocabulary says so (clip_bpe's </w>).
  virtual bool ends_word(int32_t) const { return false; }

  uint32_t context_length() const noexcept { return context_length_; }
  int32_t pad_id() const noexcept { return pad_id_; }

 protected:
  uint32_t context_length_ = 0;
  int32_t pad_id_ = 0;
};

// From the configuration and the tokenizer section of a .sclip file, whose bytes must outlive the tokenizer
// (it searches them in place). Errors: damaged, unsupported; `where` begins the message.
std::unique_ptr<Tokenizer> make_tokenizer(const TokenizerConfig& config, uint32_t vocab_size,
                                          uint32_t context_length, std::span<const std::byte> section,
                                          const std::string& where);

// The converter's side: tokenizer sections for clip_bpe.
std::vector<std::byte> clip_bpe_builtin_section();  // CLIP's 48,894 merges, built in

// Settings beside a vocabulary, as file contents; empty where the file is missing.
struct TokenizerSettings {
  std::string_view tokenizer_config_json = {};
  std::string_view special_tokens_map_json = {};
};

// A transformers folder's merges.txt and vocab.json, or its tokenizer.json, for any vocabulary of CLIP's
// construction. The ids are the vocabulary's. Errors: damaged (files that do not belong together),
// unsupported (another kind of tokenizer).
std::vector<std::byte> clip_bpe_section_from_merges(std::string_view merges_txt, std::string_view vocab_json,
                                                    const std::string& where,
                                                    const TokenizerSettings& settings = {});
std::vector<std::byte> clip_bpe_section_from_tokenizer_json(std::string_view tokenizer_json,
                                                            const std::string& where,
                                                            const TokenizerSettings& settings = {});

}  // namespace simdclip
