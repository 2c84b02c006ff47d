// Folders and files as people have them, and everything that can be wrong with them: each is refused with a
// code and a message that names the file and the field, and no output appears.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "convert/builders.h"
#include "convert/plan.h"
#include "format/model_file.h"
#include "simdclip/convert.h"
#include "support/errors.h"
#include "support/fixtures.h"

namespace simdclip::tests {
namespace {

using nlohmann::json;

struct BadConfig {
  std::string name;
  std::string file;  // JSON of the fixture that is changed
  std::function<void(json&)> change;
  ErrorCode code;
  std::vector<std::string> parts;  // must stand in the message, the file's name too
};

void PrintTo(const BadConfig& bad, std::ostream* out) { *out << bad.name; }
std::string config_name(const testing::TestParamInfo<BadConfig>& info) {
  std::string out = info.param.name;
  for (char& c : out)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return out + "_" + std::to_string(info.index);
}

void expect_refused(FixtureSource& source, const BadConfig& bad) {
  const std::string path = source.file(bad.file);
  json config = json::parse(read_text(path));
  bad.change(config);
  write_text(path, config.dump());
  const TemporaryFolder out;
  const std::string message = expect_error(bad.code, [&] { convert(source.source(), out.file("x.sclip")); });
  for (const std::string& part : bad.parts)
    EXPECT_NE(message.find(part), std::string::npos) << "'" << part << "' is not in: " << message;
  EXPECT_EQ(out.entries(), 0U);
}

constexpr ErrorCode kDamaged = ErrorCode::damaged, kUnsupported = ErrorCode::unsupported,
                    kMissing = ErrorCode::missing_info, kShape = ErrorCode::shape_mismatch,
                    kNotFound = ErrorCode::not_found;

// --- open_clip_config.json ---

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
      c("CoCa", [](json& j) { j["model_cfg"]["multimodal_cfg"] = json::object(); }, kUnsupported, {"CoCa"}),
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
      vision("layers", json::array({3, 4, 6, 3}), kUnsupported, {"ModifiedResNet"}),
      vision("timm_model_name", "convnext_base", kUnsupported, {"convnext_base"}),
      vision("attentional_pool", true, kUnsupported, {"attentional_pool"}),
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
      text("hf_model_name", "roberta-base", kUnsupported, {"roberta-base"}),
      text("hf_tokenizer_name", "bert-base-uncased", ErrorCode::missing_info, {"bert-base-uncased"}),
      text("tokenizer_kwargs", json{{"clean", "whitespace"}}, kUnsupported, {"whitespace"}),
      text("tokenizer_kwargs", json{{"language", "deu_Latn"}}, kUnsupported, {"language"}),
      text("embed_cls", true, kUnsupported, {"embed_cls"}),
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

// --- transformers ---

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
      c("model_type siglip", "config.json", [](json& j) { j["model_type"] = "siglip"; }, kUnsupported,
        {"siglip"}),
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
      picture("image_processor_type", "SiglipImageProcessor", kUnsupported, {"SiglipImageProcessor"}),
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

// --- files that are missing or of the wrong kind ---

void refuse(const std::string& source, ErrorCode code, std::initializer_list<const char*> parts,
            const ConvertOptions& options = {}) {
  const TemporaryFolder out;
  expect_error(
      code, [&] { convert(source, out.file("x.sclip"), options); }, parts);
  EXPECT_EQ(out.entries(), 0U);
}

TEST(Layout, MissingFilesAreNamed) {
  const auto without = [](const char* fixture, const char* file, ErrorCode code,
                          std::initializer_list<const char*> parts) {
    FixtureSource source(fixture);
    ASSERT_TRUE(std::filesystem::remove(source.file(file))) << file;
    refuse(source.source(), code, parts);
  };
  without("open_clip_folder", "open_clip_config.json", kMissing, {"--arch"});
  without("open_clip_folder", "open_clip_model.safetensors", kNotFound, {"no checkpoint"});
  without("open_clip_bin", "vocab.json", kMissing, {"vocab.json"});
  without("open_clip_bin", "merges.txt", kMissing, {"merges.txt"});
  without("transformers_folder", "config.json", kMissing, {"config.json"});
  without("transformers_folder", "model.safetensors", kNotFound, {"no checkpoint"});
  without("transformers_folder", "tokenizer.json", kMissing, {"tokenizer.json"});
  without("transformers_folder", "processor_config.json", kMissing, {"preprocessor_config.json"});
  without("transformers_sharded", "preprocessor_config.json", kMissing, {"preprocessor_config.json"});
  without("transformers_sharded", "model-00002-of-00004.safetensors", kNotFound,
          {"model-00002-of-00004.safetensors", "index.json"});
}

TEST(Layout, ThereIsNothingToConvert) {
  const TemporaryFolder folder;
  refuse("", ErrorCode::invalid_argument, {"empty"});
  refuse(folder.file("nothing"), kNotFound, {"nothing"});
  refuse(folder.path().string(), kNotFound, {"no checkpoint"});
  write_text(folder.file("a.bin"), "x");
  write_text(folder.file("b.bin"), "x");
  refuse(folder.path().string(), kMissing, {"a.bin", "b.bin", "--arch"});
  FixtureSource good("openai_jit");
  expect_error(ErrorCode::invalid_argument, [&] { convert(good.source(), ""); }, {"output"});
}

TEST(Layout, BadJsonIsNamed) {
  for (const auto& [fixture, file] : std::vector<std::pair<const char*, const char*>>{
           {"open_clip_folder", "open_clip_config.json"},
           {"transformers_folder", "config.json"},
           {"transformers_folder", "processor_config.json"},
           {"transformers_folder", "tokenizer.json"},
           {"transformers_folder", "tokenizer_config.json"},
           {"transformers_sharded", "vocab.json"},
           {"transformers_sharded", "preprocessor_config.json"}}) {
    for (const std::string& bad :
         {std::string(), std::string("{"), std::string("[]"), std::string("{\"a\":1,\"a\":2}"),
          std::string("{\"\xff\":1}"), std::string(200, '['), std::string("{} {}")}) {
      if (bad.empty() && std::string(file) == "tokenizer_config.json")
        continue;  // an empty one says as much as none
      FixtureSource source(fixture);
      write_text(source.file(file), bad);
      refuse(source.source(), kDamaged, {file});
    }
  }
}

TEST(Layout, OutputsThatCannotBeWrittenAreNamed) {
  const FixtureSource source("transformers_vision");
  const TemporaryFolder out;
  expect_error(ErrorCode::io, [&] { convert(source.source(), out.file("no/such/folder/x.sclip")); },
               {"no/such/folder"});
  std::filesystem::create_directory(out.file("folder.sclip"));
  expect_error(ErrorCode::io, [&] { convert(source.source(), out.file("folder.sclip")); }, {"folder.sclip"});
  EXPECT_EQ(out.entries(), 1U);
}

TEST(Layout, AnOldOutputSurvivesAFailure) {
  const FixtureSource source("transformers_vision");
  const TemporaryFolder out;
  const std::string path = out.file("x.sclip");
  write_text(path, "the old one");
  ConvertOptions options;
  options.progress = [](uint64_t, uint64_t, std::string_view name) {
    if (name.find("blocks.1") != name.npos) throw std::runtime_error("stopped by the user");
  };
  EXPECT_THROW(convert(source.source(), path, options), std::runtime_error);
  EXPECT_EQ(read_text(path), "the old one");
  EXPECT_EQ(out.entries(), 1U);
}

// --- tensors: one renamed, missing, extra, reshaped, of another type ---

struct Header {
  std::string path;
  json header;
  std::string data;
  explicit Header(std::string file) : path(std::move(file)) {
    const std::string bytes = read_text(path);
    uint64_t size = 0;
    std::memcpy(&size, bytes.data(), 8);
    header = json::parse(bytes.substr(8, size));
    data = bytes.substr(8 + size);
  }
  void write() const { write_text(path, safetensors(header.dump(), data)); }
};

void refuse_tensors(const char* fixture, const char* file,
                    const std::function<void(json&, std::string&)>& change, ErrorCode code,
                    std::initializer_list<const char*> parts) {
  FixtureSource source(fixture);
  Header h(source.file(file));
  change(h.header, h.data);
  h.write();
  refuse(source.source(), code, parts);
}

TEST(Tensors, EachWrongOneIsNamed) {
  const char* clip = "open_clip_folder";
  const char* file = "open_clip_model.safetensors";
  const auto rename = [](const char* from, const char* to) {
    return [=](json& h, std::string&) { h[to] = h[from], h.erase(from); };
  };
  refuse_tensors(clip, file, rename("visual.ln_post.weight", "visual.ln_pots.weight"), kNotFound,
                 {file, "'visual.ln_post.weight'", "'visual.ln_pots.weight'"});
  refuse_tensors(clip, file, rename("ln_final.bias", "ln_final.offset"), kNotFound, {"'ln_final.bias'"});
  refuse_tensors(clip, file,
                 rename("visual.transformer.resblocks.1.attn.in_proj_bias",
                        "visual.transformer.resblocks.2.attn.in_proj_bias"),
                 kNotFound, {"resblocks.1.attn.in_proj_bias"});
  refuse_tensors(clip, file,
                 [](json& h, std::string&) {
                   h["visual.proj"]["shape"] = {20, 48};
                 },
                 kShape, {"'visual.proj'", "[20, 48]", "[48, 20]"});
  refuse_tensors(clip, file,
                 [](json& h, std::string&) {
                   h["visual.conv1.weight"]["shape"] = {48, 192};
                 },
                 kShape, {"'visual.conv1.weight'", "[48, 192]"});
  refuse_tensors(clip, file, [](json& h, std::string&) { h["visual.ln_pre.bias"]["dtype"] = "I16"; }, kShape,
                 {"'visual.ln_pre.bias'", "i16"});
  refuse_tensors(
      clip, file,
      [](json& h, std::string& d) {
        h["extra.weight"] = {{"dtype", "U8"}, {"shape", {1}}, {"data_offsets", {d.size(), d.size() + 1}}},
        d += 'x';
      },
      kUnsupported, {"'extra.weight'", "no place"});
  refuse_tensors(clip, file,
                 [](json& h, std::string&) {
                   h["logit_scale"]["shape"] = {1, 1, 1}, h["logit_scale"]["dtype"] = "BF16";
                   h["text_projection"]["shape"] = {32};
                   h["text_projection"]["x"] = 1;
                 },
                 kDamaged, {"text_projection"});
  const char* t = "transformers_vision";
  refuse_tensors(t, "model.safetensors",
                 rename("vision_model.pre_layrnorm.weight", "vision_model.pre_layernorm.weight"), kNotFound,
                 {"'vision_model.pre_layrnorm.weight'"});
  refuse_tensors(t, "model.safetensors",
                 rename("vision_model.encoder.layers.0.self_attn.k_proj.bias",
                        "vision_model.encoder.layers.0.self_attn.kk.bias"),
                 kNotFound, {"k_proj.bias"});
  refuse_tensors(t, "model.safetensors",
                 [](json& h, std::string&) {
                   h["vision_model.encoder.layers.1.self_attn.q_proj.weight"]["shape"] = {24, 96};
                 },
                 kShape, {"q_proj.weight", "[24, 96]"});
}

// --- one file ---

TEST(OneFile, AsksForItsArchitecture) {
  FixtureSource source("training_checkpoint");
  refuse(source.file("open_clip_pytorch_model.pt"), kMissing, {"--arch", "open_clip_pytorch_model.pt"});
  FixtureSource transformers("transformers_folder");
  refuse(transformers.file("model.safetensors"), kMissing, {"give the folder", "config.json"});
  const TemporaryFolder folder;
  write_text(folder.file("other.safetensors"),
             safetensors(R"({"conv.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", floats({1})));
  refuse(folder.file("other.safetensors"), kUnsupported, {"no CLIP", "conv.weight"});
}

TEST(OneFile, SaysWhichArchitecturesFit) {
  // The tensors of ViT-S-32, without their bytes: a sparse file.
  ConvertOptions options;
  options.arch = "ViT-S-32";
  EXPECT_THAT(convertible_archs(), testing::Contains("ViT-S-32"));
  FixtureSource source("training_checkpoint");
  refuse(source.file("open_clip_pytorch_model.pt"), kShape, {"ViT-S-32", "[48, 3, 8, 8]", "[384, 3, 32, 32]"},
         options);
  options.arch = "ViT-S";
  refuse(source.file("open_clip_pytorch_model.pt"), ErrorCode::invalid_argument, {"ViT-S", "ViT-S-32"},
         options);
  options.arch = "RN50";
  refuse(source.file("open_clip_pytorch_model.pt"), kUnsupported, {"RN50", "ModifiedResNet"}, options);
  options.arch = "coca_ViT-B-32";
  refuse(source.file("open_clip_pytorch_model.pt"), kUnsupported, {"CoCa"}, options);
  options.arch = "ViT-B-32";
  refuse(source.source(), ErrorCode::invalid_argument, {"leave --arch away"}, options);
}

TEST(OneFile, EveryPlainArchitectureIsInTheTable) {
  const auto archs = convertible_archs();
  EXPECT_GE(archs.size(), 45U);
  for (const char* name :
       {"ViT-S-32", "ViT-S-16-alt", "ViT-M-16-alt", "ViT-B-32", "ViT-B-32-quickgelu", "ViT-B-32-256",
        "ViT-B-16-plus-240", "ViT-L-14-336", "ViT-L-14-280", "ViT-L-16-320", "ViT-H-14",
        "ViT-H-14-378-quickgelu", "ViT-g-14", "ViT-bigG-14", "ViT-e-14"})
    EXPECT_THAT(archs, testing::Contains(name));
}

// --- options ---

TEST(Options, MeanAndStdReplaceTheFiles) {
  const FixtureSource source("transformers_vision");
  const TemporaryFolder out;
  ConvertOptions options;
  options.image_mean = {0.1F, 0.2F, 0.3F};
  options.image_std = {0.4F, 0.5F, 0.6F};
  convert(source.source(), out.file("x.sclip"), options);
  const auto config = ModelFile::open(out.file("x.sclip")).config();
  EXPECT_EQ(config.preprocess->mean, (std::array<float, 3>{0.1F, 0.2F, 0.3F}));
  EXPECT_EQ(config.preprocess->std, (std::array<float, 3>{0.4F, 0.5F, 0.6F}));
  options.image_mean = {1, 2};
  refuse(source.source(), ErrorCode::invalid_argument, {"--image-mean", "three"}, options);
  options.image_mean = {1, 2, NAN};
  refuse(source.source(), ErrorCode::invalid_argument, {"--image-mean", "finite"}, options);
  options.image_mean = {0, 0, 0};
  options.image_std = {1, 0, 1};
  refuse(source.source(), kDamaged, {"std"}, options);
}

TEST(Options, AnswerWhatTheFilesDoNotSay) {
  FixtureSource source("open_clip_folder");
  json config = json::parse(read_text(source.file("open_clip_config.json")));
  config.erase("preprocess_cfg");
  write_text(source.file("open_clip_config.json"), config.dump());
  const TemporaryFolder out;
  ConvertOptions options;
  options.image_mean = {0.1F, 0.2F, 0.3F};
  options.image_std = {0.4F, 0.5F, 0.6F};
  convert(source.source(), out.file("x.sclip"), options);
  EXPECT_EQ(ModelFile::open(out.file("x.sclip")).config().preprocess->mean[2], 0.3F);
}

TEST(Options, OpenAiFilesSayWhatTheyAre) {
  const FixtureSource source("openai_jit");
  const TemporaryFolder out;
  std::string notes;
  ConvertOptions options;
  options.note = [&](std::string_view note) { notes += note; };
  convert(source.source(), out.file("x.sclip"), options);
  EXPECT_NE(notes.find("QuickGELU"), std::string::npos);
  const auto config = ModelFile::open(out.file("x.sclip")).config();
  EXPECT_EQ(config.vision->image_height, 28U);
  EXPECT_EQ(config.vision->patch_size, 7U);
  EXPECT_EQ(config.name, "tiny");
}

}  // namespace
}  // namespace simdclip::tests
