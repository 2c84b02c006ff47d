// Every family that has tables of its own: the checkpoint that its architecture asks for, and that one with a
// tensor renamed, missing, of another shape, or one too many. Which names PyTorch gives them:
// tests/parity/models.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "convert/arch_table.h"
#include "convert/plan.h"
#include "convert/tensor_map.h"
#include "support/errors.h"
#include "support/fixtures.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {
namespace {

// Names and shapes without values.
class NamesOnly : public TensorSource {
 public:
  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t, std::span<float> out) const override { std::fill(out.begin(), out.end(), 0.0F); }

  void add(const std::string& name, std::vector<uint64_t> shape) {
    const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                     [](const ForeignTensor& t, const std::string& n) { return t.name < n; });
    tensors_.insert(at, {name, ForeignType::f32, std::move(shape)});
  }
  ForeignTensor take(size_t i) {
    ForeignTensor out = tensors_[i];
    tensors_.erase(tensors_.begin() + static_cast<std::ptrdiff_t>(i));
    return out;
  }

 private:
  std::string path_ = "names";
  std::vector<ForeignTensor> tensors_;
};

constexpr std::string_view kBigVision = "big_vision ";

ConvertPlan plan_of(const std::string& full_name) {
  const bool big_vision = full_name.starts_with(kBigVision);
  const std::string name = big_vision ? full_name.substr(kBigVision.size()) : full_name;
  const auto archs = arch_table();
  const auto arch =
      std::find_if(archs.begin(), archs.end(), [&](const ArchEntry& a) { return a.name == name; });
  const Json json = parse_json(arch->json, name);
  ConvertPlan plan;
  read_open_clip_model(JsonObject(json, name), plan);
  // Shallower: the same tables, less time.
  if (plan.config.vision && plan.config.vision->resnet)
    plan.config.vision->resnet->blocks = {2, 1, 1, 2};
  else if (plan.config.vision)
    plan.config.vision->transformer.layers = 2;
  if (plan.config.text) plan.config.text->transformer.layers = 2;
  plan.config.name = name;
  if (big_vision) {
    NamesOnly source;
    source.add("params/img/embedding/kernel", {1});
    expect_error(ErrorCode::not_found, [&] { read_open_clip_tensors(source, plan); }, {"params/t"});
    source.add("params/t", {1});
    expect_error(ErrorCode::not_found, [&] { read_open_clip_tensors(source, plan); }, {"params/b"});
    source.add("params/b", {1});
    read_open_clip_tensors(source, plan);
  }
  return plan;
}

// "...: tensor 'NAME' [a, b] is missing...": what the binder asks for next.
ForeignTensor asked_for(const std::string& message) {
  const size_t begin = message.find("tensor '") + 8, end = message.find('\'', begin);
  ForeignTensor out{message.substr(begin, end - begin), ForeignType::f32, {}};
  const size_t open = message.find('[', end), close = message.find(']', open);
  for (size_t at = open; at < close; at = message.find(',', at + 1))
    out.shape.push_back(std::max(1UL, std::stoul(message.substr(at + 1))));
  return out;
}

// The whole checkpoint, by asking for one tensor after another.
NamesOnly checkpoint_of(const ConvertPlan& plan) {
  NamesOnly source;
  for (size_t i = 0; i < 1000; ++i) {
    try {
      bind_tensors(plan, source);
      return source;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      const ForeignTensor next = asked_for(error.what());
      source.add(next.name, next.shape);
    }
  }
  ADD_FAILURE() << "the checkpoint has no end";
  return source;
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, EachTensorIsNeededUnderItsNameAndShape) {
  const ConvertPlan plan = plan_of(GetParam());
  const NamesOnly whole = checkpoint_of(plan);
  ASSERT_GT(whole.tensors().size(), 40U);
  for (size_t i = 0; i < whole.tensors().size(); ++i) {
    NamesOnly source = whole;
    const ForeignTensor tensor = source.take(i);
    const std::string missing = expect_error(ErrorCode::not_found, [&] { bind_tensors(plan, source); });
    EXPECT_THAT(missing, testing::HasSubstr("'" + tensor.name + "'"));
    std::vector<uint64_t> other = tensor.shape;
    other.push_back(2);
    source.add(tensor.name, other);
    const std::string shape = expect_error(ErrorCode::shape_mismatch, [&] { bind_tensors(plan, source); });
    EXPECT_THAT(shape, testing::HasSubstr("'" + tensor.name + "'"));
  }
}

TEST_P(Families, AnExtraTensorIsRefused) {
  const ConvertPlan plan = plan_of(GetParam());
  NamesOnly source = checkpoint_of(plan);
  const std::string extra = plan.only_prefix + "visual.nobody_knows.weight";
  source.add(extra, {3});
  const std::string message = expect_error(ErrorCode::unsupported, [&] { bind_tensors(plan, source); });
  EXPECT_THAT(message, testing::HasSubstr(extra));
}

