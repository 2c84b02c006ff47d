// ModelConfig <-> JSON. One list of fields per struct serves both directions, so that they cannot drift
// apart.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>
#include <span>

#include "base/fail.h"
#include "format/config.h"

namespace simdclip {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 8;

// The names of an enumeration's values, in their order.
template <typename E>
std::span<const std::string_view> names_of() {
  if constexpr (std::is_same_v<E, Precision>) {
    static constexpr std::string_view names[] = {"f32", "bf16", "int8"};
    return names;
  } else if constexpr (std::is_same_v<E, Activation>) {
    static constexpr std::string_view names[] = {"gelu", "gelu_tanh", "quick_gelu", "relu"};
    return names;
  } else if constexpr (std::is_same_v<E, BlockNorm>) {
    static constexpr std::string_view names[] = {"before", "after", "branch"};
    return names;
  } else if constexpr (std::is_same_v<E, Pooling>) {
    static constexpr std::string_view names[] = {"first", "mean",      "argmax_id", "first_eos",
                                                 "last",  "attention", "appended"};
    return names;
  } else if constexpr (std::is_same_v<E, ResizeMode>) {
    static constexpr std::string_view names[] = {"shortest", "squash", "naflex"};
    return names;
  } else if constexpr (std::is_same_v<E, Interpolation>) {
    static constexpr std::string_view names[] = {"bicubic", "bilinear"};
    return names;
  } else if constexpr (std::is_same_v<E, TokenizerKind>) {
    static constexpr std::string_view names[] = {"clip_bpe", "unigram", "bpe", "wordpiece"};
    return names;
  } else {
    static_assert(std::is_same_v<E, TextCleaning>);
    static constexpr std::string_view names[] = {
        "open_clip", "transformers", "none", "open_clip_whitespace", "open_clip_canonicalize", "siglip"};
    return names;
  }
}

template <typename E>
std::string_view name_of(E value) noexcept {
  return names_of<E>()[static_cast<size_t>(value)];
}

template <typename Visitor, typename T>
void fields(Visitor& v, T& c) requires std::is_same_v<std::remove_const_t<T>, TransformerConfig> {
  v("width", c.width);
  v("layers", c.layers);
  v("heads", c.heads);
  v("mlp_width", c.mlp_width);
  v("activation", c.activation);
  v("norm_eps", c.norm_eps);
  v("norm", c.norm, BlockNorm::before);
  v("gated_mlp", c.gated_mlp, false);
  v("mlp_norm", c.mlp_norm, false);
  v("attention_norm", c.attention_norm, false);
  v("rms_norm", c.rms_norm, false);
  v("relative_bias", c.relative_bias, false);
}

template <typename Visitor, typename T>
void fields(Visitor& v, T& c) requires std::is_same_v<std::remove_const_t<T>, AttentionPoolConfig> {
  v("heads", c.heads);
  v("mlp_width", c.mlp_width);
  v("activation", c.activation);
  v("norm_eps", c.norm_eps);
  v("width", c.width, 0U);
  v("input_norm", c.input_norm, false);
  v("token_query", c.token_query, false);
}

template <typename Visitor, typename T>
void fields(Visitor& v, T& c) requires std::is_same_v<std::remove_const_t<T>, ResNetConfig> {
  v("width", c.width);
  v("blocks", c.blocks);
}

template <typename Visitor, typename T>
void fields(Visitor& v, T& c) requires std::is_same_v<std::remove_const_t<T>, VisionConfig> {
  v("image_height", c.image_height);
  v("image_width", c.image_width);
  v("patch_size", c.patch_size);
  v("transformer", c.transformer);
  v("class_token", c.class_token);
  v("patch_bias", c.patch_bias);
  v("pre_norm", c.pre_norm);
  v("post_norm", c.post_norm);
  v("norm_after_pool", c.norm_after_pool);
  v("pooling", c.pooling);
  v("attention_pool", c.attention_pool);
  v("projection", c.projection);
  v("projection_bias", c.projection_bias, false);
  // Not "rotary": files that said so paired the channels 2i and 2i + 1, and are refused.
  v("rotary_halves", c.rotary, false);
  v("max_patches", c.max_patches, 0U);
  v("stem_width", c.stem_width, 0U);
  v("resnet", c.resnet, std::optional<ResNetConfig>());
}

template <typename Visitor, typename T>
void fields(Visitor& v, T& c) requires std::is_same_v<std::remove_const_t<T>, TextConfig> {
  v("vocab_size", c.vocab_size);
  v("context_length", c.context_length);
  v("transformer", c.transformer);
  v("causal", c.causal);
  v("pooling", c.pooling);
  v("eos_id", c.eos_id);
  v("projection", c.projection);
  v("projection_bias", c.projection_bias);
  v("embedding_norm", c.embedding_norm, false);
  v("final_norm", c.final_norm, true);
  v("drop_padding", c.drop_padding, false);
  v("pad_id", c.pad_id, 0U);
  v("projection_hidden", c.projection_hidden, 0U);
}

template <typename Visitor, typename T>
void fields(Visitor& v, T& c) requires std::is_same_v<std::remove_const_t<T>, PreprocessConfig> {
  v("resize", c.resize);
  v("interpolation", c.interpolation);
  v("convert_rgb_first", c.convert_rgb_first);
  v("mean", c.mean);
  v("std", c.std);
}

template <typename Visitor, typename T>
void fields(Visitor& v, T& c) requires std::is_same_v<std::remove_const_t<T>, TokenizerConfig> {
  v("kind", c.kind);
  v("cleaning", c.cleaning);
  v("bos_id", c.bos_id);
  v("eos_id", c.eos_id);
  v("pad_id", c.pad_id);
  v("add_bos", c.add_bos, true);
  v("add_eos", c.add_eos, true);
  v("pad_left", c.pad_left, false);
}

template <typename Visitor, typename T>
void fields(Visitor& v, T& c) requires std::is_same_v<std::remove_const_t<T>, ModelConfig> {
  v("name", c.name);
  v("source", c.source);
  v("precision", c.precision);
  v("bf16_weights", c.bf16_weights);
  v("embed_dim", c.embed_dim);
  v("vision", c.vision);
  v("text", c.text);
  v("preprocess", c.preprocess);
  v("tokenizer", c.tokenizer);
  v("logit_scale", c.logit_scale);
  v("logit_bias", c.logit_bias);
}

// --- writing ---

class ToJson {
 public:
  template <typename T>
  void operator()(const char* name, const T& value) {
    object_[name] = make(value);
  }
  // A field that came later: absent where it says what files without it mean.
  template <typename T>
  void operator()(const char* name, const T& value, const T& absent) {
    if (!(value == absent)) object_[name] = make(value);
  }

