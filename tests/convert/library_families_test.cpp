// Checkpoints that are not open_clip's: transformers' classes, Stable Diffusion's single files, OpenAI's, and
// every fixture; each with a tensor missing, renamed, of another shape or type, or one too many.
#include "convert/names_only.h"
#include "support/fixtures.h"
#include "text/tokenizer.h"

namespace simdclip::tests {
namespace {

// --- transformers ---

struct LibraryClass {
  const char* name;
  const char* config;                  // config.json
  const char* processor;               // preprocessor_config.json
  std::vector<ForeignTensor> seed;     // which say how the other names begin
  const char* prefix = "text_model.";  // of a tower, for one tensor too many
};

void PrintTo(const LibraryClass& one, std::ostream* out) { *out << one.name; }

constexpr const char* kClipPictures =
    R"({"crop_size": {"height": 28, "width": 28}, "size": {"shortest_edge": 28}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]})";
constexpr const char* kSiglipPictures =
    R"({"image_processor_type": "SiglipImageProcessor", "size": {"height": 28, "width": 28}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]})";
constexpr const char* kNaflexPictures =
    R"({"image_processor_type": "Siglip2ImageProcessor", "patch_size": 7})";

// A tower's common fields.
#define SIMDCLIP_SMALL \
  R"("hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 2)"
#define SIMDCLIP_PICTURES R"(, "image_size": 28, "patch_size": 7)"
#define SIMDCLIP_WORDS R"(, "vocab_size": 300, "max_position_embeddings": 16, "eos_token_id": 2)"

ForeignTensor f32(const char* name, std::vector<uint64_t> shape) {
  return {name, ForeignType::f32, std::move(shape)};
}

std::vector<LibraryClass> library_classes() {
  const ForeignTensor vision = f32("vision_model.post_layernorm.bias", {64});
  const ForeignTensor text = f32("text_model.final_layer_norm.bias", {64});
  const ForeignTensor bert = f32("text_model.encoder.layer.0.output.dense.bias", {64});
  return {
      {"clip",
       R"({"model_type": "clip", "projection_dim": 32, "vision_config": {)" SIMDCLIP_SMALL SIMDCLIP_PICTURES
       R"(}, "text_config": {)" SIMDCLIP_SMALL SIMDCLIP_WORDS "}}",
       kClipPictures,
       {vision, text}},
      {"metaclip_2",
       R"({"model_type": "metaclip_2", "projection_dim": 32, "vision_config": {)" SIMDCLIP_SMALL
           SIMDCLIP_PICTURES R"(}, "text_config": {)" SIMDCLIP_SMALL SIMDCLIP_WORDS "}}",
       kClipPictures,
       {vision, text}},
      {"siglip",
       R"({"model_type": "siglip", "vision_config": {)" SIMDCLIP_SMALL SIMDCLIP_PICTURES
       R"(}, "text_config": {)" SIMDCLIP_SMALL SIMDCLIP_WORDS "}}",
       kSiglipPictures,
       {vision, text}},
      {"siglip2",
       R"({"model_type": "siglip2", "vision_config": {"num_patches": 16, "patch_size": 7, )" SIMDCLIP_SMALL
       R"(}, "text_config": {)" SIMDCLIP_SMALL SIMDCLIP_WORDS "}}",
       kNaflexPictures,
       {vision, text}},
      {"chinese_clip",
       R"({"model_type": "chinese_clip", "projection_dim": 32, "vision_config": {)" SIMDCLIP_SMALL
           SIMDCLIP_PICTURES R"(}, "text_config": {)" SIMDCLIP_SMALL SIMDCLIP_WORDS "}}",
       kClipPictures,
       {vision, bert}},
      {"altclip",
       R"({"model_type": "altclip", "projection_dim": 32, "vision_config": {)" SIMDCLIP_SMALL
           SIMDCLIP_PICTURES R"(}, "text_config": {"project_dim": 40)" SIMDCLIP_WORDS ", " SIMDCLIP_SMALL
       "}}",
       kClipPictures,
       {vision, f32("text_model.roberta.encoder.layer.0.output.dense.bias", {64})},
       "text_model.roberta."},
      {"clip_text_model",
       R"({"model_type": "clip_text_model", "architectures": ["CLIPTextModelWithProjection"], "projection_dim": 32, )" SIMDCLIP_SMALL
           SIMDCLIP_WORDS "}",
       "",
       {text}},
      {"clip_text_model_alone",
       R"({"model_type": "clip_text_model", "architectures": ["CLIPTextModel"], )" SIMDCLIP_SMALL
           SIMDCLIP_WORDS "}",
       "",
       {},
       ""},
      {"clip_vision_model",
       R"({"model_type": "clip_vision_model", "architectures": ["CLIPVisionModelWithProjection"], "projection_dim": 32, )" SIMDCLIP_SMALL
           SIMDCLIP_PICTURES "}",
       kClipPictures,
       {vision}},
      {"clip_vision_model_alone",
       R"({"model_type": "clip_vision_model", "architectures": ["CLIPVisionModel"], )" SIMDCLIP_SMALL
           SIMDCLIP_PICTURES "}",
       kClipPictures,
       {},
       ""},
      {"siglip_text_model",
       R"({"model_type": "siglip_text_model", )" SIMDCLIP_SMALL SIMDCLIP_WORDS "}",
       "",
       {text}},
      {"siglip_vision_model",
       R"({"model_type": "siglip_vision_model", )" SIMDCLIP_SMALL SIMDCLIP_PICTURES "}",
       kSiglipPictures,
       {vision}},
      {"siglip2_vision_model",
       R"({"model_type": "siglip2_vision_model", "num_patches": 16, "patch_size": 7, )" SIMDCLIP_SMALL "}",
       kNaflexPictures,
       {vision}}};
}

// A folder of that class, its tokenizer not asked for.
class LibraryFolder {
 public:
  explicit LibraryFolder(const LibraryClass& one) {
    files_.folder = folder_.path();
    files_.weights = folder_.file("model.safetensors");
    files_.transformers_config = folder_.file("config.json");
    write_text(files_.transformers_config, one.config);
    if (*one.processor != '\0') write_text(folder_.file("preprocessor_config.json"), one.processor);
    for (const ForeignTensor& t : one.seed) seed_.add(t.name, t.shape);
  }