// Flax's layers hold the same numbers in another order.
class Numbered : public NamesOnly {
 public:
  void read(size_t index, std::span<float> out) const override {
    const std::string& name = tensors()[index].name;
    uint32_t state = 2166136261U;
    for (char c : name) state = (state ^ static_cast<unsigned char>(c)) * 16777619U;
    for (float& x : out) x = static_cast<float>((state = state * 1664525U + 1013904223U) >> 20) - 2048.0F;
  }
};

ConvertPlan small_plan(bool big_vision) {
  ConvertPlan plan = plan_of((big_vision ? std::string(kBigVision) : std::string()) + "ViT-B-16-SigLIP");
  for (TransformerConfig* t : {&plan.config.vision->transformer, &plan.config.text->transformer})
    t->width = 12, t->heads = 3, t->mlp_width = 8, t->layers = 1;
  plan.config.vision->patch_size = 4;
  plan.config.vision->image_height = plan.config.vision->image_width = 12;
  plan.config.vision->attention_pool->heads = 3;
  plan.config.vision->attention_pool->mlp_width = 8;
  plan.config.text->vocab_size = 7;
  plan.config.text->context_length = 5;
  plan.config.embed_dim = 12;
  return plan;
}

// A tensor of the file by its name, transposed to [N, K] of its last axes' products.
std::vector<float> columns_of(const Numbered& source, const std::string& name, uint64_t n) {
  const size_t at = *source.find(name);
  std::vector<float> stored(source.tensors()[at].elements()), out(stored.size());
  source.read(at, stored);
  const uint64_t k = stored.size() / n;
  for (uint64_t r = 0; r < k; ++r)
    for (uint64_t c = 0; c < n; ++c) out[c * k + r] = stored[r * n + c];
  return out;
}

TEST(BigVision, LayersAreTransposedAndHeadsJoined) {
  const ConvertPlan plan = small_plan(true);
  Numbered source;
  const NamesOnly whole = checkpoint_of(plan);
  for (const ForeignTensor& t : whole.tensors()) source.add(t.name, t.shape);
  std::vector<float> got;
  const auto bound = bind_tensors(plan, source);
  const auto of = [&](const std::string& name) -> const std::vector<float>& {
    const auto at = std::find_if(bound.begin(), bound.end(), [&](const BoundTensor& b) { return b.spec.name == name; });
    assemble(*at, plan, source, got);
    return got;
  };
  const std::string block = "params/img/Transformer/encoderblock_0/", attention = block + "MultiHeadDotProductAttention_0/";
  std::vector<float> qkv;
  for (const char* part : {"query", "key", "value"}) {
    const auto rows = columns_of(source, attention + part + "/kernel", 12);
    qkv.insert(qkv.end(), rows.begin(), rows.end());
  }
  EXPECT_EQ(of("visual.blocks.0.attn.qkv.weight"), qkv);
  EXPECT_EQ(of("visual.blocks.0.attn.proj.weight"), columns_of(source, attention + "out/kernel", 12));
  EXPECT_EQ(of("visual.blocks.0.mlp.fc1.weight"), columns_of(source, block + "MlpBlock_0/Dense_0/kernel", 8));
  EXPECT_EQ(of("text.blocks.0.mlp.fc2.weight"),
            columns_of(source, "params/txt/Encoder_0/encoderblock_0/MlpBlock_0/Dense_1/kernel", 12));
  EXPECT_EQ(of("text.proj.weight"), columns_of(source, "params/txt/head/kernel", 12));

  // A convolution's [P, P, 3, D]: the channel's pixels one after another.
  const auto filters = columns_of(source, "params/img/embedding/kernel", 12);  // [D, P, P, 3]
  const auto& patches = of("visual.patch_embed.weight");                       // [D, 3, P, P]
  for (size_t d = 0; d < 12; ++d)
    for (size_t pixel = 0; pixel < 16; ++pixel)
      for (size_t c = 0; c < 3; ++c)
        ASSERT_EQ(patches[d * 48 + c * 16 + pixel], filters[d * 48 + pixel * 3 + c]) << d << ' ' << pixel << ' ' << c;

  // The pool's query: probe * W + b.
  const std::string pool = "params/img/MAPHead_0/";
  std::vector<float> probe(12), bias(12);
  source.read(*source.find(pool + "probe"), probe);
  source.read(*source.find(pool + "MultiHeadDotProductAttention_0/query/bias"), bias);
  const auto w = columns_of(source, pool + "MultiHeadDotProductAttention_0/query/kernel", 12);
  const auto& query = of("visual.attention_pool.query");
  for (size_t n = 0; n < 12; ++n) {
    double want = bias[n];
    for (size_t k = 0; k < 12; ++k) want += double{probe[k]} * w[n * 12 + k];
    EXPECT_FLOAT_EQ(query[n], static_cast<float>(want)) << n;
  }
}

