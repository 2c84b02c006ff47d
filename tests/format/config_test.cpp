#include "format/config.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <random>

#include "support/errors.h"
#include "support/tiny_model.h"

namespace simdclip {
namespace {

using nlohmann::json;
using tests::expect_error;
using tests::tiny_config;

ModelConfig parse(const std::string& text) { return config_from_json(text, "m.sclip: config"); }
json good() { return json::parse(to_json(tiny_config())); }

// Every place in the document: {"vision", "vision/transformer/width", ...}.
void all_places(const json& value, const json::json_pointer& here, std::vector<json::json_pointer>& out) {
  if (!value.is_object()) return;
  for (const auto& item : value.items()) {
    out.push_back(here / item.key());
    all_places(item.value(), here / item.key(), out);
  }
}
std::vector<json::json_pointer> all_places() {
  std::vector<json::json_pointer> places;
  all_places(good(), json::json_pointer(), places);
  return places;
}

TEST(ConfigJson, ReadsBackToTheSameBytes) {
  const std::string text = to_json(tiny_config());
  EXPECT_EQ(to_json(parse(text)), text);
  ModelConfig c = tiny_config();
  c.vision.reset();
  c.preprocess.reset();
  c.logit_bias = -16.5F;
  c.name = "\xc3\xa9\xe6\xbc\xa2 \"quoted\" \\ </tag>";
  const ModelConfig back = parse(to_json(c));
  EXPECT_EQ(back.name, c.name);
  EXPECT_FALSE(back.vision || back.preprocess);
  EXPECT_EQ(back.logit_bias, -16.5F);
  EXPECT_EQ(to_json(back), to_json(c));
}

TEST(ConfigJson, EveryValueOfEveryEnumerationReadsBack) {
  ModelConfig c = tiny_config();
  const auto same = [&c] { return to_json(parse(to_json(c))) == to_json(c); };
  for (const auto p : {Precision::f32, Precision::bf16, Precision::int8}) {
    c.precision = p;
    EXPECT_EQ(parse(to_json(c)).precision, p);
  }
  for (const auto a : {Activation::gelu, Activation::gelu_tanh, Activation::quick_gelu}) {
    c.text->transformer.activation = a;
    EXPECT_EQ(parse(to_json(c)).text->transformer.activation, a);
  }
  for (const auto p :
       {Pooling::first, Pooling::mean, Pooling::argmax_id, Pooling::first_eos, Pooling::last}) {
    c.text->pooling = p;
    EXPECT_EQ(parse(to_json(c)).text->pooling, p);
  }
  for (const auto r : {ResizeMode::shortest, ResizeMode::squash}) {
    c.preprocess->resize = r;
    EXPECT_EQ(parse(to_json(c)).preprocess->resize, r);
  }
  for (const auto i : {Interpolation::bicubic, Interpolation::bilinear}) {
    c.preprocess->interpolation = i;
    EXPECT_EQ(parse(to_json(c)).preprocess->interpolation, i);
  }
  for (const auto k : {TextCleaning::open_clip, TextCleaning::transformers}) {
    c.tokenizer->cleaning = k;
    EXPECT_EQ(parse(to_json(c)).tokenizer->cleaning, k);
  }
  EXPECT_TRUE(same());
}

TEST(ConfigJson, VaryingGridsReadBack) {
  ModelConfig c = tiny_config();
  EXPECT_EQ(to_json(c).find("max_patches"), std::string::npos);  // files from before stay valid byte for byte
  c.vision->class_token = false;
  c.vision->pooling = Pooling::mean;
  c.vision->max_patches = 9;
  c.preprocess->resize = ResizeMode::naflex;
  validate(c, "m");
  EXPECT_EQ(parse(to_json(c)).vision->max_patches, 9U);
  EXPECT_EQ(parse(to_json(c)).preprocess->resize, ResizeMode::naflex);
}

TEST(ConfigJson, KeysAreSorted) {
  const std::string text = to_json(tiny_config());
  EXPECT_LT(text.find("\"embed_dim\""), text.find("\"logit_scale\""));
  EXPECT_LT(text.find("\"logit_scale\""), text.find("\"name\""));
  EXPECT_LT(text.find("\"text\""), text.find("\"tokenizer\""));
  EXPECT_EQ(text, good().dump(2) + "\n");  // nlohmann's objects are sorted
}

TEST(ConfigJson, FloatsReadBackBitForBit) {
  std::mt19937 random(3);
  ModelConfig c = tiny_config();
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<float>(static_cast<uint32_t>(random()));
    if (!std::isfinite(value)) continue;
    c.logit_scale = value;
    if (i % 16 != 0) {  // most of the time is the rest of the document
      const json number = json::parse(json(static_cast<double>(value)).dump());
      ASSERT_EQ(static_cast<float>(number.get<double>()), value);
      continue;
    }
    ASSERT_EQ(std::bit_cast<uint32_t>(parse(to_json(c)).logit_scale), std::bit_cast<uint32_t>(value))
        << value;
  }
  c.logit_scale = 1e-5F;
  EXPECT_NE(to_json(c).find("\"logit_scale\": 1e-05,"), std::string::npos) << "the fewest digits";
}

TEST(ConfigJson, InvalidUtf8InLabelsIsReplaced) {
  ModelConfig c = tiny_config();
  c.name = "caf\xe9";
  EXPECT_EQ(parse(to_json(c)).name, "caf\xef\xbf\xbd");
}

TEST(ConfigJson, EveryFieldIsNeeded) {
  for (const auto& place : all_places()) {
    json document = good();
    document.at(place.parent_pointer()).erase(place.back());
    SCOPED_TRACE(place.to_string());
    expect_error(ErrorCode::damaged, [&] { parse(document.dump()); },
                 {"m.sclip: config", "is missing", place.back().c_str()});
  }
}

TEST(ConfigJson, EveryUnknownFieldIsRefused) {
  auto places = all_places();
  places.emplace_back();
  for (const auto& place : places) {
    json document = good();
    if (!document.at(place).is_object()) continue;
    document.at(place)["rope_theta"] = 10000;
    SCOPED_TRACE(place.to_string());
    expect_error(ErrorCode::unsupported, [&] { parse(document.dump()); },
                 {"unknown field", "rope_theta", "newer simdclip"});
  }
}

TEST(ConfigJson, EveryWrongTypeIsRefused) {
  const json others[] = {nullptr,
                         true,
                         -1,
                         1.5,
                         4294967296,
                         1e300,
                         "text",
                         json::array(),
                         json::object(),
                         json::array({1, 2, 3, 4})};
  size_t refused = 0;
  for (const auto& place : all_places()) {
    const json right = good().at(place);
    for (const json& other : others) {
      const bool nullable = right.is_object() || place.back() == "logit_bias";
      if (other.is_null() && nullable && place.back() != "transformer") continue;
      if (other.is_number() && (right.is_number_float() || place.back() == "logit_bias") && other != 1e300)
        continue;
      if (other.type() == right.type() && !other.is_number())
        continue;  // is the business of validate() or of the enumeration
      json document = good();
      document.at(place) = other;
      SCOPED_TRACE(place.to_string() + " = " + other.dump());
      expect_error(ErrorCode::damaged, [&] { parse(document.dump()); }, {"field '"});
      ++refused;
    }
  }
  EXPECT_GE(refused, 300U);
}

TEST(ConfigJson, UnknownValuesAreUnsupported) {
  for (const char* place : {"/precision", "/vision/pooling", "/vision/transformer/activation",
                            "/text/pooling", "/text/transformer/activation", "/preprocess/resize",
                            "/preprocess/interpolation", "/tokenizer/kind", "/tokenizer/cleaning"}) {
    for (const std::string& value :
         {std::string("swiglu"), std::string(), std::string(5000, 'x'), std::string("f32\0", 4)}) {
      json document = good();
      document[json::json_pointer(place)] = value;
      SCOPED_TRACE(place);
      const std::string message =
          expect_error(ErrorCode::unsupported, [&] { parse(document.dump()); }, {"expected one of"});
      EXPECT_LT(message.size(), 400U);
    }
  }
}

TEST(ConfigJson, MalformedDocuments) {
  const std::string text = to_json(tiny_config());
  const auto with = [&text](const std::string& from, const std::string& to) {
    std::string changed = text;
    return changed.replace(changed.find(from), from.size(), to);
  };
  const std::string documents[] = {
      "",
      " ",
      "null",
      "[]",
      "42",
      "\"text\"",
      "{",
      "{}",
      "}",
      std::string("\0", 1),
      text + "x",
      text + text,
      text.substr(0, text.size() - 3),
      "\xff\xfe" + text,
      with("\"name\": \"tiny\"", "\"name\": \"\xff\""),
      with("\"name\": \"tiny\"", "\"name\": \"\xc0\xaf\""),
      with("\"name\": \"tiny\"", "\"name\": \"\xed\xa0\x80\""),
      with("\"name\": \"tiny\"", "\"name\": \"\\ud800\""),
      with("\"name\": \"tiny\"", std::string("\"name\": \"a\0b\"", 13)),
      with("\"name\": \"tiny\"", "\"name\": \"a\nb\""),
      with("\"name\": \"tiny\"", "'name': 'tiny'"),
      with("\"name\": \"tiny\"", "\"name\": \"tiny\","),
      with("\"name\": \"tiny\"", "/* a comment */ \"name\": \"tiny\""),
      with("100.0", "NaN"),
      with("100.0", "Infinity"),
      with("100.0", "1e999"),
      with("100.0", "-1e999"),
      with("100.0", "3.5e38"),
      with("100.0", "0x64"),
      with("100.0", "+100"),
      with("100.0", ".5"),
      with("\"embed_dim\": 20", "\"embed_dim\": 020"),
      with("\"embed_dim\": 20", "\"embed_dim\": -0"),
      with("\"embed_dim\": 20", "\"embed_dim\": 20.0"),
      with("\"embed_dim\": 20", "\"embed_dim\": 2e1"),
      with("\"embed_dim\": 20", "\"embed_dim\": 20, \"embed_dim\": 20"),
      with("\"width\": 24", "\"width\": 24, \"width\": 36"),
      with("\"mean\": [", "\"mean\": [0.5,"),
      std::string(1000, '['),
      std::string(1 << 19, '['),
      "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}",
  };
  for (const std::string& document : documents) {
    SCOPED_TRACE(document.substr(0, 60));
    expect_error(ErrorCode::damaged, [&] { parse(document); }, {"m.sclip: config"});
  }
  expect_error(ErrorCode::too_large, [] { parse(std::string((1 << 20) + 1, ' ')); }, {"1048577 bytes"});
}

// --- validate ---

AttentionPoolConfig& with_attention_pool(ModelConfig& c) {
  c.vision->pooling = Pooling::attention;
  c.vision->attention_pool = AttentionPoolConfig{.heads = 4, .mlp_width = 50};
  return *c.vision->attention_pool;
}

TEST(ConfigJson, AttentionPoolReadsBack) {
  ModelConfig c = tiny_config();
  with_attention_pool(c);
  validate(c, "m");
  const ModelConfig back = parse(to_json(c));
  EXPECT_EQ(back.vision->attention_pool->heads, 4U);
  EXPECT_EQ(to_json(back), to_json(c));
}

TEST(ConfigValidate, TakesRealModels) {
  ModelConfig c = tiny_config();
  validate(c, "m");
  c.vision->class_token = false;
  c.vision->pooling = Pooling::mean;
  validate(c, "m");
  c.text->projection = false;
  c.text->transformer.width = 20;
  validate(c, "m");
  c.text->projection = c.text->projection_bias = true;
  c.logit_bias = -16.0F;
  validate(c, "m");
  c.vision->image_height = 378;  // 27 x 27 patches of 14, no pixel left; 384 leaves six
  c.vision->image_width = 384;
  c.vision->patch_size = 14;
  validate(c, "m");
  c.vision->transformer = {.width = 1152, .layers = 27, .heads = 16, .mlp_width = 4304};
  c.text->vocab_size = 901'629;
  validate(c, "m");
  c.text.reset();
  c.tokenizer.reset();
  validate(c, "m");
  c = tiny_config();
  c.vision.reset();
  c.preprocess.reset();
  validate(c, "m");
  c.precision = Precision::int8;
  c.bf16_weights = {"text.blocks.0.attn.qkv.weight", "text.proj.weight"};
  validate(c, "m");
  c = tiny_config();
  c.vision = tests::tiny_resnet(64, {3, 4, 6, 3}, 32);
  validate(c, "m");
  const ModelConfig back = parse(to_json(c));
  EXPECT_EQ(back.vision->resnet, c.vision->resnet);
  EXPECT_TRUE(back.vision->attention_pool->token_query);
  EXPECT_EQ(to_json(back), to_json(c));
}

TEST(ConfigValidate, RefusesWhatNoResidualNetworkCanBe) {
  struct Case {
    const char* said;
    std::function<void(VisionConfig&)> spoil;
  };
  const Case all[] = {
      {"resnet: width is 0", [](VisionConfig& v) { v.resnet->width = 0; }},
      {"resnet: width: expected an even", [](VisionConfig& v) { v.resnet->width = 7; }},
      {"resnet: width is 32770", [](VisionConfig& v) { v.resnet->width = 32770; }},
      {"resnet: width: expected a transformer", [](VisionConfig& v) { v.resnet->width = 8; }},
      {"resnet: width: expected a transformer", [](VisionConfig& v) { v.transformer.layers = 1; }},
      {"resnet: width: expected a transformer", [](VisionConfig& v) { v.transformer.mlp_width = 5; }},
      {"resnet: blocks is 0", [](VisionConfig& v) { v.resnet->blocks[2] = 0; }},
      {"resnet: blocks is 1025", [](VisionConfig& v) { v.resnet->blocks[0] = 1025; }},
      {"resnet: patch_size", [](VisionConfig& v) { v.patch_size = 16; }},
      {"31 pixels", [](VisionConfig& v) { v.image_width = 95; }},
      {"attention_pool", [](VisionConfig& v) { v.class_token = false; }},
      {"attention_pool", [](VisionConfig& v) { v.attention_pool->token_query = false; }},
      {"attention_pool", [](VisionConfig& v) { v.attention_pool.reset(); }},
      {"attention_pool: with token_query", [](VisionConfig& v) { v.attention_pool->mlp_width = 8; }},
      {"attention_pool: with token_query", [](VisionConfig& v) { v.projection = v.projection_bias = false; }},
      {"heads: 5 does not divide", [](VisionConfig& v) { v.attention_pool->heads = 5; }},
      {"belong to patches", [](VisionConfig& v) { v.pre_norm = true; }},
      {"belong to patches", [](VisionConfig& v) { v.post_norm = true; }},
      {"belong to patches", [](VisionConfig& v) { v.patch_bias = true; }},
      {"belong to patches", [](VisionConfig& v) { v.rotary = true; }},
      {"pooling", [](VisionConfig& v) { v.pooling = Pooling::mean; }},
  };
  for (const Case& one : all) {
    ModelConfig c = tiny_config();
    c.vision = tests::tiny_resnet(6, {1, 2, 1, 1}, 3);
    one.spoil(*c.vision);
    const std::string said = tests::expect_error(ErrorCode::damaged, [&] { validate(c, "m"); });
    EXPECT_NE(said.find(one.said), std::string::npos) << said;
  }
}

TEST(ConfigValidate, RefusesWhatNoModelCanBe) {
  struct Case {
    const char* said;
    std::function<void(ModelConfig&)> spoil;
  };
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const Case all[] = {
      {"embed_dim is 0", [](ModelConfig& c) { c.embed_dim = 0; }},
      {"embed_dim is 1048577", [](ModelConfig& c) { c.embed_dim = (1U << 20U) + 1; }},
      {"embed_dim is 4294967295", [](ModelConfig& c) { c.embed_dim = UINT32_MAX; }},
      {"at least one tower",
       [](ModelConfig& c) { c.vision.reset(), c.text.reset(), c.preprocess.reset(), c.tokenizer.reset(); }},
      {"preprocess", [](ModelConfig& c) { c.preprocess.reset(); }},
      {"preprocess", [](ModelConfig& c) { c.vision.reset(); }},
      {"tokenizer", [](ModelConfig& c) { c.tokenizer.reset(); }},
      {"tokenizer", [](ModelConfig& c) { c.text.reset(); }},
      {"logit_scale", [=](ModelConfig& c) { c.logit_scale = inf; }},
      {"logit_scale", [=](ModelConfig& c) { c.logit_scale = nan; }},
      {"logit_scale", [](ModelConfig& c) { c.logit_scale = 0; }},
      {"logit_scale", [](ModelConfig& c) { c.logit_scale = -1; }},
      {"logit_bias", [=](ModelConfig& c) { c.logit_bias = -inf; }},
      {"logit_bias", [=](ModelConfig& c) { c.logit_bias = nan; }},
      {"name", [](ModelConfig& c) { c.name = "\x1b[2Jcleared"; }},
      {"name", [](ModelConfig& c) { c.name = std::string(5000, 'n'); }},
      {"source", [](ModelConfig& c) { c.source = "two\nlines"; }},
      {"source", [](ModelConfig& c) { c.source = std::string("a\0b", 3); }},
      {"vision: max_patches is 65537", [](ModelConfig& c) { c.vision->max_patches = 65'537; }},
      {"without class token",
       [](ModelConfig& c) { c.vision->max_patches = 9, c.preprocess->resize = ResizeMode::naflex; }},
      {"resized as naflex", [](ModelConfig& c) { c.preprocess->resize = ResizeMode::naflex; }},
      {"resized as naflex",
       [](ModelConfig& c) {
         c.vision->max_patches = 9, c.vision->class_token = false, c.vision->pooling = Pooling::mean;
       }},
      {"bf16_weights", [](ModelConfig& c) { c.bf16_weights = {"text.proj.weight"}; }},
      {"bf16_weights",
       [](ModelConfig& c) { c.precision = Precision::int8, c.bf16_weights = {"text.nothing"}; }},
      {"bf16_weights",
       [](ModelConfig& c) {
         c.precision = Precision::int8, c.bf16_weights = {"text.proj.weight", "text.proj.weight"};
       }},
      {"bf16_weights",
       [](ModelConfig& c) {
         c.precision = Precision::int8, c.bf16_weights = {"visual.proj.weight", "text.proj.weight"};
       }},
      {"bf16_weights",
       [](ModelConfig& c) { c.precision = Precision::int8, c.bf16_weights = {"text.ln_final.weight"}; }},
      {"vision: image_height is 0", [](ModelConfig& c) { c.vision->image_height = 0; }},
      {"vision: image_width is 0", [](ModelConfig& c) { c.vision->image_width = 0; }},
      {"vision: image_height is 8193", [](ModelConfig& c) { c.vision->image_height = 8193; }},
      {"vision: image_width is 4294967295", [](ModelConfig& c) { c.vision->image_width = UINT32_MAX; }},
      {"vision: patch_size is 0", [](ModelConfig& c) { c.vision->patch_size = 0; }},
      {"vision: patch_size is 33", [](ModelConfig& c) { c.vision->patch_size = 33; }},
      {"vision: patch_size is 513",
       [](ModelConfig& c) {
         c.vision->image_height = c.vision->image_width = 8192, c.vision->patch_size = 513;
       }},
      {"tokens",
       [](ModelConfig& c) {
         c.vision->image_height = c.vision->image_width = 8192, c.vision->patch_size = 8;
       }},
      {"vision transformer: width is 0", [](ModelConfig& c) { c.vision->transformer.width = 0; }},
      {"vision transformer: width is 1048577",
       [](ModelConfig& c) { c.vision->transformer.width = (1U << 20U) + 1; }},
      {"vision transformer: layers is 0", [](ModelConfig& c) { c.vision->transformer.layers = 0; }},
      {"vision transformer: layers is 1025", [](ModelConfig& c) { c.vision->transformer.layers = 1025; }},
      {"vision transformer: heads is 0", [](ModelConfig& c) { c.vision->transformer.heads = 0; }},
      {"vision transformer: heads: 5 does not divide",
       [](ModelConfig& c) { c.vision->transformer.heads = 5; }},
      {"vision transformer: heads is 72", [](ModelConfig& c) { c.vision->transformer.heads = 72; }},
      {"vision transformer: mlp_width is 0", [](ModelConfig& c) { c.vision->transformer.mlp_width = 0; }},
      {"vision transformer: mlp_width is 2305",
       [](ModelConfig& c) { c.vision->transformer.mlp_width = 36 * 64 + 1; }},
      {"norm_eps", [](ModelConfig& c) { c.vision->transformer.norm_eps = 0; }},
      {"norm_eps", [](ModelConfig& c) { c.vision->transformer.norm_eps = -1e-5F; }},
      {"norm_eps", [](ModelConfig& c) { c.vision->transformer.norm_eps = 1; }},
      {"norm_eps", [=](ModelConfig& c) { c.vision->transformer.norm_eps = nan; }},
      {"vision: pooling", [](ModelConfig& c) { c.vision->pooling = Pooling::argmax_id; }},
      {"vision: pooling", [](ModelConfig& c) { c.vision->pooling = Pooling::last; }},
      {"class token", [](ModelConfig& c) { c.vision->class_token = false; }},
      {"vision: projection", [](ModelConfig& c) { c.vision->projection = false; }},
      {"attention_pool", [](ModelConfig& c) { c.vision->pooling = Pooling::attention; }},
      {"attention_pool",
       [](ModelConfig& c) { c.vision->attention_pool = AttentionPoolConfig{.heads = 3, .mlp_width = 8}; }},
      {"vision attention_pool: heads: 5 does not divide",
       [](ModelConfig& c) { with_attention_pool(c).heads = 5; }},
      {"vision attention_pool: heads is 0", [](ModelConfig& c) { with_attention_pool(c).heads = 0; }},
      {"vision attention_pool: width is 1048577",
       [](ModelConfig& c) { with_attention_pool(c).width = (1U << 20U) + 1; }},
      {"vision attention_pool: mlp_width is 4294967295",
       [](ModelConfig& c) { with_attention_pool(c).mlp_width = UINT32_MAX; }},
      {"norm_eps", [=](ModelConfig& c) { with_attention_pool(c).norm_eps = nan; }},
      {"norm_after_pool",
       [](ModelConfig& c) { c.vision->post_norm = false, c.vision->norm_after_pool = true; }},
      {"text: pooling", [](ModelConfig& c) { c.text->pooling = Pooling::attention; }},
      {"text: vocab_size is 0", [](ModelConfig& c) { c.text->vocab_size = 0; }},
      {"text: vocab_size is 1048577", [](ModelConfig& c) { c.text->vocab_size = (1U << 20U) + 1; }},
      {"text: context_length is 0", [](ModelConfig& c) { c.text->context_length = 0; }},
      {"text: context_length is 1", [](ModelConfig& c) { c.text->context_length = 1; }},
      {"text: context_length is 65537", [](ModelConfig& c) { c.text->context_length = 65537; }},
      {"text: eos_id is 70", [](ModelConfig& c) { c.text->eos_id = 70; }},
      {"text: eos_id is 4294967295", [](ModelConfig& c) { c.text->eos_id = UINT32_MAX; }},
      {"text: drop_padding", [](ModelConfig& c) { c.text->drop_padding = c.text->causal = true; }},
      {"text: projection_hidden is 1048577",
       [](ModelConfig& c) { c.text->projection_hidden = (1U << 20U) + 1; }},
      {"text: projection", [](ModelConfig& c) { c.text->projection = false; }},
      {"projection_bias",
       [](ModelConfig& c) {
         c.text->projection = false, c.text->projection_bias = true, c.text->transformer.width = 20;
       }},
      {"text transformer: heads: 5 does not divide", [](ModelConfig& c) { c.text->transformer.heads = 5; }},
      {"mean", [=](ModelConfig& c) { c.preprocess->mean[1] = inf; }},
      {"mean", [=](ModelConfig& c) { c.preprocess->mean[2] = nan; }},
      {"std", [](ModelConfig& c) { c.preprocess->std[0] = 0; }},
      {"std", [](ModelConfig& c) { c.preprocess->std[2] = -0.5F; }},
      {"std", [=](ModelConfig& c) { c.preprocess->std[1] = nan; }},
      {"bos_id is 70", [](ModelConfig& c) { c.tokenizer->bos_id = 70; }},
      {"tokenizer: eos_id is 70", [](ModelConfig& c) { c.tokenizer->eos_id = 70; }},
      {"pad_id is 4294967295", [](ModelConfig& c) { c.tokenizer->pad_id = UINT32_MAX; }},
  };
  for (const Case& c : all) {
    ModelConfig config = tiny_config();
    c.spoil(config);
    SCOPED_TRACE(c.said);
    expect_error(ErrorCode::damaged, [&] { validate(config, "m.sclip: config"); },
                 {"m.sclip: config", c.said});
  }
}

}  // namespace
}  // namespace simdclip