  template <typename T>
  static json make(const T& value) {
    if constexpr (std::is_enum_v<T>) {
      return name_of(value);
    } else if constexpr (std::is_same_v<T, float>) {
      return make_float(value);
    } else if constexpr (std::is_class_v<T> && !std::is_convertible_v<T, std::string>) {
      ToJson inner;
      fields(inner, value);
      return std::move(inner.object_);
    } else {
      return value;
    }
  }
  template <typename T>
  static json make(const std::optional<T>& value) {
    return value ? make(*value) : json(nullptr);
  }
  static json make(const std::array<float, 3>& values) {
    return json::array({make(values[0]), make(values[1]), make(values[2])});
  }
  static json make(const std::array<uint32_t, 4>& values) { return json(values); }
  static json make(const std::vector<std::string>& values) { return json(values); }

 private:
  // JSON numbers are doubles: the one with the fewest digits that rounds to this float.
  static json make_float(float value) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
    double shortest = 0;
    std::from_chars(text, end, shortest);
    return static_cast<float>(shortest) == value ? shortest : static_cast<double>(value);
  }

  json object_ = json::object();
};

// --- reading ---

class FromJson {
 public:
  FromJson(const json& object, std::string path, const std::string& where)
      : path_(std::move(path)), where_(where), object_(object) {
    if (!object.is_object()) wrong_type("an object");
  }

  template <typename T>
  void operator()(const char* name, T& value) {
    names_.insert(name);
    const auto found = object_.find(name);
    if (found == object_.end()) {
      fail(ErrorCode::damaged, where_, ": field '", path_, name,
           "' is missing; the file is damaged, convert the model again");
    }
    FromJson(*found, path_ + name, where_, Value{}).read(value);
  }
  template <typename T>
  void operator()(const char* name, T& value, const T& absent) {
    if (object_.contains(name)) {
      (*this)(name, value);
    } else {
      value = absent;
    }
  }

  // Every field of the object must have been asked for.
  void finish() const {
    for (const auto& item : object_.items()) {
      if (names_.contains(item.key())) continue;
      fail(ErrorCode::unsupported, where_, ": unknown field '", path_, shown(item.key()),
           "'; the file was written by a newer simdclip, use that one; or by an early one, then convert "
           "again");
    }
  }

 private:
  struct Value {};  // the constructor for a field of any type
  FromJson(const json& value, std::string path, const std::string& where, Value)
      : path_(std::move(path)), where_(where), object_(value) {}

  // What a file says, cut to a length that fits a message.
  static std::string shown(const std::string& text) {
    return text.size() <= 60 ? text : text.substr(0, 60) + "...";
  }

  [[noreturn]] void wrong_type(const char* expected) const {
    fail(ErrorCode::damaged, where_, ": field '", path_, "' is of type ", object_.type_name(), ", expected ",
         expected);
  }

