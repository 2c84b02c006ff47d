// transformers folders: everything that can be wrong with config.json, the tokenizer's and the preprocessor's
// files.
#include "convert/layouts.h"

namespace simdclip::tests {
namespace {

std::vector<BadConfig> transformers_configs() {
  const auto c = [](const char* name, const char* file, std::function<void(json&)> change, ErrorCode code,
                    std::vector<std::string> parts) {
    parts.emplace_back(file);
    return BadConfig{name, file, std::move(change), code, std::move(parts)};
  };
  const auto vision = [&](const char* key, const json& value, ErrorCode code,
                          std::vector<std::string> parts) {
    return BadConfig{std::string("vision ") + key + " " + value.dump(), "config.json",
                     [=](json& j) { j["vision_config"][key] = value; }, code, std::move(parts)};
  };
  const auto text = [&](const char* key, const json& value, ErrorCode code, std::vector<std::string> parts) {
    return BadConfig{std::string("text ") + key + " " + value.dump(), "config.json",
                     [=](json& j) { j["text_config"][key] = value; }, code, std::move(parts)};
  };
  const auto picture = [&](const char* key, const json& value, ErrorCode code,
                           std::vector<std::string> parts) {
    return BadConfig{std::string("picture ") + key + " " + value.dump(), "processor_config.json",
                     [=](json& j) { j["image_processor"][key] = value; }, code, std::move(parts)};
  };
  const char* processor = "processor_config.json";
  const char* tokenizer = "tokenizer.json";
  return {
      c("no model_type", "config.json", [](json& j) { j.erase("model_type"); }, kMissing, {"model_type"}),
      BadConfig{"model_type siglip",
                "config.json",
                [](json& j) { j["model_type"] = "siglip"; },
                kNotFound,
                {"model.safetensors", "logit_bias"}},
      BadConfig{"model_type siglip2",
                "config.json",
                [](json& j) { j["model_type"] = "siglip2"; },
                kNotFound,
                {"model.safetensors", "logit_bias"}},
      BadConfig{
          "model_type jina_clip",
          "config.json",
          [](json& j) {
            j["model_type"] = "jina_clip";
            j["auto_map"] = {{"AutoModel", "jinaai/jina-clip-implementation--modeling_clip.JinaCLIPModel"}};
          },
          kUnsupported,
          {"model_type 'jina_clip'", "auto_map", "trust_remote_code"}},
      c("model_type is a number", "config.json", [](json& j) { j["model_type"] = 1; }, kDamaged,
        {"model_type"}),
      c("no vision_config", "config.json", [](json& j) { j.erase("vision_config"); }, kMissing,
        {"vision_config"}),
      c("no text_config", "config.json", [](json& j) { j.erase("text_config"); }, kMissing, {"text_config"}),
      c("text_config is text", "config.json", [](json& j) { j["text_config"] = "x"; }, kDamaged,
        {"text_config"}),
      vision("hidden_act", "relu", kUnsupported, {"config.json", "vision_config", "relu"}),
      vision("hidden_size", 52, kDamaged, {"num_attention_heads", "52"}),
      vision("hidden_size", 96, kShape, {"vision_model.embeddings", "96"}),
      vision("num_channels", 1, kUnsupported, {"num_channels"}),
      vision("image_size", 64, kShape, {"64"}),
      vision("image_size", "32", kDamaged, {"image_size"}),
      vision("patch_size", 0, kDamaged, {"patch_size"}),
      vision("num_hidden_layers", 3, kNotFound, {"vision_model.encoder.layers.2."}),
      vision("num_hidden_layers", 1, kUnsupported, {"vision_model.encoder.layers.1.", "no place"}),
      vision("intermediate_size", 101, kShape, {"mlp.fc1"}),
      vision("layer_norm_eps", 2, kDamaged, {"layer_norm_eps"}),
      vision("layer_norm_eps", "1e-5", kDamaged, {"layer_norm_eps"}),
      text("hidden_act", "swish", kUnsupported, {"text_config", "swish"}),
      text("num_attention_heads", 7, kDamaged, {"num_attention_heads"}),
      text("vocab_size", 300, kDamaged, {"eos_token_id"}),
      text("vocab_size", 599, kDamaged, {"eos_token_id"}),
      text("vocab_size", 601, kShape, {"token_embedding"}),
      text("eos_token_id", 100'000, kDamaged, {"eos_token_id"}),
      text("eos_token_id", json::array({1, 2}), kDamaged, {"eos_token_id"}),
      text("max_position_embeddings", 21, kShape, {"position_embedding"}),
      BadConfig{"projection_dim",
                "config.json",
                [](json& j) { j["projection_dim"] = 24; },
                kShape,
                {"model.safetensors", "visual_projection.weight", "[24, 48]"}},
      picture("do_resize", false, kUnsupported, {processor, "do_resize"}),
      picture("do_rescale", false, kUnsupported, {"do_rescale"}),
      picture("rescale_factor", 0.5, kUnsupported, {"rescale_factor"}),
      picture("do_center_crop", false, kUnsupported, {"do_center_crop"}),
      picture("resample", 1, kUnsupported, {"resample"}),
      picture("resample", "bicubic", kDamaged, {"resample"}),
      picture("size", json{{"shortest_edge", 40}}, kUnsupported, {"40", "32"}),
      picture("size", json{{"longest_edge", 40}}, kUnsupported, {"longest_edge"}),
      picture("size", json{{"height", 32}}, kMissing, {"width"}),
      picture("size", "32", kDamaged, {"size"}),
      picture("crop_size", json{{"height", 24}, {"width", 24}}, kUnsupported, {"24"}),
      picture("image_mean", nullptr, kMissing, {"image_mean", "--image-mean"}),
      picture("image_std", nullptr, kMissing, {"image_std", "--image-std"}),
      picture("image_mean", json::array({1}), kDamaged, {"image_mean"}),
      picture("image_processor_type", "ViTImageProcessor", kUnsupported, {"ViTImageProcessor"}),
      c("no image_processor", processor, [](json& j) { j.erase("image_processor"); }, kMissing,
        {"image_processor"}),
      c("tokenizer of words", tokenizer, [](json& j) { j["model"]["type"] = "WordPiece"; }, kUnsupported, {}),
      c("other normalizer", tokenizer,
        [](json& j) { j["normalizer"]["normalizers"][2]["type"] = "BertNormalizer"; }, kUnsupported,
        {"normalizer"}),
      c("no normalizer", tokenizer, [](json& j) { j["normalizer"] = nullptr; }, kUnsupported, {"normalizer"}),
      c("other pre_tokenizer", tokenizer,
        [](json& j) { j["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "\\w+"; }, kUnsupported,
        {"pre_tokenizer"}),
      c("no pre_tokenizer", tokenizer, [](json& j) { j["pre_tokenizer"] = nullptr; }, kUnsupported,
        {"pre_tokenizer"}),
      c("other post_processor", tokenizer, [](json& j) { j["post_processor"]["type"] = "BertProcessing"; },
        kUnsupported, {"post_processor"}),
      c("dropout", tokenizer, [](json& j) { j["model"]["dropout"] = 0.1; }, kUnsupported, {"model"}),
      c("byte fallback", tokenizer, [](json& j) { j["model"]["byte_fallback"] = true; }, kUnsupported,
        {"model"}),
      c("no model", tokenizer, [](json& j) { j.erase("model"); }, kMissing, {"model"}),
      c("no vocab", tokenizer, [](json& j) { j["model"].erase("vocab"); }, kMissing, {"vocab"}),
      c("merges is text", tokenizer, [](json& j) { j["model"]["merges"] = "a b"; }, kDamaged, {"merges"}),
      c("an id is text", tokenizer, [](json& j) { j["model"]["vocab"]["!"] = "0"; }, kDamaged, {"'!'"}),
      c("an id beyond the embedding", tokenizer, [](json& j) { j["model"]["vocab"]["!"] = 600; }, kShape,
        {"600"}),
      c("tokenizer class", "tokenizer_config.json", [](json& j) { j["tokenizer_class"] = "BertTokenizer"; },
        kUnsupported, {"BertTokenizer"}),
      c("upper case kept", "tokenizer_config.json", [](json& j) { j["do_lower_case"] = false; }, kUnsupported,
        {"do_lower_case"}),
      c("pad token unknown", "tokenizer_config.json",
        [](json& j) {
          j["pad_token"] = "<pad>";
          j.erase("x");
        },
        kDamaged, {}),
  };
}

class BadTransformers : public testing::TestWithParam<BadConfig> {};
INSTANTIATE_TEST_SUITE_P(Configs, BadTransformers, testing::ValuesIn(transformers_configs()), config_name);
TEST_P(BadTransformers, IsRefusedByFileAndField) {
  FixtureSource source("transformers_folder");
  BadConfig bad = GetParam();
  std::erase(
      bad.parts,
      "tokenizer_config.json");  // its tokens are looked up in the vocabulary's file, which is named instead
  expect_refused(source, bad);
}

}  // namespace
}  // namespace simdclip::tests