INSTANTIATE_TEST_SUITE_P(OpenClip, Families,
                         testing::Values("mt5-base-ViT-B-32", "vit_medium_patch16_gap_256", "ViT-B-16-SigLIP2", "big_vision ViT-B-16-SigLIP",
                                         "big_vision ViT-SO400M-16-SigLIP-i18n-256", "ViT-L-14-CLIPA", "coca_ViT-B-32", "EVA01-g-14",
                                         "EVA02-B-16", "EVA02-E-14", "PE-Core-T-16-384", "MobileCLIP-B",
                                         "roberta-ViT-B-32", "coca_roberta-ViT-B-32", "nllb-clip-base",
                                         "RN50", "RN50x4-quickgelu"));

// What a batch norm counted while it was trained decides nothing; elsewhere the same name is refused.
TEST(ResNetNames, CountersOfBatchNormsArePassedOver) {
  const ConvertPlan plan = plan_of("RN50");
  NamesOnly source = checkpoint_of(plan);
  for (const char* name : {"visual.bn1.num_batches_tracked", "visual.layer3.0.downsample.1.num_batches_tracked"})
    source.add(name, {});
  bind_tensors(plan, source);
  const ConvertPlan vit = plan_of("ViT-B-16-SigLIP2");
  NamesOnly other = checkpoint_of(vit);
  other.add("visual.bn1.num_batches_tracked", {});
  expect_error(ErrorCode::unsupported, [&] { bind_tensors(vit, other); }, {"visual.bn1.num_batches_tracked"});
}

// --- what is computed from two tensors ---

// A source whose values count up.
class Counting : public NamesOnly {
 public:
  void read(size_t index, std::span<float> out) const override {
    const float step = tensors()[index].name.ends_with("_res") ? -1.0F : 1.0F;
    for (size_t i = 0; i < out.size(); ++i) out[i] = step * static_cast<float>(i % 7);
  }
};

const BoundTensor& bound_as(const std::vector<BoundTensor>& bound, const std::string& name) {
  return *std::find_if(bound.begin(), bound.end(), [&](const BoundTensor& b) { return b.spec.name == name; });
}

