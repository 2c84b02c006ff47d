// The tokenizer files of a transformers folder -> a clip_bpe section.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "base/fail.h"
#include "text/clip_bpe_section.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

using Json = nlohmann::json;
using Vocabulary = std::unordered_map<std::string, uint32_t>;
constexpr uint32_t kMaxId = 1U << 24;
constexpr const char* kBegin = "<|startoftext|>";
constexpr const char* kEnd = "<|endoftext|>";

Json parse(std::string_view text, const std::string& where) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) fail(ErrorCode::damaged, where, ": expected a JSON object");
  return json;
}

Vocabulary read_vocabulary(const Json& vocab, const std::string& where) {
  if (!vocab.is_object() || vocab.empty())
    fail(ErrorCode::damaged, where, ": expected an object of tokens and their ids");
  Vocabulary ids;
  std::vector<bool> seen;
  for (const auto& [token, id] : vocab.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= kMaxId) {
      fail(ErrorCode::damaged, where, ": token '", token, "' has the id ", id.dump(),
           ", expected a number below ", kMaxId);
    }
    const auto number = id.get<uint32_t>();
    if (number >= seen.size()) seen.resize(number + size_t{1});
    if (seen[number]) fail(ErrorCode::damaged, where, ": two tokens have the id ", number);
    seen[number] = true;
    ids.emplace(token, number);
  }
  return ids;
}

using Pair = std::pair<std::string, std::string>;

Pair split_merge(std::string_view line, const std::string& where, const char* unit, size_t number) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos) {
    fail(ErrorCode::damaged, where, unit, number, " is '", line,
         "', expected two tokens with one space between them");
  }
  return {std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
}

std::vector<Pair> read_merges_txt(std::string_view text, const std::string& where) {
  std::vector<Pair> merges;
  size_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (line.empty() || line.starts_with("#version")) continue;
    merges.push_back(split_merge(line, where, " line ", number));
  }
  return merges;
}

std::vector<Pair> read_merges_json(const Json& merges, const std::string& where) {
  if (!merges.is_array()) fail(ErrorCode::damaged, where, ": model.merges is no list");
  std::vector<Pair> pairs;
  for (const Json& merge : merges) {
    if (merge.is_string()) {
      pairs.push_back(split_merge(merge.get_ref<const std::string&>(), where, ": merge ", pairs.size()));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      pairs.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      fail(ErrorCode::damaged, where, ": merge ", pairs.size(), " is ", merge.dump(),
           ", expected two tokens");
    }
  }
  return pairs;
}

uint32_t id_of(const Vocabulary& vocabulary, const std::string& token, const std::string& where) {
  const auto found = vocabulary.find(token);
  if (found == vocabulary.end()) {
    fail(ErrorCode::damaged, where, ": token '", token,
         "' is not in the vocabulary; the files do not belong together");
  }
  return found->second;
}

// A byte is written as a visible character: itself when printable in Latin-1, else one of U+0100 and up
// (GPT-2's table).
void find_byte_ids(const Vocabulary& vocabulary, ClipBpe& bpe, const std::string& where) {
  const auto order = clip_byte_order();
  const auto first_hidden =
      static_cast<size_t>(std::find(order.begin(), order.end(), uint8_t{0}) - order.begin());
  for (size_t i = 0; i < order.size(); ++i) {
    std::string symbol;
    append_utf8(symbol,
                i < first_hidden ? char32_t{order[i]} : static_cast<char32_t>(256 + i - first_hidden));
    for (size_t last : {0U, 256U}) {
      const auto found = vocabulary.find(last != 0 ? symbol + "</w>" : symbol);
      bpe.byte_ids[order[i] + last] = found == vocabulary.end() ? kNoToken : found->second;
      if (found == vocabulary.end() && bpe.unk_id == kNoToken) {
        fail(ErrorCode::damaged, where, ": the vocabulary has neither byte ", unsigned{order[i]},
             " nor an unknown token");
      }
    }
  }
}

