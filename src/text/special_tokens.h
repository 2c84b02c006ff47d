// The special and added tokens of a tokenizer's settings, as transformers 5 puts them together.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "text/vocabulary_section.h"

namespace simdclip {

// What tokenizer_config.json, special_tokens_map.json, added_tokens.json and tokenizer.json say.
class SpecialTokens {
 public:
  struct Files {
    const nlohmann::json* tokenizer = nullptr;                // tokenizer.json
    nlohmann::json config, special_tokens_map, added_tokens;  // null where absent
  };
  // defaults: the names that the class has where no file says another, as {"eos_token": "</s>"}. Error
  // damaged.
  SpecialTokens(const Files& files, const std::map<std::string, std::string>& defaults,
                const std::string& where);

  // "" where there is none.
  std::string name(const std::string& role) const;

  // A class's own properties of a role's token, where no file lists it: normalized, and it takes the white
  // space before it.
  void strip_before(const std::string& role);

  // The tokens that are cut out of a text, in the order in which they get ids; `extra` come last.
  std::vector<ExtraToken> added(const std::vector<ExtraToken>& extra) const;

 private:
  void put(ExtraToken token, bool overwrite);
  std::map<std::string, std::optional<ExtraToken>> roles_;  // "eos_token": its token; nullopt: null
  std::vector<ExtraToken> added_;
  std::unordered_map<std::string, size_t> place_;  // in added_, by content
  std::vector<std::string> further_;               // additional_special_tokens
};

}  // namespace simdclip
