#include "text/tokenizer_build.h"

#include <algorithm>
#include <map>
#include <memory>
#include <unordered_map>

#include "base/fail.h"
#include "text/special_tokens.h"
#include "text/tokenizer_json_steps.h"
#include "text/unigram.h"
#include "text/vocabulary_sources.h"

namespace simdclip {
namespace {

constexpr std::string_view kMark = "\xE2\x96\x81";  // U+2581
constexpr double kUnknownPenalty = 10.0;            // below the worst piece
using Names = std::map<std::string, std::string>;

// What transformers' classes fix, whatever their files say.
struct ClassRules {
  std::string_view name;
  TokenizerKind kind;
  Names defaults;  // of the special tokens
  bool pad_left = false;
};

const std::vector<ClassRules>& class_rules() {
  static const Names xlm = {{"bos_token", "<s>"},    {"eos_token", "</s>"},  {"sep_token", "</s>"},
                            {"cls_token", "<s>"},    {"unk_token", "<unk>"}, {"pad_token", "<pad>"},
                            {"mask_token", "<mask>"}};
  static const Names gemma = {{"bos_token", "<bos>"},
                              {"eos_token", "<eos>"},
                              {"unk_token", "<unk>"},
                              {"pad_token", "<pad>"},
                              {"mask_token", "<mask>"}};
  static const std::vector<ClassRules> rules = {
      {"T5Tokenizer",
       TokenizerKind::unigram,
       {{"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "<pad>"}}},
      {"XLMRobertaTokenizer", TokenizerKind::unigram, xlm},
      {"NllbTokenizer", TokenizerKind::bpe, xlm},
      {"GemmaTokenizer", TokenizerKind::bpe, gemma, true},
      {"Siglip2Tokenizer", TokenizerKind::bpe, gemma, true},
      {"BertTokenizer",
       TokenizerKind::wordpiece,
       {{"unk_token", "[UNK]"},
        {"sep_token", "[SEP]"},
        {"pad_token", "[PAD]"},
        {"cls_token", "[CLS]"},
        {"mask_token", "[MASK]"}}},
      {"RobertaTokenizer", TokenizerKind::bpe, xlm},
      {"SiglipTokenizer",
       TokenizerKind::unigram,
       {{"eos_token", "</s>"}, {"unk_token", "<unk>"}, {"pad_token", "</s>"}}},
  };
  return rules;
}

class Build {
 public:
  Build(const TokenizerSources& sources, uint32_t vocab_size)
      : s_(sources), vocab_size_(vocab_size), where_(sources.where) {
    if (!s_.tokenizer_json.empty()) json_ = parse_object(s_.tokenizer_json, where_ + "/tokenizer.json");
    if (!s_.tokenizer_config.empty()) {
      files_.config = parse_object(s_.tokenizer_config, where_ + "/tokenizer_config.json");
    } else if (!s_.default_config.empty()) {
      files_.config = parse_object(s_.default_config, where_);
    }
    if (!s_.special_tokens_map.empty())
      files_.special_tokens_map = parse_object(s_.special_tokens_map, where_ + "/special_tokens_map.json");
    if (!s_.added_tokens.empty())
      files_.added_tokens = parse_object(s_.added_tokens, where_ + "/added_tokens.json");
    if (json_.is_object()) files_.tokenizer = &json_;
  }

  BuiltTokenizer run() {
    const std::string& name = s_.tokenizer_class;
    const auto rules = std::find_if(class_rules().begin(), class_rules().end(),
                                    [&](const ClassRules& r) { return r.name == name; });
    if (rules != class_rules().end()) {
      rules_ = &*rules;
    } else if (!name.empty() && name != "TokenizersBackend" && name != "PreTrainedTokenizer") {
      fail(ErrorCode::unsupported, where_, ": tokenizer_class '", name, "' is not supported");
    }
    specials_ =
        std::make_unique<SpecialTokens>(files_, rules_ == nullptr ? Names{} : rules_->defaults, where_);
    if (name == "SiglipTokenizer") return siglip();
    if (rules_ == nullptr) return as_json_says();
    v_.kind = rules_->kind;
    if (name == "T5Tokenizer") t5();
    if (name == "XLMRobertaTokenizer") xlm_roberta();
    if (name == "NllbTokenizer") nllb();
    if (name == "GemmaTokenizer" || name == "Siglip2Tokenizer") gemma(name == "Siglip2Tokenizer");
    if (name == "BertTokenizer") bert();
    if (name == "RobertaTokenizer") roberta();
    return finish();
  }

 private:
  [[noreturn]] void missing(const std::string& file) const {
    fail(ErrorCode::missing_info, where_, ": no ", file, " for ",
         s_.tokenizer_class.empty() ? "the tokenizer" : s_.tokenizer_class, "; put it into this folder");
  }

  // --- vocabularies ---

  const Json& json_model(const char* type) const {
    if (!json_.contains("model") || !json_["model"].is_object())
      fail(ErrorCode::damaged, where_, "/tokenizer.json: no model in it");
    const std::string found = text_of(json_["model"], "type", type);
    if (found != type)
      fail(ErrorCode::unsupported, where_, "/tokenizer.json: a model of type '", found, "', expected ", type,
           " for ", s_.tokenizer_class);
    return json_["model"];
  }

  bool read_vocabulary(const char* type, bool with_merges) {
    if (json_.is_object()) {
      source_ = source_from_json(json_model(type), where_ + "/tokenizer.json");
      if (!with_merges || s_.tokenizer_class == "NllbTokenizer") source_.charsmap = charsmap_of_json();
      return true;
    }
    if (s_.spiece_model.empty()) return false;
    source_ = source_from_spiece(s_.spiece_model, where_, with_merges);
    from_spiece_ = true;
    return true;
  }

  std::string charsmap_of_json() const {
    std::vector<const Json*> steps;
    if (!json_.contains("normalizer") || !json_["normalizer"].is_object()) return {};
    const Json& normalizer = json_["normalizer"];
    if (text_of(normalizer, "type") == "Sequence" && normalizer.contains("normalizers") &&
        normalizer["normalizers"].is_array()) {
      for (const Json& step : normalizer["normalizers"]) steps.push_back(&step);
    } else {
      steps.push_back(&normalizer);
    }
    for (const Json* step : steps) {
      if (text_of(*step, "type") == "Precompiled")
        return decode_base64(text_of(*step, "precompiled_charsmap"), where_ + "/tokenizer.json");
    }
    return {};
  }

  void replace_beginning(size_t n, const std::vector<std::string>& texts) {
    auto& pieces = source_.pieces;
    pieces.erase(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(std::min(n, pieces.size())));
    std::vector<std::pair<std::string, double>> beginning;
    for (const std::string& text : texts) beginning.emplace_back(text, 0.0);
    pieces.insert(pieces.begin(), beginning.begin(), beginning.end());
  }

  // --- the classes ---

  void add_charsmap() {
    v_.charsmap = source_.charsmap;
    if (!v_.charsmap.empty()) add(TextStep::charsmap);
  }
  void add(TextStep kind, uint32_t flags = 0, std::string a = {}, std::string b = {}) {
    v_.steps.push_back({kind, flags, std::move(a), std::move(b)});
  }
  std::string role(const char* name) const { return specials_->name(name); }

  void unigram_steps(uint32_t unk_id, uint32_t prepend) {
    v_.unk_id = unk_id;
    add_charsmap();
    add(TextStep::split_white_space);
    add(TextStep::metaspace, kMetaspaceSplit | prepend, std::string(kMark));
  }

  void t5() {
    if (!read_vocabulary("Unigram", false)) missing("tokenizer.json or spiece.model");
    const uint32_t extra = extra_ids();
    for (uint32_t i = extra; i > 0; --i) {
      const std::string text = "<extra_id_" + std::to_string(i - 1) + ">";
      if (from_spiece_) source_.pieces.emplace_back(text, 0.0);
    }
    for (uint32_t i = 0; i < extra; ++i) extra_.push_back({"<extra_id_" + std::to_string(i) + ">"});
    unigram_steps(2, kMetaspacePrepend);
    enclose("", role("eos_token"));
  }

  uint32_t extra_ids() const {
    const Json& config = files_.config;
    if (!config.is_object() || !config.contains("extra_ids") || !config["extra_ids"].is_number_unsigned())
      return 100;
    return std::min(config["extra_ids"].get<uint32_t>(), 1000U);
  }

  void xlm_roberta() {
    if (!read_vocabulary("Unigram", false)) missing("tokenizer.json or sentencepiece.bpe.model");
    if (from_spiece_) {
      replace_beginning(3, {role("bos_token"), role("pad_token"), role("eos_token"), role("unk_token")});
      source_.pieces.emplace_back(role("mask_token"), 0.0);
    }
    unigram_steps(3, flag_of(files_.config, "add_prefix_space", true) ? uint32_t{kMetaspacePrepend} : 0U);
    enclose(role("bos_token"), role("eos_token"));
  }

  void nllb() {
    if (!read_vocabulary("BPE", true)) missing("tokenizer.json or sentencepiece.bpe.model");
    if (from_spiece_) {
      std::vector<std::string> beginning = {role("bos_token"), role("pad_token"), role("eos_token"),
                                            role("unk_token")};
      std::erase_if(source_.pieces, [&](const auto& piece) {
        return std::find(beginning.begin(), beginning.end(), piece.first) != beginning.end();
      });
      replace_beginning(0, beginning);
    }
    v_.flags = kFuseUnknown;
    unknown_ = role("unk_token");
    specials_->strip_before("mask_token");
    add_charsmap();
    if (!v_.charsmap.empty()) add(TextStep::collapse_spaces, 0, " ");
    add(TextStep::metaspace, kMetaspaceSplit | kMetaspacePrepend, std::string(kMark));
    if (flag_of(files_.config, "legacy_behaviour", false))
      fail(ErrorCode::unsupported, where_, ": legacy_behaviour of NllbTokenizer is not supported");
    enclose(text_of(files_.config, "src_lang", "eng_Latn"), role("eos_token"));
  }

  void gemma(bool lowercase) {
    if (!read_vocabulary("BPE", true)) missing("tokenizer.json");
    v_.flags = kFuseUnknown | kByteFallback;
    unknown_ = role("unk_token");
    if (lowercase) add(TextStep::lowercase);
    add(TextStep::replace, 0, " ", std::string(kMark));
    if (json_.is_object()) {
      const EnclosingTokens tokens = read_post_processor(json_, where_ + "/tokenizer.json");
      enclose(tokens.before, tokens.after);
    } else {
      enclose(flag_of(files_.config, "add_bos_token", false) ? role("bos_token") : "",
              flag_of(files_.config, "add_eos_token", false) ? role("eos_token") : "");
    }
  }

  void bert() {
    if (json_.is_object()) {
      source_ = source_from_json(json_model("WordPiece"), where_ + "/tokenizer.json");
    } else if (!s_.vocab_txt.empty()) {
      source_ = source_from_vocab_txt(s_.vocab_txt, where_ + "/vocab.txt");
    } else {
      missing("vocab.txt or tokenizer.json");
    }
    v_.subword_prefix = "##";
    unknown_ = role("unk_token");
    const bool lower = flag_of(files_.config, "do_lower_case", true);
    add(TextStep::bert, kBertCleanText |
                            (flag_of(files_.config, "tokenize_chinese_chars", true) ? kBertChinese : 0U) |
                            (flag_of(files_.config, "strip_accents", lower) ? kBertStripAccents : 0U) |
                            (lower ? kBertLowercase : 0U));
    add(TextStep::split_bert);
    enclose(role("cls_token"), role("sep_token"));
  }

  void roberta() {
    if (json_.is_object()) {
      source_ = source_from_json(json_model("BPE"), where_ + "/tokenizer.json");
    } else if (!s_.vocab_json.empty() && !s_.merges_txt.empty()) {
      source_ = source_from_merges(s_.vocab_json, s_.merges_txt, where_);
    } else {
      missing("tokenizer.json, or vocab.json and merges.txt,");
    }
    add(TextStep::byte_level,
        kByteLevelExpression |
            (flag_of(files_.config, "add_prefix_space", false) ? uint32_t{kByteLevelPrefixSpace} : 0U));
    enclose(role("cls_token"), role("sep_token"));
  }

  BuiltTokenizer siglip() {
    if (s_.spiece_model.empty()) missing("spiece.model");
    if (!flag_of(files_.config, "do_lower_case", true))
      fail(ErrorCode::unsupported, where_, ": do_lower_case = false of SiglipTokenizer is not supported");
    const SpieceModel model = read_spiece_model(s_.spiece_model, where_);
    for (uint32_t id = 0; id < model.pieces.size(); ++id) {
      ids_.emplace(model.pieces[id].text, id);
      source_.pieces.emplace_back(model.pieces[id].text, 0.0);
    }
    check_size(source_.pieces);
    next_id_ = static_cast<uint32_t>(model.pieces.size());
    number_added();
    enclose("", role("eos_token"));
    BuiltTokenizer out;
    out.section = sentencepiece_section(s_.spiece_model, where_, added_, vocab_size_);
    out.config = settings();
    out.config.kind = TokenizerKind::unigram;
    out.config.cleaning = TextCleaning::siglip;
    return out;
  }

  // A tokenizer.json that stands for itself.
  BuiltTokenizer as_json_says() {
    if (!json_.is_object()) missing("tokenizer.json");
    const std::string where = where_ + "/tokenizer.json";
    if (!json_.contains("model") || !json_["model"].is_object())
      fail(ErrorCode::damaged, where, ": no model in it");
    const Json& model = json_["model"];
    const std::string type = text_of(model, "type");
    source_ = source_from_json(model, where);
    const auto flag = [&](const char* key, VocabularyFlag which) {
      v_.flags |= flag_of(model, key, false) ? uint32_t{which} : 0U;
    };
    unknown_ = text_of(model, "unk_token");
    if (type == "Unigram") {
      v_.kind = TokenizerKind::unigram;
      if (!model.contains("unk_id") || !model["unk_id"].is_number_unsigned())
        fail(ErrorCode::unsupported, where, ": a unigram model without unk_id");
      v_.unk_id = static_cast<uint32_t>(std::min<uint64_t>(model["unk_id"].get<uint64_t>(), kNoToken - 1));
      flag("byte_fallback", kByteFallback);
    } else if (type == "BPE") {
      v_.kind = TokenizerKind::bpe;
      flag("byte_fallback", kByteFallback);
      flag("fuse_unk", kFuseUnknown);
      flag("ignore_merges", kIgnoreMerges);
      if (!text_of(model, "continuing_subword_prefix").empty() ||
          !text_of(model, "end_of_word_suffix").empty())
        fail(ErrorCode::unsupported, where,
             ": a BPE model with a prefix or suffix of its pieces is not supported");
    } else if (type == "WordPiece") {
      v_.kind = TokenizerKind::wordpiece;
      v_.subword_prefix = text_of(model, "continuing_subword_prefix", "##");
      if (model.contains("max_input_chars_per_word") &&
          model["max_input_chars_per_word"].is_number_unsigned())
        v_.max_word = model["max_input_chars_per_word"].get<uint32_t>();
    } else {
      fail(ErrorCode::unsupported, where, ": a model of type '", type,
           "', expected Unigram, BPE or WordPiece");
    }
    if (model.contains("dropout") && model["dropout"].is_number() && model["dropout"].get<double>() != 0)
      fail(ErrorCode::unsupported, where, ": a model with dropout gives other ids each time");
    read_json_steps(json_, v_, where);
    const EnclosingTokens tokens = read_post_processor(json_, where);
    enclose(tokens.before, tokens.after);
    return finish();
  }

  // --- what all share ---

  void enclose(std::string before, std::string after) {
    before_ = std::move(before);
    after_ = std::move(after);
  }

  void number_added() {
    std::vector<ExtraToken> extra = source_.special;
    extra.insert(extra.end(), extra_.begin(), extra_.end());
    for (ExtraToken token : specials_->added(extra)) {
      const auto [at, added] = ids_.emplace(token.content, next_id_);
      if (added) ++next_id_;
      token.id = at->second;
      if (token.id < vocab_size_) added_.push_back(std::move(token));
    }
  }

  uint32_t id_of(const std::string& text, const char* what) const {
    const auto at = ids_.find(text);
    if (at == ids_.end() || at->second >= vocab_size_)
      fail(ErrorCode::damaged, where_, ": the vocabulary has no '", text, "', which is the ", what,
           " of a text");
    return at->second;
  }

  TokenizerConfig settings() const {
    TokenizerConfig t;
    t.cleaning = TextCleaning::none;
    const std::string pad = role("pad_token");
    t.pad_id = pad.empty() ? 0 : id_of(pad, "padding");
    t.add_bos = !before_.empty();
    t.add_eos = !after_.empty();
    t.bos_id = before_.empty() ? t.pad_id : id_of(before_, "begin");
    t.eos_id = after_.empty() ? t.pad_id : id_of(after_, "end");
    const std::string side =
        text_of(files_.config, "padding_side", rules_ != nullptr && rules_->pad_left ? "left" : "right");
    t.pad_left = side == "left";
    return t;
  }

  // Rows of the embedding that a tokenizer has placeholders beyond (mT5's 100 extra ids) are no mismatch: a
  // text that names them has no ids in Python either.
  void check_size(const std::vector<std::pair<std::string, double>>& pieces) const {
    if (pieces.size() > vocab_size_ && !only_placeholders_from(pieces, vocab_size_))
      fail(ErrorCode::shape_mismatch, where_, ": the tokenizer has ", pieces.size(),
           " pieces, the model's token embedding has ", vocab_size_, " rows");
  }

  BuiltTokenizer finish() {
    check_size(source_.pieces);
    fill_entries(source_, vocab_size_, v_, where_);
    for (uint32_t id = 0; id < source_.pieces.size(); ++id) ids_[source_.pieces[id].first] = id;
    ids_.erase("");
    next_id_ = static_cast<uint32_t>(source_.pieces.size());
    if (v_.kind == TokenizerKind::unigram) {
      double low = 0;
      for (const auto& [text, score] : source_.pieces) low = std::min(low, score);
      v_.unknown_score = low - kUnknownPenalty;
      if (v_.unk_id >= std::min<size_t>(source_.pieces.size(), vocab_size_))
        fail(ErrorCode::damaged, where_, ": the unknown piece ", v_.unk_id, " is outside the vocabulary of ",
             source_.pieces.size());
    } else if (!unknown_.empty()) {
      const auto at = ids_.find(unknown_);
      if (at != ids_.end()) v_.unk_id = at->second;
    }
    if (v_.kind == TokenizerKind::wordpiece && v_.unk_id == kNoToken)
      fail(ErrorCode::damaged, where_, ": the vocabulary has no unknown token '", unknown_, "'");
    number_added();
    BuiltTokenizer out;
    out.config = settings();
    if (s_.strip_sep) {
      for (ExtraToken& token : added_) token.id = token.id == out.config.eos_id ? 0 : token.id;
      out.config.eos_id = 0;
    }
    v_.added = added_;
    out.config.kind = v_.kind;
    out.section = write_vocabulary(v_, where_);
    return out;
  }

  const TokenizerSources& s_;
  uint32_t vocab_size_;
  const std::string& where_;
  Json json_;
  SpecialTokens::Files files_;
  const ClassRules* rules_ = nullptr;
  std::unique_ptr<SpecialTokens> specials_;
  VocabularySource source_;
  bool from_spiece_ = false;
  Vocabulary v_;
  std::string unknown_, before_, after_;
  std::vector<ExtraToken> extra_, added_;
  std::unordered_map<std::string, uint32_t> ids_;
  uint32_t next_id_ = 0;
};

}  // namespace

BuiltTokenizer build_tokenizer(const TokenizerSources& sources, uint32_t vocab_size) {
  return Build(sources, vocab_size).run();
}

}  // namespace simdclip