TEST(LongClip, PositionsBehindTheTwentiethAreTheSecondTensors) {
  ConvertPlan plan = plan_of("ViT-B-16");
  plan.config.text->context_length = 248;
  Counting source;
  const NamesOnly names = checkpoint_of(plan);
  for (const ForeignTensor& t : names.tensors()) source.add(t.name, t.shape);
  source.add("positional_embedding_res", {248, 512});
  EXPECT_TRUE(is_openai_file(source));
  const std::vector<BoundTensor> bound = bind_tensors(plan, source);
  std::vector<float> values;
  assemble(bound_as(bound, "text.positional_embedding"), plan, source, values);
  ASSERT_EQ(values.size(), 248U * 512);
  for (size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(values[i], (i < 20 * 512 ? 1.0F : -1.0F) * static_cast<float>(i % 7)) << "place " << i / 512;
}

TEST(LongClip, TheSecondTensorHasTheFirstOnesShape) {
  ConvertPlan plan = plan_of("ViT-B-16");
  NamesOnly source = checkpoint_of(plan);
  source.add("positional_embedding_res", {248, 512});
  const std::string message = expect_error(ErrorCode::shape_mismatch, [&] { bind_tensors(plan, source); });
  EXPECT_THAT(message, testing::HasSubstr("'positional_embedding_res'"));
}

// transformers' AltCLIPModel, small.
ConvertPlan alt_plan(const TensorSource& tensors) {
  SourceFiles files;
  static const TemporaryFolder folder;
  files.folder = folder.path();
  files.weights = files.folder + "/model.safetensors";
  files.transformers_config = folder.file("config.json");
  write_text(files.transformers_config,
             R"({"model_type": "altclip", "projection_dim": 32, "vision_config": {"hidden_size": 64, "intermediate_size": 128,
                 "num_hidden_layers": 2, "num_attention_heads": 2}, "text_config": {"vocab_size": 300, "hidden_size": 48,
                 "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 30, "project_dim": 40}})");
  write_text(folder.file("preprocessor_config.json"),
             R"({"crop_size": {"height": 224, "width": 224}, "size": {"shortest_edge": 224}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]})");
  ConvertPlan plan;
  plan.config.name = "AltCLIP";
  plan.tower = "image";  // whose tokenizer is not asked for
  read_transformers(files, tensors, {}, plan);
  return plan;
}

NamesOnly alt_checkpoint() {
  NamesOnly seed;
  seed.add("logit_scale", {});
  seed.add("vision_model.embeddings.class_embedding", {64});
  seed.add("text_model.roberta.embeddings.word_embeddings.weight", {300, 48});
  for (;;) {
    try {
      bind_tensors(alt_plan(seed), seed);
      return seed;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      const ForeignTensor next = asked_for(error.what());
      seed.add(next.name, next.shape);
    }
  }
}

TEST(AltClip, EachTensorIsNeededUnderItsNameAndShape) {
  const NamesOnly whole = alt_checkpoint();
  const ConvertPlan plan = alt_plan(whole);
  EXPECT_EQ(plan.config.text->context_length, 28U);
  EXPECT_TRUE(whole.find("text_model.transformation.weight") && whole.find("text_model.pre_LN.bias"));
  for (size_t i = 0; i < whole.tensors().size(); ++i) {
    NamesOnly source = whole;
    const ForeignTensor tensor = source.take(i);
    if (tensor.name == "logit_scale") continue;
    const std::string missing = expect_error(ErrorCode::not_found, [&] { bind_tensors(plan, source); });
    EXPECT_THAT(missing, testing::HasSubstr("'" + tensor.name + "'"));
    source.add(tensor.name, {3, 5, 7});
    const std::string shape = expect_error(ErrorCode::shape_mismatch, [&] { bind_tensors(plan, source); });
    EXPECT_THAT(shape, testing::HasSubstr("'" + tensor.name + "'"));
  }
  NamesOnly more = whole;
  more.add("text_model.roberta.pooler.dense.bias", {48});
  const std::string extra = expect_error(ErrorCode::unsupported, [&] { bind_tensors(plan, more); });
  EXPECT_THAT(extra, testing::HasSubstr("text_model.roberta.pooler.dense.bias"));
}

TEST(AltClip, TheTwoLayersBecomeOne) {
  Counting source;
  const NamesOnly names = alt_checkpoint();
  for (const ForeignTensor& t : names.tensors()) source.add(t.name, t.shape);
  const ConvertPlan plan = alt_plan(source);
  const std::vector<BoundTensor> bound = bind_tensors(plan, source);
  std::vector<float> weight, bias;
  assemble(bound_as(bound, "text.proj.weight"), plan, source, weight);
  assemble(bound_as(bound, "text.proj.bias"), plan, source, bias);
  ASSERT_EQ(weight.size(), 32U * 48);
  ASSERT_EQ(bias.size(), 32U);
  for (size_t n = 0; n < 32; ++n) {
    float sum = 0, offset = 0;
    for (size_t j = 0; j < 40; ++j) {
      const auto a = static_cast<float>((n * 40 + j) % 7);
      sum += a * static_cast<float>((j * 48 + 5) % 7);
      offset += a * static_cast<float>(j % 7);
    }
    EXPECT_EQ(weight[n * 48 + 5], sum);
    EXPECT_EQ(bias[n], offset);
  }
}

// T5's buckets: exact below 8, then logarithmic, keys behind the query in the second half.
TEST(Mt5, DistancesFallIntoTheirBuckets) {
  const ConvertPlan plan = plan_of("mt5-base-ViT-B-32");
  class Buckets : public NamesOnly {
   public:
    void read(size_t, std::span<float> out) const override {  // [32, 12]: the row's number
      for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(i / 12);
    }
  } source;
  const NamesOnly names = checkpoint_of(plan);
  for (const ForeignTensor& t : names.tensors()) source.add(t.name, t.shape);
  const std::vector<BoundTensor> bound = bind_tensors(plan, source);
  std::vector<float> values;
  assemble(bound_as(bound, "text.relative_bias"), plan, source, values);
  ASSERT_EQ(values.size(), 12U * 153);
  const auto bucket = [&](int distance) { return values[static_cast<size_t>(76 + distance)]; };
  // As transformers' _relative_position_bucket gives them.
  const std::pair<int, float> expected[] = {{0, 0},   {-1, 1},  {-7, 7},   {-8, 8},   {-11, 8},  {-12, 9},  {-15, 9},
                                            {-16, 10}, {-22, 10}, {-23, 11}, {-32, 12}, {-64, 14}, {-76, 14}, {1, 17},
                                            {7, 23},  {8, 24},  {31, 27},  {46, 29},  {76, 30}};
  for (const auto& [distance, want] : expected) EXPECT_EQ(bucket(distance), want) << distance;
}

}  // namespace
}  // namespace simdclip::tests