  ConvertPlan plan(const TensorSource& tensors) const {
    ConvertPlan plan;
    plan.config.name = "a folder";
    plan.tower = "image";
    read_transformers(files_, tensors, {}, plan);
    return plan;
  }
  Accept accept() const {
    return [this](const TensorSource& tensors) { bind_tensors(plan(tensors), tensors); };
  }
  NamesOnly checkpoint() const { return completed(seed_, accept()); }

 private:
  TemporaryFolder folder_;
  SourceFiles files_;
  NamesOnly seed_;
};

class LibraryClasses : public testing::TestWithParam<LibraryClass> {};
INSTANTIATE_TEST_SUITE_P(Transformers, LibraryClasses, testing::ValuesIn(library_classes()),
                         [](const auto& one) { return std::string(one.param.name); });

TEST_P(LibraryClasses, EachTensorIsNeededUnderItsNameAndShape) {
  const LibraryFolder folder(GetParam());
  expect_each_tensor_needed(folder.checkpoint(), folder.accept());
}

TEST_P(LibraryClasses, AnExtraTensorIsRefused) {
  const LibraryFolder folder(GetParam());
  const NamesOnly whole = folder.checkpoint();
  expect_extra_refused(whole, folder.accept(), "nobody_knows.weight");
  expect_extra_refused(whole, folder.accept(), std::string(GetParam().prefix) + "pooler.dense.bias");
}

// A source whose values count up.
class Counting : public NamesOnly {
 public:
  explicit Counting(const NamesOnly& names) : NamesOnly(names) {}
  void read(size_t, std::span<float> out) const override {
    for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(i % 7);
  }
};

const BoundTensor& bound_as(const std::vector<BoundTensor>& bound, const std::string& name) {
  return *std::find_if(bound.begin(), bound.end(), [&](const BoundTensor& b) { return b.spec.name == name; });
}

TEST(AltClip, TheTwoLayersBecomeOne) {
  const auto classes = library_classes();
  const LibraryFolder folder(*std::find_if(classes.begin(), classes.end(), [](const LibraryClass& c) {
    return std::string(c.name) == "altclip";
  }));
  const Counting source(folder.checkpoint());
  EXPECT_TRUE(source.find("text_model.transformation.weight") && source.find("text_model.pre_LN.bias"));
  const ConvertPlan plan = folder.plan(source);
  EXPECT_EQ(plan.config.text->context_length, 14U);  // behind the padding's position
  const std::vector<BoundTensor> bound = bind_tensors(plan, source);
  std::vector<float> weight, bias;
  assemble(bound_as(bound, "text.proj.weight"), plan, source, weight);
  assemble(bound_as(bound, "text.proj.bias"), plan, source, bias);
  ASSERT_EQ(weight.size(), 32U * 64);
  ASSERT_EQ(bias.size(), 32U);
  for (size_t n = 0; n < 32; ++n) {
    float sum = 0, offset = 0;
    for (size_t j = 0; j < 40; ++j) {
      const auto a = static_cast<float>((n * 40 + j) % 7);
      sum += a * static_cast<float>((j * 64 + 5) % 7);
      offset += a * static_cast<float>(j % 7);
    }
    EXPECT_EQ(weight[n * 64 + 5], sum);
    EXPECT_EQ(bias[n], offset);
  }
}

// --- single files ---

struct SingleFile {
  const char* name;
  const char* prefix;  // of the tower that an extra tensor is put into
  std::vector<ForeignTensor> seed;
  uint32_t encoder = 0;
};

void PrintTo(const SingleFile& one, std::ostream* out) { *out << one.name; }

void seed_transformers(SingleFile& file, const std::string& prefix) {
  file.seed.push_back(f32((prefix + "embeddings.token_embedding.weight").c_str(), {49408, 64}));
  file.seed.push_back(f32((prefix + "embeddings.position_embedding.weight").c_str(), {77, 64}));
  for (const char* block : {"0", "1"})
    file.seed.push_back(f32((prefix + "encoder.layers." + block + ".layer_norm1.bias").c_str(), {64}));
}

void seed_open_clip(SingleFile& file, const std::string& prefix) {
  file.seed.push_back(f32((prefix + "token_embedding.weight").c_str(), {49408, 64}));
  file.seed.push_back(f32((prefix + "positional_embedding").c_str(), {77, 64}));
  file.seed.push_back(f32((prefix + "text_projection").c_str(), {64, 32}));
  for (const char* block : {"0", "1"})
    file.seed.push_back(f32((prefix + "transformer.resblocks." + block + ".ln_1.bias").c_str(), {64}));
}

void seed_openai(SingleFile& file) {
  for (const char* entry : {"input_resolution", "context_length", "vocab_size"})
    file.seed.push_back(f32(entry, {}));
  seed_open_clip(file, "");
  file.seed.push_back(f32("ln_final.weight", {64}));
}

std::vector<SingleFile> single_files() {
  SingleFile sd1 = {"sd1", "cond_stage_model.transformer.text_model.", {}};
  seed_transformers(sd1, sd1.prefix);
  SingleFile sd1_later = {"sd1_without_text_model", "cond_stage_model.transformer.", {}};
  seed_transformers(sd1_later, sd1_later.prefix);
  SingleFile sd2 = {"sd2", "cond_stage_model.model.", {}};
  seed_open_clip(sd2, sd2.prefix);
  SingleFile first = {"sdxl_1", "conditioner.embedders.0.transformer.text_model.", {}, 1};
  SingleFile second = {"sdxl_2", "conditioner.embedders.1.model.", {}, 2};
  for (SingleFile* sdxl : {&first, &second}) {
    seed_transformers(*sdxl, first.prefix);
    seed_open_clip(*sdxl, second.prefix);
  }
  for (SingleFile* sd : {&sd1, &sd1_later, &sd2, &first, &second})
    sd->seed.push_back(f32("model.diffusion_model.out.2.weight", {4, 320, 3, 3}));

  SingleFile vit = {"openai_vit", "visual.", {}};
  vit.seed = {f32("visual.conv1.weight", {64, 3, 7, 7}), f32("visual.positional_embedding", {17, 64})};
  for (const char* block : {"0", "1"})
    vit.seed.push_back(
        f32((std::string("visual.transformer.resblocks.") + block + ".ln_1.bias").c_str(), {64}));
  SingleFile resnet = {"openai_resnet", "visual.", {}};
  resnet.seed = {f32("visual.attnpool.positional_embedding", {5, 2048})};
  for (const char* stage : {"1", "2", "3", "4"})
    resnet.seed.push_back(
        f32((std::string("visual.layer") + stage + ".0.conv1.weight").c_str(), {64, 64, 1, 1}));
  resnet.seed[2].shape = {128, 256, 1, 1}, resnet.seed[3].shape = {256, 512, 1, 1},
  resnet.seed[4].shape = {512, 1024, 1, 1};
  seed_openai(vit);
  seed_openai(resnet);
  SingleFile longer = vit;
  longer.name = "long_clip";
  for (ForeignTensor& t : longer.seed)
    if (t.name == "positional_embedding") t.shape = {248, 64};
  longer.seed.push_back(f32("positional_embedding_res", {248, 64}));
  return {sd1, sd1_later, sd2, first, second, vit, resnet, longer};
}

Accept accept_of(const SourceFiles& files, const ConvertOptions& options = {}) {
  return [=](const TensorSource& tensors) { bind_tensors(make_plan(files, tensors, options), tensors); };
}

class SingleFiles : public testing::TestWithParam<SingleFile> {
 protected:
  Accept accept() const {
    SourceFiles files;
    files.weights = "model.safetensors";
    ConvertOptions options;
    options.encoder = GetParam().encoder;
    if (GetParam().prefix == std::string("visual."))
      options.tower = "image";  // the other's tensors are checked too
    return accept_of(files, options);
  }
  NamesOnly checkpoint() const {
    NamesOnly seed;
    for (const ForeignTensor& t : GetParam().seed) seed.add(t.name, t.shape);
    return completed(seed, accept());
  }
};
INSTANTIATE_TEST_SUITE_P(Names, SingleFiles, testing::ValuesIn(single_files()),
                         [](const auto& one) { return std::string(one.param.name); });

// Entries that say whose file it is; a pooled embedding that SD 2.x can do without; what is another part of
// the file.
bool decides_nothing(const SingleFile& file, const std::string& name) {
  for (const char* entry : {"input_resolution", "context_length", "vocab_size"})
    if (name == entry) return true;
  const std::string prefix = file.prefix;
  if (std::string(file.name) == "long_clip" && name == "positional_embedding_res")
    return true;  // then it is OpenAI's
  if (std::string(file.name) == "sd2" && name == prefix + "text_projection") return true;
  return file.name[0] == 's' && !name.starts_with(prefix);
}

TEST_P(SingleFiles, EachTensorIsNeededUnderItsNameAndShape) {
  expect_each_tensor_needed(checkpoint(), accept(),
                            [&](const std::string& name) { return decides_nothing(GetParam(), name); });
}

TEST_P(SingleFiles, AnExtraTensorIsRefused) {
  expect_extra_refused(checkpoint(), accept(), std::string(GetParam().prefix) + "nobody_knows.weight");
}

// --- the fixtures, as the libraries wrote them ---

class EveryFixture : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Fixtures, EveryFixture, testing::ValuesIn(all_fixtures()),
                         [](const auto& name) { return name.param; });

// Its names, shapes and types; what convert() says of a checkpoint does not depend on the numbers in it.
class FixtureNames : public NamesOnly {
 public:
  explicit FixtureNames(const TensorSource& source) {
    for (const ForeignTensor& t : source.tensors()) add(t.name, t.shape, t.type);
    facts_ = source.facts();
  }
};

TEST_P(EveryFixture, EachTensorIsNeededUnderItsNameAndShape) {
  const FixtureSource fixture(GetParam());
  const SourceFiles files = find_source(fixture.source());
  const auto tensors = open_checkpoint(files.weights);
  const FixtureNames whole(*tensors);
  ConvertOptions options;  // without the tokenizer, where there is a picture's tower
  options.tower = GetParam() == "transformers_text" ? "text" : "image";
  const ConvertPlan plan = make_plan(files, *tensors, options);
  const auto ignored = [&](const std::string& name) {
    const bool scalar = name == "logit_scale" || (name == "logit_bias" && plan.has_logit_bias);
    return !scalar && is_ignored(plan, name);
  };
  expect_each_tensor_needed(whole, accept_of(files, options), ignored);
  expect_extra_refused(whole, accept_of(files, options), "nobody_knows.weight");
}

}  // namespace
}  // namespace simdclip::tests
