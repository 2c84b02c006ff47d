#include "text/tokenizer_json_steps.h"

#include "base/fail.h"
#include "text/vocabulary_sources.h"

namespace simdclip {
namespace {

[[noreturn]] void unsupported(const std::string& where, const std::string& part) {
  fail(ErrorCode::unsupported, where, ": ", part, " is not supported");
}

std::string pattern(const Json& step, const char* kind) {
  return step.contains("pattern") && step["pattern"].is_object() ? text_of(step["pattern"], kind)
                                                                 : std::string();
}

void read_normalizer(const Json& step, Vocabulary& v, const std::string& where) {
  const std::string type = text_of(step, "type");
  const auto add = [&](TextStep kind, uint32_t flags = 0, const std::string& a = {},
                       const std::string& b = {}) {
    v.steps.push_back({kind, flags, a, b});
  };
  if (type == "Sequence") {
    if (!step.contains("normalizers") || !step["normalizers"].is_array()) unsupported(where, "normalizer");
    for (const Json& inner : step["normalizers"]) read_normalizer(inner, v, where);
  } else if (type == "NFC") {
    add(TextStep::nfc);
  } else if (type == "NFD") {
    add(TextStep::nfd);
  } else if (type == "Lowercase") {
    add(TextStep::lowercase);
  } else if (type == "Precompiled") {
    if (!v.charsmap.empty()) unsupported(where, "a second Precompiled normalizer");
    v.charsmap = decode_base64(text_of(step, "precompiled_charsmap"), where);
    if (!v.charsmap.empty()) add(TextStep::charsmap);
  } else if (type == "Replace" && pattern(step, "Regex") == " {2,}") {
    add(TextStep::collapse_spaces, 0, text_of(step, "content"));
  } else if (type == "Replace" && !pattern(step, "String").empty()) {
    add(TextStep::replace, 0, pattern(step, "String"), text_of(step, "content"));
  } else if (type == "Prepend") {
    add(TextStep::prepend, 0, text_of(step, "prepend"));
  } else if (type == "Strip") {
    add(TextStep::strip,
        (flag_of(step, "strip_left", true) ? 1U : 0U) | (flag_of(step, "strip_right", true) ? 2U : 0U));
  } else if (type == "BertNormalizer") {
    const bool lower = flag_of(step, "lowercase", true);
    add(TextStep::bert, (flag_of(step, "clean_text", true) ? kBertCleanText : 0U) |
                            (flag_of(step, "handle_chinese_chars", true) ? kBertChinese : 0U) |
                            (flag_of(step, "strip_accents", lower) ? kBertStripAccents : 0U) |
                            (lower ? kBertLowercase : 0U));
  } else {
    unsupported(where, "the normalizer " + (type == "Replace" ? step.dump() : type));
  }
}

uint32_t metaspace_flags(const Json& step, const std::string& where) {
  uint32_t flags = flag_of(step, "split", true) ? kMetaspaceSplit : 0U;
  const std::string scheme =
      text_of(step, "prepend_scheme", flag_of(step, "add_prefix_space", true) ? "always" : "never");
  if (scheme == "always") {
    flags |= kMetaspacePrepend;
  } else if (scheme == "first") {
    flags |= kMetaspaceFirst;
  } else if (scheme != "never") {
    unsupported(where, "the prepend_scheme " + scheme);
  }
  return flags;
}

bool leaves_no_space(const Vocabulary& v) {
  for (const Step& step : v.steps) {
    if (step.kind == TextStep::replace && step.a == " " && step.b.find(' ') == std::string::npos) return true;
  }
  return false;
}

void read_pre_tokenizer(const Json& step, Vocabulary& v, const std::string& where) {
  const std::string type = text_of(step, "type");
  const auto add = [&](TextStep kind, uint32_t flags = 0, const std::string& a = {}) {
    v.steps.push_back({kind, flags, a, {}});
  };
  if (type == "Sequence") {
    if (!step.contains("pretokenizers") || !step["pretokenizers"].is_array())
      unsupported(where, "pre_tokenizer");
    for (const Json& inner : step["pretokenizers"]) read_pre_tokenizer(inner, v, where);
  } else if (type == "WhitespaceSplit") {
    add(TextStep::split_white_space);
  } else if (type == "BertPreTokenizer") {
    add(TextStep::split_bert);
  } else if (type == "Metaspace") {
    add(TextStep::metaspace, metaspace_flags(step, where), text_of(step, "replacement", "\xE2\x96\x81"));
  } else if (type == "ByteLevel") {
    add(TextStep::byte_level, (flag_of(step, "add_prefix_space", true) ? kByteLevelPrefixSpace : 0U) |
                                  (flag_of(step, "use_regex", true) ? kByteLevelExpression : 0U));
  } else if (type == "Split" && pattern(step, "String") == " " && leaves_no_space(v)) {
    return;  // Gemma's: its normalizer has replaced every space
  } else {
    unsupported(where, "the pre_tokenizer " + (type == "Split" ? step.dump() : type));
  }
}

void read_processor(const Json& part, EnclosingTokens& tokens, const std::string& where) {
  const std::string type = text_of(part, "type");
  if (type == "ByteLevel") return;
  if (type == "Sequence" && part.contains("processors") && part["processors"].is_array()) {
    for (const Json& inner : part["processors"]) read_processor(inner, tokens, where);
    return;
  }
  if (type == "BertProcessing" || type == "RobertaProcessing") {
    const auto name = [&](const char* key) {
      return part.contains(key) && part[key].is_array() && !part[key].empty() && part[key][0].is_string()
                 ? part[key][0].get<std::string>()
                 : std::string();
    };
    tokens = {name("cls"), name("sep")};
    return;
  }
  if (type != "TemplateProcessing" || !part.contains("single") || !part["single"].is_array())
    unsupported(where, "the post_processor " + type);
  bool behind = false;
  for (const Json& item : part["single"]) {
    if (item.is_object() && item.contains("Sequence")) {
      behind = true;
    } else if (item.is_object() && item.contains("SpecialToken")) {
      std::string& place = behind ? tokens.after : tokens.before;
      if (!place.empty()) unsupported(where, "a post_processor with two tokens on one side of the text");
      place = text_of(item["SpecialToken"], "id");
    } else {
      unsupported(where, "the post_processor's " + item.dump());
    }
  }
}

}  // namespace

std::string text_of(const Json& object, const char* key, const std::string& otherwise) {
  return object.is_object() && object.contains(key) && object[key].is_string()
             ? object[key].get<std::string>()
             : otherwise;
}

bool flag_of(const Json& object, const char* key, bool otherwise) {
  return object.is_object() && object.contains(key) && object[key].is_boolean() ? object[key].get<bool>()
                                                                                : otherwise;
}

void read_json_steps(const Json& tokenizer, Vocabulary& vocabulary, const std::string& where) {
  if (tokenizer.contains("normalizer") && !tokenizer["normalizer"].is_null())
    read_normalizer(tokenizer["normalizer"], vocabulary, where);
  if (tokenizer.contains("pre_tokenizer") && !tokenizer["pre_tokenizer"].is_null())
    read_pre_tokenizer(tokenizer["pre_tokenizer"], vocabulary, where);
}

EnclosingTokens read_post_processor(const Json& tokenizer, const std::string& where) {
  EnclosingTokens tokens;
  if (tokenizer.contains("post_processor") && !tokenizer["post_processor"].is_null())
    read_processor(tokenizer["post_processor"], tokens, where);
  return tokens;
}

}  // namespace simdclip