  void read(bool& value) const {
    if (!object_.is_boolean()) wrong_type("true or false");
    value = object_.get<bool>();
  }
  void read(uint32_t& value) const {
    if (!object_.is_number_unsigned()) wrong_type("an integer from 0 to 4294967295");
    const auto number = object_.get<uint64_t>();
    if (number > std::numeric_limits<uint32_t>::max()) {
      fail(ErrorCode::damaged, where_, ": field '", path_, "' is ", number, ", expected at most 4294967295");
    }
    value = static_cast<uint32_t>(number);
  }
  void read(float& value) const {
    if (!object_.is_number()) wrong_type("a number");
    const auto number = object_.get<double>();
    if (std::abs(number) > std::numeric_limits<float>::max()) {
      fail(ErrorCode::damaged, where_, ": field '", path_, "' is ", number, ", which no float holds");
    }
    value = static_cast<float>(number);
  }
  void read(std::string& value) const {
    if (!object_.is_string()) wrong_type("a string");
    value = object_.get<std::string>();
  }
  void read(std::vector<std::string>& values) const {
    if (!object_.is_array()) wrong_type("an array of strings");
    for (const json& item : object_)
      FromJson(item, path_ + "[]", where_, Value{}).read(values.emplace_back());
  }
  template <typename Number, size_t kCount>
  void read(std::array<Number, kCount>& values) const {
    if (!object_.is_array() || object_.size() != kCount)
      wrong_type(("an array of " + std::to_string(kCount) + " numbers").c_str());
    for (size_t i = 0; i < kCount; ++i) FromJson(object_[i], path_ + "[]", where_, Value{}).read(values[i]);
  }
  template <typename T>
  void read(std::optional<T>& value) const {
    if (!object_.is_null()) read(value.emplace());
  }
  template <typename T>
  void read(T& value) const {
    if constexpr (std::is_enum_v<T>) {
      std::string name;
      read(name);
      const auto names = names_of<T>();
      const auto found = std::find(names.begin(), names.end(), name);
      if (found == names.end()) {
        fail(ErrorCode::unsupported, where_, ": field '", path_, "' is '", shown(name),
             "', which this version does not know; expected one of ", shape_string(names));
      }
      value = static_cast<T>(found - names.begin());
    } else {
      FromJson inner(object_, path_ + ".", where_);
      fields(inner, value);
      inner.finish();
    }
  }

  std::string path_;
  const std::string& where_;
  const json& object_;
  std::set<std::string> names_;
};

// Refuses what the JSON library would let pass: deep nesting, and a key that stands twice in an object (it
// keeps the last).
class StructureCheck {
 public:
  explicit StructureCheck(const std::string& where) : where_(where) {}

  bool operator()(int depth, json::parse_event_t event, const json& parsed) {
    using Event = json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      if (depth >= kMaxDepth) fail(ErrorCode::damaged, where_, ": nested deeper than ", kMaxDepth, " levels");
      if (event == Event::object_start) keys_.emplace_back();
    } else if (event == Event::object_end) {
      keys_.pop_back();
    } else if (event == Event::key && !keys_.back().insert(parsed.get<std::string>()).second) {
      fail(ErrorCode::damaged, where_, ": the field '", parsed.get<std::string>().substr(0, 60),
           "' stands there twice");
    }
    return true;
  }

 private:
  const std::string& where_;
  std::vector<std::set<std::string>> keys_;
};

}  // namespace

std::string to_json(const ModelConfig& config) {
  // Names come from folders, which need not be UTF-8.
  return ToJson::make(config).dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

ModelConfig config_from_json(std::string_view text, const std::string& where) {
  if (text.size() > kMaxConfigBytes) {
    fail(ErrorCode::too_large, where, ": ", text.size(), " bytes of JSON, expected at most ",
         kMaxConfigBytes);
  }
  json parsed;
  try {
    parsed = json::parse(text, StructureCheck(where));
  } catch (const json::exception& error) {
    fail(ErrorCode::damaged, where, ": is not valid JSON: ", error.what());
  }
  ModelConfig config;
  FromJson reader(parsed, "", where);
  fields(reader, config);
  reader.finish();
  return config;
}

std::string_view to_string(Precision value) noexcept { return name_of(value); }
std::string_view to_string(Activation value) noexcept { return name_of(value); }
std::string_view to_string(BlockNorm value) noexcept { return name_of(value); }
std::string_view to_string(Pooling value) noexcept { return name_of(value); }
std::string_view to_string(ResizeMode value) noexcept { return name_of(value); }
std::string_view to_string(Interpolation value) noexcept { return name_of(value); }
std::string_view to_string(TokenizerKind value) noexcept { return name_of(value); }
std::string_view to_string(TextCleaning value) noexcept { return name_of(value); }

}  // namespace simdclip
