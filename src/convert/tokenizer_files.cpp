// Tokenizer files of a folder -> the tokenizer section of a .sclip file: tokenizer.json, or vocab.json with merges.txt.
// Only CLIP's byte-pair encoding is accepted; a file that says anything else is refused, because its ids would differ.
#include "base/fail.h"
#include "convert/plan.h"
#include "text/tokenizer.h"

namespace simdclip {
namespace {

constexpr std::string_view kBegin = "<|startoftext|>", kEnd = "<|endoftext|>";
constexpr uint32_t kClipVocabulary = 49408;
// The pre-tokenizers of transformers 4 and 5: special tokens are taken out before either sees the text.
constexpr std::string_view kSplit4 = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
constexpr std::string_view kSplit5 = R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

struct Vocabulary {
  Json ids;            // token -> id
  std::string merges;  // "a b" a line
  std::string where;
};

uint32_t id_of(const Vocabulary& v, std::string_view token, const char* role) {
  const auto at = v.ids.find(std::string(token));
  if (at == v.ids.end() || !at->is_number_unsigned() || at->get<uint64_t>() > UINT32_MAX)
    fail(ErrorCode::damaged, v.where, ": the vocabulary has no '", token, "', which is the ", role, " of a text");
  return at->get<uint32_t>();
}

// A token in tokenizer_config.json: a string, or an object with its content.
std::string token_text(const JsonObject& cfg, const char* key, std::string_view otherwise) {
  const auto at = cfg.json().find(key);
  if (at == cfg.json().end() || at->is_null()) return std::string(otherwise);
  return at->is_object() ? cfg.object(key).text("content") : cfg.text(key);
}

bool is_clip_normalizer(const Json& normalizer) {
  const Json expected = {{"type", "Sequence"},
                         {"normalizers",
                          {{{"type", "NFC"}}, {{"type", "Replace"}, {"pattern", {{"Regex", "\\s+"}}}, {"content", " "}}, {{"type", "Lowercase"}}}}};
  return normalizer == expected;
}

bool is_clip_pre_tokenizer(const Json& pre) {
  if (!pre.is_object() || pre.value("type", "") != "Sequence" || !pre.contains("pretokenizers")) return false;
  const Json& parts = pre["pretokenizers"];
  if (!parts.is_array() || parts.size() != 2 || !parts[0].is_object() || !parts[1].is_object()) return false;
  const Json& split = parts[0];
  if (split.value("type", "") != "Split" || split.value("behavior", "") != "Removed" || !split.value("invert", false)) return false;
  const Json regex = split.value("pattern", Json::object()).value("Regex", Json());
  if (regex != kSplit4 && regex != kSplit5) return false;
  return parts[1].value("type", "") == "ByteLevel" && !parts[1].value("add_prefix_space", true);
}

void check_tokenizer_json(const JsonObject& root, const JsonObject& model) {
  const auto other = [&](const char* part) {
    fail(ErrorCode::unsupported, root.where(), ": ", part, " is not that of CLIP's tokenizer; other tokenizers are not supported yet");
  };
  if (model.text("type") != "BPE" || model.find_text("end_of_word_suffix").value_or("") != "</w>" ||
      model.find_text("continuing_subword_prefix").value_or("") != "" || model.find_bool("byte_fallback").value_or(false) ||
      model.has("dropout") || model.find_bool("ignore_merges").value_or(false))
    other("model");
  const Json none;
  const auto part = [&](const char* key) -> const Json& { return root.json().contains(key) ? root.json()[key] : none; };
  if (!is_clip_normalizer(part("normalizer"))) other("normalizer");
  if (!is_clip_pre_tokenizer(part("pre_tokenizer"))) other("pre_tokenizer");
  const Json& post = part("post_processor");
  if (!post.is_object() || post.value("type", "") != "RobertaProcessing") other("post_processor");
  for (const Json& token : part("added_tokens")) {
    const std::string content = token.is_object() ? token.value("content", "") : "";
    if (content != kBegin && content != kEnd && !model.json()["vocab"].contains(content))
      fail(ErrorCode::unsupported, root.where(), ": the added token '", content, "' is not supported");
  }
}

Vocabulary from_tokenizer_json(const std::string& path) {
  const Json json = read_json(path);
  const JsonObject root(json, path);
  const JsonObject model = root.object("model");
  const JsonObject vocab = model.object("vocab");
  check_tokenizer_json(root, model);
  Vocabulary v{vocab.json(), "#version: 0.2\n", path};
  const auto merges = model.json().find("merges");
  if (merges == model.json().end() || !merges->is_array()) fail(ErrorCode::damaged, model.where(), ": merges should be a list");
  for (const Json& merge : *merges) {
    const bool pair = merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
    if (!pair && !merge.is_string()) fail(ErrorCode::damaged, model.where(), ": a merge should be a string or a pair of strings");
    v.merges += pair ? merge[0].get<std::string>() + " " + merge[1].get<std::string>() : merge.get<std::string>();
    v.merges += '\n';
  }
  return v;
}

Vocabulary read_vocabulary(const std::string& folder) {
  if (is_file(folder + "/tokenizer.json")) return from_tokenizer_json(folder + "/tokenizer.json");
  const std::string vocab = folder + "/vocab.json", merges = folder + "/merges.txt";
  if (!is_file(vocab) || !is_file(merges))
    fail(ErrorCode::missing_info, folder, ": no tokenizer files; put tokenizer.json, or vocab.json and merges.txt, beside config.json "
         "(in diffusers' folders they lie in ../tokenizer)");
  Vocabulary v{read_json(vocab), read_text_file(merges), vocab};
  JsonObject(v.ids, vocab);
  return v;
}

void check_vocabulary_size(const Vocabulary& v, uint32_t vocab_size) {
  uint64_t largest = 0;
  for (const auto& [token, id] : v.ids.items()) {
    if (!id.is_number_unsigned()) fail(ErrorCode::damaged, v.where, ": the id of token '", token, "' should be a whole number");
    largest = std::max(largest, id.get<uint64_t>());
  }
  if (largest >= vocab_size)
    fail(ErrorCode::shape_mismatch, v.where, ": the vocabulary has ids up to ", largest, ", the model's token embedding has ", vocab_size, " rows");
}

void check_tokenizer_config(const JsonObject& cfg) {
  const std::string type = cfg.find_text("tokenizer_class").value_or("CLIPTokenizer");
  if (type != "CLIPTokenizer" && type != "CLIPTokenizerFast")
    fail(ErrorCode::unsupported, cfg.where(), ": tokenizer_class '", type, "' is not supported yet, only CLIPTokenizer");
  if (!cfg.find_bool("do_lower_case").value_or(true)) fail(ErrorCode::unsupported, cfg.where(), ": do_lower_case = false is not supported");
  if (cfg.find_bool("add_prefix_space").value_or(false)) fail(ErrorCode::unsupported, cfg.where(), ": add_prefix_space = true is not supported");
}

}  // namespace

void read_transformers_tokenizer(const std::string& folder, ConvertPlan& plan) {
  const Vocabulary v = read_vocabulary(folder);
  check_vocabulary_size(v, plan.config.text->vocab_size);
  std::string begin(kBegin), end(kEnd), pad(kEnd);
  for (const char* file : {"/special_tokens_map.json", "/tokenizer_config.json"}) {
    if (!is_file(folder + file)) continue;
    const Json json = read_json(folder + file);
    const JsonObject cfg(json, folder + file);
    check_tokenizer_config(cfg);
    begin = token_text(cfg, "bos_token", begin);
    end = token_text(cfg, "eos_token", end);
    pad = token_text(cfg, "pad_token", pad);
  }
  TokenizerConfig t;
  t.cleaning = TextCleaning::transformers;
  t.bos_id = id_of(v, begin, "begin");
  t.eos_id = id_of(v, end, "end");
  t.pad_id = id_of(v, pad, "padding");
  plan.config.tokenizer = t;
  plan.tokenizer = clip_bpe_section_from_merges(v.merges, v.ids.dump(), v.where);
}

void read_open_clip_tokenizer(const SourceFiles& files, ConvertPlan& plan) {
  TokenizerConfig t;
  const uint32_t vocab_size = plan.config.text->vocab_size;
  if (vocab_size == kClipVocabulary) {
    plan.config.tokenizer = t;
    plan.tokenizer = clip_bpe_builtin_section();
    return;
  }
  const std::string merges = files.folder + "/merges.txt";
  if (files.folder.empty() || !is_file(merges))
    fail(ErrorCode::missing_info, files.weights, ": the vocabulary has ", vocab_size, " tokens, CLIP's own has ", kClipVocabulary,
         "; put the merges.txt that the model was trained with into its folder, beside open_clip_config.json");
  plan.tokenizer = clip_bpe_section_from_merges(read_text_file(merges), "", merges);
  t.bos_id = vocab_size - 2;  // open_clip's SimpleTokenizer puts its two special tokens last
  t.eos_id = vocab_size - 1;
  plan.config.tokenizer = t;
}

}  // namespace simdclip
