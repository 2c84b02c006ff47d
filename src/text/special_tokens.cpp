#include "text/special_tokens.h"

#include <algorithm>

#include "base/fail.h"
#include "text/tokenizer_json_steps.h"

namespace simdclip {
namespace {

using Json = nlohmann::json;

constexpr const char* kRoles[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                  "pad_token", "cls_token", "mask_token"};

// A token as its text, or as an object with its text and properties.
ExtraToken read_token(const Json& json, const std::string& where) {
  ExtraToken token;
  if (json.is_string()) {
    token.content = json.get<std::string>();
    return token;
  }
  token.content = text_of(json, "content");
  if (token.content.empty()) fail(ErrorCode::damaged, where, ": a token without content: ", json.dump());
  if (flag_of(json, "single_word", false))
    fail(ErrorCode::unsupported, where, ": the token '", token.content,
         "' has single_word, which is not supported");
  token.normalized = flag_of(json, "normalized", !flag_of(json, "special", false));
  token.left_strip = flag_of(json, "lstrip", false);
  token.right_strip = flag_of(json, "rstrip", false);
  return token;
}

}  // namespace

SpecialTokens::SpecialTokens(const Files& files, const std::map<std::string, std::string>& defaults,
                             const std::string& where) {
  for (const auto& [role, text] : defaults) roles_[role] = ExtraToken{text};
  const bool listed = files.config.is_object() && files.config.contains("added_tokens_decoder");
  const auto read_roles = [&](const Json& settings) {
    if (!settings.is_object()) return;
    for (const char* role : kRoles) {
      if (!settings.contains(role)) continue;
      roles_[role] =
          settings[role].is_null() ? std::nullopt : std::optional(read_token(settings[role], where));
    }
    for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
      if (!settings.contains(key) || !settings[key].is_array()) continue;
      for (const Json& token : settings[key]) further_.push_back(read_token(token, where).content);
    }
  };
  read_roles(files.config);
  if (!listed) read_roles(files.special_tokens_map);

  std::map<uint64_t, ExtraToken> by_id;
  if (listed) {
    for (const auto& [key, token] : files.config["added_tokens_decoder"].items()) {
      if (key.empty() || key.size() > 9 || key.find_first_not_of("0123456789") != std::string::npos)
        fail(ErrorCode::damaged, where, ": added_tokens_decoder has the id '", key, "', expected a number");
      by_id[std::stoull(key)] = read_token(token, where);
    }
  } else {
    if (files.added_tokens.is_object()) {
      for (const auto& [text, id] : files.added_tokens.items()) {
        if (!id.is_number_unsigned())
          fail(ErrorCode::damaged, where, ": added_tokens.json: '", text, "' has no id");
        ExtraToken token{text};
        token.normalized = std::none_of(roles_.begin(), roles_.end(), [&, &name = text](const auto& role) {
          return role.second && role.second->content == name;
        });
        by_id[id.get<uint64_t>()] = token;
      }
    }
    if (files.tokenizer != nullptr && files.tokenizer->contains("added_tokens") &&
        (*files.tokenizer)["added_tokens"].is_array()) {
      for (const Json& token : (*files.tokenizer)["added_tokens"]) {
        if (!token.is_object() || !token.contains("id") || !token["id"].is_number_unsigned())
          fail(ErrorCode::damaged, where, ": an added token without id: ", token.dump());
        by_id[token["id"].get<uint64_t>()] = read_token(token, where);
      }
    }
  }
  for (const auto& [id, token] : by_id) put(token, true);
}

void SpecialTokens::put(ExtraToken token, bool overwrite) {
  if (token.content.empty()) return;
  const auto [at, added] = place_.emplace(token.content, added_.size());
  if (added) {
    added_.push_back(std::move(token));
  } else if (overwrite) {
    added_[at->second] = std::move(token);
  }
}

std::string SpecialTokens::name(const std::string& role) const {
  const auto found = roles_.find(role);
  return found == roles_.end() || !found->second ? std::string() : found->second->content;
}

void SpecialTokens::strip_before(const std::string& role) {
  const auto found = roles_.find(role);
  if (found == roles_.end() || !found->second || place_.contains(found->second->content)) return;
  found->second->normalized = found->second->left_strip = true;
}

std::vector<ExtraToken> SpecialTokens::added(const std::vector<ExtraToken>& extra) const {
  SpecialTokens all = *this;
  for (const char* role : kRoles) {
    const auto found = roles_.find(role);
    if (found != roles_.end() && found->second) all.put(*found->second, false);
  }
  for (const std::string& text : further_) all.put(ExtraToken{text}, false);
  for (const ExtraToken& token : extra) all.put(token, false);
  return all.added_;
}

}  // namespace simdclip
