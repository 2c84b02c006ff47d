// Tokenizer files of a folder -> the tokenizer section of a .sclip file: tokenizer.json, or vocab.json with
// merges.txt. Only CLIP's byte-pair encoding is accepted; a file that says anything else is refused, because
// its ids would differ.
#include <algorithm>

#include "base/fail.h"
#include "convert/plan.h"
#include "text/tokenizer.h"

namespace simdclip {
namespace {

constexpr std::string_view kBegin = "<|startoftext|>", kEnd = "<|endoftext|>";
constexpr uint32_t kClipVocabulary = 49408;
// The pre-tokenizers of transformers 4 and 5: special tokens are taken out before either sees the text.
constexpr std::string_view kSplit4 = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";
constexpr std::string_view kSplit5 =
    R"(<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

// The files as they are; empty where absent.
struct TokenizerFiles {
  std::string where;  // the file with the vocabulary
  std::string tokenizer_json, vocab_json, merges_txt, tokenizer_config, special_tokens_map;
  Json vocabulary;  // token -> id
};

std::string optional_file(const std::string& path) {
  return is_file(path) ? read_text_file(path) : std::string();
}

// The parts of tokenizer.json that the text room does not look at, because they never differ in CLIP's files.
bool is_clip_pre_tokenizer(const Json& pre) {
  if (!pre.is_object() || pre.value("type", Json()) != "Sequence" || !pre.contains("pretokenizers"))
    return false;
  const Json& parts = pre["pretokenizers"];
  if (!parts.is_array() || parts.size() != 2 || !parts[0].is_object() || !parts[1].is_object()) return false;
  const Json pattern = parts[0].value("pattern", Json());
  const Json regex = pattern.is_object() ? pattern.value("Regex", Json()) : Json();
  return parts[0].value("type", Json()) == "Split" && parts[0].value("behavior", Json()) == "Removed" &&
         parts[0].value("invert", Json()) == true && (regex == kSplit4 || regex == kSplit5) &&
         parts[1].value("type", Json()) == "ByteLevel" && parts[1].value("add_prefix_space", Json()) == false;
}

void check_tokenizer_json(const JsonObject& root, const JsonObject& model) {
  const auto other = [&](const char* part) {
    fail(ErrorCode::unsupported, root.where(), ": ", part,
         " is not that of CLIP's tokenizer; other tokenizers are not supported yet");
  };
  if (model.find_bool("byte_fallback").value_or(false) || model.has("dropout") ||
      model.find_bool("ignore_merges").value_or(false))
    other("model");
  if (!root.has("pre_tokenizer") || !is_clip_pre_tokenizer(root.json()["pre_tokenizer"]))
    other("pre_tokenizer");
  const auto post = root.find_object("post_processor");
  if (!post || post->find_text("type").value_or("") != "RobertaProcessing") other("post_processor");
}

TokenizerFiles read_files(const std::string& folder) {
  TokenizerFiles files;
  files.tokenizer_config = optional_file(folder + "/tokenizer_config.json");
  files.special_tokens_map = optional_file(folder + "/special_tokens_map.json");
  if (is_file(folder + "/tokenizer.json")) {
    files.where = folder + "/tokenizer.json";
    files.tokenizer_json = read_text_file(files.where);
    const Json json = parse_json(files.tokenizer_json, files.where);
    const JsonObject root(json, files.where);
    const JsonObject model = root.object("model");
    check_tokenizer_json(root, model);
    files.vocabulary = model.object("vocab").json();
    return files;
  }
  files.where = folder + "/vocab.json";
  if (!is_file(files.where) || !is_file(folder + "/merges.txt"))
    fail(ErrorCode::missing_info, folder,
         ": no tokenizer files; put tokenizer.json, or vocab.json and merges.txt, into this folder "
         "(in diffusers' folders they lie in ../tokenizer)");
  files.vocab_json = read_text_file(files.where);
  files.merges_txt = read_text_file(folder + "/merges.txt");
  files.vocabulary = parse_json(files.vocab_json, files.where);
  JsonObject(files.vocabulary, files.where);
  return files;
}

std::vector<std::byte> section(const TokenizerFiles& files) {
  const TokenizerSettings settings{files.tokenizer_config, files.special_tokens_map};
  if (!files.tokenizer_json.empty())
    return clip_bpe_section_from_tokenizer_json(files.tokenizer_json, files.where, settings);
  return clip_bpe_section_from_merges(files.merges_txt, files.vocab_json, files.where, settings);
}

uint32_t id_of(const TokenizerFiles& files, std::string_view token, const char* role) {
  const auto at = files.vocabulary.find(std::string(token));
  if (at == files.vocabulary.end() || !at->is_number_unsigned() || at->get<uint64_t>() > UINT32_MAX)
    fail(ErrorCode::damaged, files.where, ": the vocabulary has no '", token, "', which is the ", role,
         " of a text");
  return at->get<uint32_t>();
}

void check_vocabulary_size(const TokenizerFiles& files, uint32_t vocab_size) {
  uint64_t largest = 0;
  for (const auto& [token, id] : files.vocabulary.items()) {
    if (!id.is_number_unsigned())
      fail(ErrorCode::damaged, files.where, ": the id of token '", token, "' should be a whole number");
    largest = std::max(largest, id.get<uint64_t>());
  }
  if (largest >= vocab_size)
    fail(ErrorCode::shape_mismatch, files.where, ": the vocabulary has ids up to ", largest,
         ", the model's token embedding has ", vocab_size, " rows");
}

// A token in a settings file: a string, or an object with its content.
std::string token_text(const JsonObject& cfg, const char* key, const std::string& otherwise) {
  if (!cfg.has(key)) return otherwise;
  return cfg.json()[key].is_object() ? cfg.object(key).text("content") : cfg.text(key);
}

void check_settings(const JsonObject& cfg) {
  const std::string type = cfg.find_text("tokenizer_class").value_or("CLIPTokenizer");
  if (type != "CLIPTokenizer" && type != "CLIPTokenizerFast")
    fail(ErrorCode::unsupported, cfg.where(), ": tokenizer_class '", type,
         "' is not supported yet, only CLIPTokenizer");
  if (!cfg.find_bool("do_lower_case").value_or(true))
    fail(ErrorCode::unsupported, cfg.where(), ": do_lower_case = false is not supported");
  if (cfg.find_bool("add_prefix_space").value_or(false))
    fail(ErrorCode::unsupported, cfg.where(), ": add_prefix_space = true is not supported");
}

}  // namespace

void read_transformers_tokenizer(const std::string& folder, ConvertPlan& plan) {
  const TokenizerFiles files = read_files(folder);
  check_vocabulary_size(files, plan.config.text->vocab_size);
  std::string begin(kBegin), end(kEnd), pad(kEnd);
  for (const auto& [name, text] : {std::pair("/special_tokens_map.json", &files.special_tokens_map),
                                   std::pair("/tokenizer_config.json", &files.tokenizer_config)}) {
    if (text->empty()) continue;
    const Json json = parse_json(*text, folder + name);
    const JsonObject cfg(json, folder + name);
    check_settings(cfg);
    begin = token_text(cfg, "bos_token", begin);
    end = token_text(cfg, "eos_token", end);
    pad = token_text(cfg, "pad_token", pad);
  }
  TokenizerConfig t;
  t.cleaning = TextCleaning::transformers;
  t.bos_id = id_of(files, begin, "begin");
  t.eos_id = id_of(files, end, "end");
  t.pad_id = id_of(files, pad, "padding");
  plan.config.tokenizer = t;
  plan.tokenizer = section(files);
}

void read_open_clip_tokenizer_settings(const JsonObject& text_cfg, ConvertPlan& plan) {
  OpenClipTokenizer& t = plan.open_clip_tokenizer;
  t.name = text_cfg.find_text("hf_tokenizer_name").value_or("");
  if (const std::string mode = text_cfg.find_text("tokenizer_mode").value_or(""); !mode.empty())
    fail(ErrorCode::unsupported, text_cfg.where(), ": tokenizer_mode '", mode, "' is not supported");
  const auto kwargs = text_cfg.find_object("tokenizer_kwargs");
  if (!kwargs) return;
  kwargs->refuse_unknown({"clean", "strip_sep_token"});
  t.clean = kwargs->find_text("clean").value_or("");
  if (!t.clean.empty() && t.clean != "lower" && t.clean != "whitespace" && t.clean != "canonicalize")
    fail(ErrorCode::unsupported, kwargs->where(), ": clean '", t.clean,
         "' is not known; expected lower, whitespace or canonicalize");
  t.strip_sep = kwargs->find_bool("strip_sep_token").value_or(false);
}

void read_open_clip_tokenizer(const SourceFiles& source, ConvertPlan& plan) {
  if (!plan.open_clip_tokenizer.name.empty())
    fail(ErrorCode::unsupported, source.weights, ": the tokenizer is '", plan.open_clip_tokenizer.name,
         "'; only CLIP's own byte pair encoding is supported yet");
  if (const std::string& clean = plan.open_clip_tokenizer.clean; !clean.empty() && clean != "lower")
    fail(ErrorCode::unsupported, source.weights, ": clean '", clean,
         "' is not supported with CLIP's tokenizer");
  TokenizerConfig t;
  const uint32_t vocab_size = plan.config.text->vocab_size;
  if (vocab_size == kClipVocabulary) {
    plan.config.tokenizer = t;
    plan.tokenizer = clip_bpe_builtin_section();
    return;
  }
  const bool files_there =
      !source.folder.empty() &&
      (is_file(source.folder + "/tokenizer.json") ||
       (is_file(source.folder + "/vocab.json") && is_file(source.folder + "/merges.txt")));
  if (!files_there)
    fail(ErrorCode::missing_info, source.weights, ": the vocabulary has ", vocab_size,
         " tokens, CLIP's own has ", kClipVocabulary,
         "; put the vocab.json and merges.txt (or tokenizer.json) that it was trained with beside it and "
         "open_clip_config.json");
  const TokenizerFiles files = read_files(source.folder);
  check_vocabulary_size(files, vocab_size);
  t.bos_id = id_of(files, kBegin, "begin");
  t.eos_id = id_of(files, kEnd, "end");
  plan.config.tokenizer = t;
  plan.tokenizer = section(files);
}

}  // namespace simdclip
