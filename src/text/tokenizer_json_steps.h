// The parts of tokenizer.json beside its model: normalizer, pre_tokenizer and post_processor.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "text/vocabulary_section.h"

namespace simdclip {

// Appends to steps and charsmap of the vocabulary. Error unsupported: names the first part that is not known.
void read_json_steps(const nlohmann::json& tokenizer, Vocabulary& vocabulary, const std::string& where);

// The texts of the tokens before and behind a text, at most one each. Error unsupported.
struct EnclosingTokens {
  std::string before, after;  // empty: none
};
EnclosingTokens read_post_processor(const nlohmann::json& tokenizer, const std::string& where);

// A text or a flag of an object; `otherwise` where it is absent, null or of another type.
std::string text_of(const nlohmann::json& object, const char* key, const std::string& otherwise = {});
bool flag_of(const nlohmann::json& object, const char* key, bool otherwise);

}  // namespace simdclip
