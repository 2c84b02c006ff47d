// Tokenizer files of a folder -> the tokenizer section of a .sclip file. CLIP's byte pair encoding is read
// here: tokenizer.json, or vocab.json with merges.txt, and a file that says anything else is refused, because
// its ids would differ. The others are built in the text room (tokenizer_build.h).
#include <algorithm>

#include "base/fail.h"
#include "convert/plan.h"
#include "text/tokenizer.h"
#include "text/tokenizer_build.h"

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
  if (type != "CLIPTokenizer" && type != "CLIPTokenizerFast" && type != "PreTrainedTokenizerFast" &&
      type != "TokenizersBackend")
    fail(ErrorCode::unsupported, cfg.where(), ": tokenizer_class '", type, "' is not supported");
  if (!cfg.find_bool("do_lower_case").value_or(true))
    fail(ErrorCode::unsupported, cfg.where(), ": do_lower_case = false is not supported");
  if (cfg.find_bool("add_prefix_space").value_or(false))
    fail(ErrorCode::unsupported, cfg.where(), ": add_prefix_space = true is not supported");
}

void read_clip_tokenizer(const std::string& folder, ConvertPlan& plan) {
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

// --- the other tokenizers ---

constexpr uint64_t kMaxTokenizerFile = uint64_t{512} << 20;

std::string without_fast(std::string name) {
  if (name.ends_with("Fast")) name.resize(name.size() - 4);
  return name == "MT5Tokenizer" ? "T5Tokenizer" : name;
}

std::string optional_large_file(const std::string& path) {
  return is_file(path) ? read_text_file(path, kMaxTokenizerFile) : std::string();
}

TokenizerSources read_sources(const std::string& folder) {
  TokenizerSources s;
  s.where = folder;
  const auto read = [&](const char* name) { return optional_large_file(folder + "/" + name); };
  s.tokenizer_json = read("tokenizer.json");
  for (const char* name :
       {"spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "sentencepiece.model"}) {
    if (s.spiece_model.empty()) s.spiece_model = read(name);
  }
  s.vocab_txt = read("vocab.txt");
  s.vocab_json = read("vocab.json");
  s.merges_txt = read("merges.txt");
  s.tokenizer_config = read("tokenizer_config.json");
  s.special_tokens_map = read("special_tokens_map.json");
  s.added_tokens = read("added_tokens.json");
  return s;
}

bool has_files(const TokenizerSources& s) {
  return !s.tokenizer_json.empty() || !s.spiece_model.empty() || !s.vocab_txt.empty() ||
         (!s.vocab_json.empty() && !s.merges_txt.empty());
}

// As AutoTokenizer: the class of tokenizer_config.json, unless it is known to be wrong for the model's type;
// else the one that belongs to the type of config.json.
std::string class_of_folder(const std::string& folder) {
  const auto text = [&](const std::string& file, const char* key) {
    const std::string path = folder + "/" + file;
    if (!is_file(path)) return std::string();
    const Json json = read_json(path);
    return JsonObject(json, path).find_text(key).value_or("");
  };
  const std::string type = text("config.json", "model_type");
  const std::string name = without_fast(text("tokenizer_config.json", "tokenizer_class"));
  if (type == "siglip2" && name == "GemmaTokenizer") return "Siglip2Tokenizer";
  if (name == "PreTrainedTokenizer") return "TokenizersBackend";
  if (!name.empty()) return name;
  constexpr std::pair<std::string_view, std::string_view> kClasses[] = {
      {"siglip", "SiglipTokenizer"},
      {"siglip2", "Siglip2Tokenizer"},
      {"t5", "T5Tokenizer"},
      {"mt5", "T5Tokenizer"},
      {"xlm-roberta", "XLMRobertaTokenizer"},
      {"metaclip_2", "XLMRobertaTokenizer"},
      {"altclip", "XLMRobertaTokenizer"},
      {"bert", "BertTokenizer"},
      {"chinese_clip", "BertTokenizer"},
      {"align", "BertTokenizer"},
      {"roberta", "RobertaTokenizer"},
      {"nllb", "NllbTokenizer"},
      {"gemma", "GemmaTokenizer"}};
  for (const auto& [known, tokenizer] : kClasses)
    if (known == type) return std::string(tokenizer);
  return "CLIPTokenizer";
}

// A tokenizer.json without a class may be CLIP's or any other.
bool is_clip_json(const std::string& folder) {
  const std::string path = folder + "/tokenizer.json";
  if (!is_file(path)) return true;
  const Json json = parse_json(read_text_file(path, kMaxTokenizerFile), path);
  const JsonObject root(json, path);
  const auto model = root.find_object("model");
  return !model || model->find_text("end_of_word_suffix").value_or("") == "</w>";
}

// What open_clip's models are trained with, where the folder has no tokenizer_config.json that says it.
struct NamedTokenizer {
  std::string_view name, tokenizer, config, files;
};
const NamedTokenizer& named_tokenizer(const std::string& name) {
  static constexpr NamedTokenizer kNamed[] = {
      {"siglip2", "GemmaTokenizer", R"({"add_eos_token": true, "padding_side": "right"})", "tokenizer.json"},
      {"siglip", "T5Tokenizer", R"({"extra_ids": 0, "pad_token": "</s>"})", "tokenizer.json or spiece.model"},
      {"mt5", "T5Tokenizer", "", "tokenizer.json or spiece.model"},
      {"xlm", "XLMRobertaTokenizer", "", "tokenizer.json or sentencepiece.bpe.model"},
      {"nllb", "NllbTokenizer", "", "tokenizer.json"},
      {"roberta", "RobertaTokenizer", "", "tokenizer.json, or vocab.json and merges.txt"},
      {"bert", "BertTokenizer", "", "tokenizer.json or vocab.txt"},
      {"t5", "T5Tokenizer", "", "tokenizer.json or spiece.model"},
      {"", "TokenizersBackend", "", "tokenizer.json"}};
  std::string lower = name;
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return *std::find_if(std::begin(kNamed), std::end(kNamed),
                       [&](const NamedTokenizer& n) { return lower.find(n.name) != std::string::npos; });
}

TextCleaning cleaning_of(const std::string& clean) {
  if (clean == "lower") return TextCleaning::open_clip;
  return clean == "canonicalize" ? TextCleaning::open_clip_canonicalize : TextCleaning::open_clip_whitespace;
}

void read_named_tokenizer(const SourceFiles& source, ConvertPlan& plan) {
  const OpenClipTokenizer& wanted = plan.open_clip_tokenizer;
  const NamedTokenizer& named = named_tokenizer(wanted.name);
  const size_t slash = source.weights.rfind('/');
  const std::string folder = !source.folder.empty()       ? source.folder
                             : slash == std::string::npos ? "."
                                                          : source.weights.substr(0, slash);
  TokenizerSources s = read_sources(folder);
  if (!has_files(s))
    fail(ErrorCode::missing_info, folder, ": no tokenizer files; open_clip takes those of '", wanted.name,
         "' for this model: put its ", named.files,
         " into this folder, with tokenizer_config.json and special_tokens_map.json where it has them");
  s.strip_sep = wanted.strip_sep;
  s.tokenizer_class = s.tokenizer_config.empty() ? "" : class_of_folder(folder);
  // The files of transformers' SigLIP are those that open_clip uses, behind other rules.
  if (s.tokenizer_class.empty() || s.tokenizer_class == "CLIPTokenizer" ||
      s.tokenizer_class == "SiglipTokenizer" || s.tokenizer_class == "Siglip2Tokenizer") {
    s.tokenizer_class = named.tokenizer;
    s.default_config = named.config;
    s.tokenizer_config.clear();
  }
  BuiltTokenizer built = build_tokenizer(s, plan.config.text->vocab_size);
  built.config.cleaning = cleaning_of(wanted.clean);
  plan.config.tokenizer = built.config;
  plan.tokenizer = std::move(built.section);
}

}  // namespace

void read_transformers_tokenizer(const std::string& folder, ConvertPlan& plan) {
  const std::string name = class_of_folder(folder);
  const bool named = is_file(folder + "/tokenizer_config.json");
  if (name == "CLIPTokenizer" && (named || is_clip_json(folder))) return read_clip_tokenizer(folder, plan);
  if (name == "TokenizersBackend" && is_clip_json(folder) && is_file(folder + "/tokenizer.json"))
    return read_clip_tokenizer(folder, plan);
  TokenizerSources s = read_sources(folder);
  s.tokenizer_class = name == "CLIPTokenizer" ? "TokenizersBackend" : name;
  BuiltTokenizer built = build_tokenizer(s, plan.config.text->vocab_size);
  plan.config.tokenizer = built.config;
  plan.tokenizer = std::move(built.section);
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
  if (!plan.open_clip_tokenizer.name.empty()) return read_named_tokenizer(source, plan);
  TokenizerConfig t;
  if (const std::string& clean = plan.open_clip_tokenizer.clean; !clean.empty()) {
    t.cleaning = cleaning_of(clean);
    if (t.cleaning == TextCleaning::open_clip_whitespace)
      fail(ErrorCode::unsupported, source.weights,
           ": clean 'whitespace' is not supported with CLIP's tokenizer");
  }
  const uint32_t vocab_size = plan.config.text->vocab_size;
  if (vocab_size >= kClipVocabulary) {  // open_clip asks for no other, however large the embedding
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