std::vector<std::byte> build(const Vocabulary& vocabulary, const std::vector<Pair>& merges,
                             std::vector<AddedToken> added, const std::string& where) {
  ClipBpe bpe;
  for (const auto& [token, id] : vocabulary) bpe.vocab_size = std::max(bpe.vocab_size, id + 1);
  for (const AddedToken& token : added) bpe.vocab_size = std::max(bpe.vocab_size, token.id + 1);
  if (const auto found = vocabulary.find(kEnd); found != vocabulary.end()) bpe.unk_id = found->second;
  find_byte_ids(vocabulary, bpe, where);
  std::vector<uint64_t> pairs;
  for (const auto& [left, right] : merges) {
    bpe.merges.push_back({id_of(vocabulary, left, where), id_of(vocabulary, right, where),
                          id_of(vocabulary, left + right, where)});
    pairs.push_back(uint64_t{bpe.merges.back().left} << 32U | bpe.merges.back().right);
  }
  std::sort(pairs.begin(), pairs.end());
  if (const auto twice = std::adjacent_find(pairs.begin(), pairs.end()); twice != pairs.end()) {
    fail(ErrorCode::damaged, where, ": the merge of ids ", *twice >> 32U, " and ", *twice & 0xFFFFFFFFU,
         " occurs twice");
  }
  bpe.added = std::move(added);
  return write_clip_bpe(bpe);
}

AddedToken read_added(const Json& token, uint32_t id, const std::string& where) {
  const auto flag = [&](const char* name) {
    return token.contains(name) && token[name].is_boolean() && token[name].get<bool>();
  };
  if (!token.is_object() || !token.contains("content") || !token["content"].is_string() ||
      token["content"].get_ref<const std::string&>().empty()) {
    fail(ErrorCode::damaged, where, ": an added token without content: ", token.dump());
  }
  AddedToken added{token["content"].get<std::string>(), id, flag("normalized")};
  if (flag("single_word")) {
    fail(ErrorCode::unsupported, where, ": added token '", added.content,
         "' has single_word, which CLIP's tokenizer here does not know");
  }
  return added;
}

// How <|startoftext|> and <|endoftext|> are looked for when no list of added tokens says it: the settings of
// bos, eos, unk and pad, the last one that names the token; a plain string means before normalization.
// (transformers 5)
std::vector<AddedToken> default_added(const Vocabulary& vocabulary, const TokenizerSettings& settings,
                                      const std::string& where) {
  std::vector<AddedToken> added = {{kBegin, id_of(vocabulary, kBegin, where), false},
                                   {kEnd, id_of(vocabulary, kEnd, where), false}};
  for (std::string_view text : {settings.special_tokens_map_json, settings.tokenizer_config_json}) {
    if (text.empty()) continue;
    const Json json = parse(text, where);
    for (const char* role : {"bos_token", "eos_token", "unk_token", "pad_token"}) {
      if (!json.contains(role) || json[role].is_null()) continue;
      const Json& token = json[role];
      const AddedToken read = read_added(token.is_string() ? Json{{"content", token}} : token, 0, where);
      for (AddedToken& known : added) {
        if (known.content == read.content) known.normalized = read.normalized;
      }
    }
  }
  return added;
}

// tokenizer_config.json's added_tokens_decoder {"49406": {...}}: it has the last word.
void override_added(std::vector<AddedToken>& added, const TokenizerSettings& settings,
                    const std::string& where) {
  if (settings.tokenizer_config_json.empty()) return;
  const Json json = parse(settings.tokenizer_config_json, where);
  if (!json.contains("added_tokens_decoder") || !json["added_tokens_decoder"].is_object()) return;
  for (const auto& [key, token] : json["added_tokens_decoder"].items()) {
    if (key.empty() || key.size() > 8 ||
        !std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; })) {
      fail(ErrorCode::damaged, where, ": added_tokens_decoder has the id '", key, "', expected a number");
    }
    const AddedToken read = read_added(token, static_cast<uint32_t>(std::stoul(key)), where);
    const auto known = std::find_if(added.begin(), added.end(),
                                    [&](const AddedToken& a) { return a.content == read.content; });
    if (known == added.end()) {
      added.push_back(read);
    } else if (known->id != read.id) {
      fail(ErrorCode::damaged, where, ": added token '", read.content, "' has the id ", read.id,
           ", the vocabulary says ", known->id);
    } else {
      *known = read;
    }
  }
}

