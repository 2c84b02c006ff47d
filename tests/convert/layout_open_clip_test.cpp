// open_clip folders: everything that can be wrong with open_clip_config.json.
#include "convert/layouts.h"

namespace simdclip::tests {
namespace {

std::vector<BadConfig> open_clip_configs() {
  const auto c = [](const char* name, std::function<void(json&)> change, ErrorCode code,
                    std::vector<std::string> parts) {
    return BadConfig{name, "open_clip_config.json", std::move(change), code, std::move(parts)};
  };
  const auto vision = [&](const char* key, const json& value, ErrorCode code,
                          std::vector<std::string> parts) {
    return c((std::string("vision ") + key + " " + value.dump()).c_str(),
             [=](json& j) { j["model_cfg"]["vision_cfg"][key] = value; }, code, std::move(parts));
  };
  const auto text = [&](const char* key, const json& value, ErrorCode code, std::vector<std::string> parts) {
    return c((std::string("text ") + key + " " + value.dump()).c_str(),
             [=](json& j) { j["model_cfg"]["text_cfg"][key] = value; }, code, std::move(parts));
  };
  const auto picture = [&](const char* key, const json& value, ErrorCode code,
                           std::vector<std::string> parts) {
    return c((std::string("picture ") + key + " " + value.dump()).c_str(),
             [=](json& j) { j["preprocess_cfg"][key] = value; }, code, std::move(parts));
  };
  const auto without = [&](const char* section, const char* key, ErrorCode code,
                           std::vector<std::string> parts) {
    return c((std::string("without ") + section + " " + key).c_str(),
             [=](json& j) {
               (std::string(section) == "model_cfg"        ? j["model_cfg"]
                : std::string(section) == "preprocess_cfg" ? j["preprocess_cfg"]
                                                           : j["model_cfg"][section])
                   .erase(key);
             },
             code, std::move(parts));
  };
  const auto resnet = [](const json& vision_cfg) {
    return [=](json& j) { j["model_cfg"]["vision_cfg"] = vision_cfg; };
  };
  return {
      c("no model_cfg", [](json& j) { j.erase("model_cfg"); }, kMissing,
        {"open_clip_config.json", "model_cfg"}),
      c("model_cfg is a list", [](json& j) { j["model_cfg"] = json::array(); }, kDamaged,
        {"model_cfg", "object"}),
      c("no preprocess_cfg", [](json& j) { j.erase("preprocess_cfg"); }, kMissing,
        {"preprocess_cfg", "--image-mean"}),
      without("model_cfg", "embed_dim", kMissing, {"model_cfg", "embed_dim"}),
      without("model_cfg", "vision_cfg", kMissing, {"vision_cfg"}),
      without("model_cfg", "text_cfg", kMissing, {"text_cfg"}),
      without("vision_cfg", "width", kMissing, {"vision_cfg", "width"}),
      without("vision_cfg", "layers", kMissing, {"vision_cfg", "layers"}),
      without("vision_cfg", "patch_size", kMissing, {"patch_size"}),
      without("text_cfg", "heads", kMissing, {"text_cfg", "heads"}),
      without("preprocess_cfg", "mean", kMissing, {"mean", "--image-mean"}),
      without("preprocess_cfg", "std", kMissing, {"std", "--image-std"}),
      c("unknown field", [](json& j) { j["model_cfg"]["new_thing"] = 1; }, kUnsupported, {"new_thing"}),
      c("embed_dim is text", [](json& j) { j["model_cfg"]["embed_dim"] = "20"; }, kDamaged,
        {"embed_dim", "\"20\""}),
      c("embed_dim is negative", [](json& j) { j["model_cfg"]["embed_dim"] = -1; }, kDamaged,
        {"embed_dim", "-1"}),
      c("embed_dim is zero", [](json& j) { j["model_cfg"]["embed_dim"] = 0; }, kDamaged, {"embed_dim"}),
      c("embed_dim is huge", [](json& j) { j["model_cfg"]["embed_dim"] = 4'000'000'000LL; }, kDamaged,
        {"embed_dim"}),
      c("embed_dim is a fraction", [](json& j) { j["model_cfg"]["embed_dim"] = 20.5; }, kDamaged,
        {"embed_dim"}),
      c("embed_dim of another model", [](json& j) { j["model_cfg"]["embed_dim"] = 21; }, kShape,
        {"open_clip_model.safetensors", "visual.proj", "[48, 20]", "[48, 21]"}),
      c("quick_gelu is text", [](json& j) { j["model_cfg"]["quick_gelu"] = "yes"; }, kDamaged,
        {"quick_gelu"}),
      c("a ResNet of other fields",
        [](json& j) {
          j["model_cfg"]["vision_cfg"]["layers"] = json::array({3, 4, 6, 3});
        },
        kUnsupported, {"vision_cfg", "mlp_ratio"}),
      c("a ResNet of ViT's tensors", resnet({{"layers", {3, 4, 6, 3}}}), kShape,
        {"visual.conv1.weight", "[48, 3, 8, 8]", "[32, 3, 3, 3]"}),
      c("a ResNet of three stages", resnet({{"layers", {3, 4, 6}}}), kDamaged, {"layers", "four stages"}),
      c("a ResNet of an empty stage", resnet({{"layers", {3, 0, 6, 3}}}), kDamaged, {"layers", "0"}),
      c("a ResNet of half a block", resnet({{"layers", {3, 1.5, 6, 3}}}), kDamaged, {"layers", "1.5"}),
      c("a ResNet of names", resnet({{"layers", {"3", "4", "6", "3"}}}), kDamaged, {"layers"}),
      c("a ResNet's heads", resnet({{"layers", {3, 4, 6, 3}}, {"head_width", 100}}), kDamaged,
        {"heads of 100"}),
      c("a ResNet's odd width", resnet({{"layers", {3, 4, 6, 3}}, {"width", 33}, {"head_width", 32}}),
        kDamaged, {"width", "even"}),
      c("a ResNet of a side that no grid fits", resnet({{"layers", {3, 4, 6, 3}}, {"image_size", 223}}),
        kDamaged, {"image_height", "31"}),
      vision("timm_model_name", "convnext_base", kUnsupported, {"convnext_base"}),
      vision("timm_model_name", "vit_of_nobody", kUnsupported, {"vit_of_nobody"}),
      vision("attentional_pool", "parallel", kUnsupported, {"attentional_pool", "parallel"}),
      vision("layers", 3, kNotFound, {"visual.transformer.resblocks.2.", "missing"}),
      vision("layers", 1, kUnsupported, {"visual.transformer.resblocks.1.", "no place"}),
      vision("layers", 2'000'000'000, kDamaged, {"layers"}),
      vision("width", 64, kShape, {"visual.conv1.weight", "[64, 3, 8, 8]"}),
      vision("width", 0, kDamaged, {"width"}),
      vision("head_width", 100, kDamaged, {"heads of 100"}),
      vision("patch_size", 16, kShape, {"[48, 3, 16, 16]"}),
      vision("patch_size", 1000, kDamaged, {"patch_size"}),
      vision("image_size", 40, kShape, {"positional_embedding", "[26, 48]"}),
      vision("image_size", json::array({32}), kDamaged, {"image_size"}),
      vision("image_size", "32", kDamaged, {"image_size"}),
      vision("mlp_ratio", 4.0, kShape, {"mlp.c_fc", "192"}),
      vision("mlp_ratio", -1, kDamaged, {"mlp_ratio"}),
      vision("mlp_ratio", "x", kDamaged, {"mlp_ratio"}),
      vision("ls_init_value", 0.1, kNotFound, {"ls_1.gamma"}),
      vision("no_ln_pre", true, kUnsupported, {"visual.ln_pre"}),
      vision("pool_type", "none", kUnsupported, {"pool_type", "none"}),
      vision("pos_embed_type", "rope", kUnsupported, {"pos_embed_type"}),
      vision("block_type", "custom", kUnsupported, {"block_type"}),
      vision("qk_norm", true, kUnsupported, {"qk_norm"}),
      vision("act_kwargs", json{{"negative_slope", 1}}, kUnsupported, {"negative_slope"}),
      vision("act_kwargs", json{{"approximate", "sigmoid"}}, kUnsupported, {"sigmoid"}),
      vision("norm_kwargs", json{{"eps", -1}}, kDamaged, {"eps"}),
      vision("norm_kwargs", json{{"elementwise_affine", false}}, kUnsupported, {"elementwise_affine"}),
      text("hf_model_name", "google/flan-t5-base", kUnsupported, {"google/flan-t5-base"}),
      text("correct_cls_mask", true, kUnsupported, {"correct_cls_mask"}),
      text("hf_tokenizer_name", "bert-base-uncased", kMissing, {"bert-base-uncased"}),
      text("tokenizer_kwargs", json{{"clean", "whitespace"}}, kUnsupported, {"whitespace"}),
      text("tokenizer_kwargs", json{{"language", "deu_Latn"}}, kUnsupported, {"language"}),
      text("embed_cls", "yes", kDamaged, {"embed_cls"}),
      text("pool_type", "first", kUnsupported, {"pool_type"}),
      text("proj_type", "mlp", kUnsupported, {"proj_type"}),
      text("proj_type", "none", kDamaged, {"32", "20"}),
      text("proj_bias", true, kNotFound, {"text_projection"}),
      text("heads", 5, kDamaged, {"heads 5", "32"}),
      text("vocab_size", 49407, kMissing, {"49407", "vocab.json"}),
      text("context_length", 76, kShape, {"positional_embedding", "[76, 32]"}),
      text("layers", 4, kNotFound, {"transformer.resblocks.2."}),
      picture("mode", "L", kUnsupported, {"mode"}),
      picture("interpolation", "lanczos", kUnsupported, {"lanczos"}),
      picture("resize_mode", "longest", kUnsupported, {"longest"}),
      picture("resize_mode", 1, kDamaged, {"resize_mode"}),
      picture("mean", json::array({0.5, 0.5}), kDamaged, {"mean", "3 numbers"}),
      picture("mean", json::array({0.5, "x", 0.5}), kDamaged, {"mean"}),
      picture("std", json::array({0.5, 0, 0.5}), kDamaged, {"std"}),
      picture("crop_pct", 0.9, kUnsupported, {"crop_pct"}),
  };
}

class BadOpenClip : public testing::TestWithParam<BadConfig> {};
INSTANTIATE_TEST_SUITE_P(Configs, BadOpenClip, testing::ValuesIn(open_clip_configs()), config_name);
TEST_P(BadOpenClip, IsRefusedByFileAndField) {
  FixtureSource source("open_clip_folder");
  expect_refused(source, GetParam());
}

}  // namespace
}  // namespace simdclip::tests
