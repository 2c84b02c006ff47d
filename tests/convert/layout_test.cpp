// Folders and files as people have them, and what can be wrong with them beside their configurations: files
// that are missing, damaged or of the wrong kind, tensors that do not fit, options.
#include <cmath>
#include <cstring>
#include <filesystem>

#include "convert/layouts.h"
#include "format/model_file.h"

namespace simdclip::tests {
namespace {

// --- files that are missing or of the wrong kind ---

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
  refuse(source.file("open_clip_pytorch_model.pt"), kShape, {"RN50", "[48, 3, 8, 8]", "[32, 3, 3, 3]"},
         options);
  options.arch = "coca_ViT-B-32";
  refuse(source.file("open_clip_pytorch_model.pt"), kShape, {"coca_ViT-B-32"}, options);
  options.arch = "ViT-B-32";
  refuse(source.source(), ErrorCode::invalid_argument, {"leave --arch away"}, options);
}

TEST(OneFile, EveryPlainArchitectureIsInTheTable) {
  const auto archs = convertible_archs();
  EXPECT_GE(archs.size(), 97U);
  for (const char* name : {"ViT-S-32",
                           "ViT-S-16-alt",
                           "ViT-M-16-alt",
                           "ViT-B-32",
                           "ViT-B-32-quickgelu",
                           "ViT-B-32-256",
                           "ViT-B-16-plus-240",
                           "ViT-L-14-336",
                           "ViT-L-14-280",
                           "ViT-L-16-320",
                           "ViT-H-14",
                           "ViT-H-14-378-quickgelu",
                           "ViT-g-14",
                           "ViT-bigG-14",
                           "ViT-e-14",
                           "ViT-B-16-SigLIP2",
                           "ViT-SO400M-14-SigLIP-384",
                           "ViT-gopt-16-SigLIP2-384",
                           "ViT-L-14-CLIPA",
                           "ViT-H-14-worldwide",
                           "coca_ViT-L-14",
                           "xlm-roberta-large-ViT-H-14",
                           "nllb-clip-large-siglip",
                           "EVA01-g-14",
                           "EVA02-E-14-plus",
                           "PE-Core-bigG-14-448",
                           "MobileCLIP2-B",
                           "MobileCLIP2-L-14"})
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

TEST(Options, TransformersFoldersSayWhoseResizeIsFollowed) {
  const FixtureSource source("transformers_folder");
  const TemporaryFolder out;
  std::string notes;
  ConvertOptions options;
  options.note = [&](std::string_view note) { notes += note; };
  convert(source.source(), out.file("x.sclip"), options);
  EXPECT_NE(notes.find("backend=\"pil\""), std::string::npos) << notes;
}

}  // namespace
}  // namespace simdclip::tests