// CLIP's normalizer and model; another tokenizer's file must not be read as CLIP's.
void check_is_clip(const Json& json, const std::string& where) {
  const Json& model = json["model"];
  const auto text = [](const Json& object, const char* name) {
    return object.contains(name) && object[name].is_string() ? object[name].get<std::string>()
                                                             : std::string();
  };
  if (model.contains("type") && text(model, "type") != "BPE") {
    fail(ErrorCode::unsupported, where, ": a tokenizer of type '", text(model, "type"),
         "', expected CLIP's BPE");
  }
  if (text(model, "end_of_word_suffix") != "</w>" || !text(model, "continuing_subword_prefix").empty()) {
    fail(ErrorCode::unsupported, where, ": end_of_word_suffix is '", text(model, "end_of_word_suffix"),
         "', expected '</w>' as in CLIP's tokenizer");
  }
  std::string steps;
  if (json.contains("normalizer") && json["normalizer"].is_object() &&
      json["normalizer"].contains("normalizers")) {
    for (const Json& step : json["normalizer"]["normalizers"])
      steps += (steps.empty() ? "" : ", ") + text(step, "type");
  }
  if (steps != "NFC, Replace, Lowercase") {
    fail(ErrorCode::unsupported, where, ": its normalizer is [", steps,
         "], expected CLIP's [NFC, Replace, Lowercase]");
  }
}

}  // namespace

std::vector<std::byte> clip_bpe_section_from_merges(std::string_view merges_txt, std::string_view vocab_json,
                                                    const std::string& where,
                                                    const TokenizerSettings& settings) {
  const Vocabulary vocabulary =
      read_vocabulary(parse(vocab_json, where + ": vocab.json"), where + ": vocab.json");
  auto added = default_added(vocabulary, settings, where);
  override_added(added, settings, where);
  return build(vocabulary, read_merges_txt(merges_txt, where + ": merges.txt"), std::move(added), where);
}

std::vector<std::byte> clip_bpe_section_from_tokenizer_json(std::string_view tokenizer_json,
                                                            const std::string& where,
                                                            const TokenizerSettings& settings) {
  const Json json = parse(tokenizer_json, where);
  if (!json.contains("model") || !json["model"].is_object())
    fail(ErrorCode::damaged, where, ": no model in it");
  const Json& model = json["model"];
  check_is_clip(json, where);
  if (!model.contains("vocab") || !model.contains("merges"))
    fail(ErrorCode::damaged, where, ": model without vocab or merges");
  const Vocabulary vocabulary = read_vocabulary(model["vocab"], where + ": model.vocab");
  std::vector<AddedToken> added;
  if (json.contains("added_tokens") && json["added_tokens"].is_array()) {
    for (const Json& token : json["added_tokens"]) {
      if (!token.is_object() || !token.contains("id") || !token["id"].is_number_unsigned() ||
          token["id"].get<uint64_t>() >= kMaxId) {
        fail(ErrorCode::damaged, where, ": an added token without id: ", token.dump());
      }
      added.push_back(read_added(token, token["id"].get<uint32_t>(), where));
    }
  }
  if (added.empty()) added = default_added(vocabulary, settings, where);
  override_added(added, settings, where);
  return build(vocabulary, read_merges_json(model["merges"], where), std::move(added), where);
}

}  // namespace simdclip
