// Every family that has tables of its own: the checkpoint that its architecture asks for, and that one with a
// tensor renamed, missing, of another shape, or one too many. Which names PyTorch gives them:
// tests/parity/models.py.
#include "convert/arch_table.h"
#include "convert/names_only.h"
#include "support/fixtures.h"

namespace simdclip::tests {
namespace {

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
  return plan;
}

Accept accept_of(const ConvertPlan& plan) {
  return [=](const TensorSource& tensors) {
    ConvertPlan whole = plan;
    read_open_clip_tensors(tensors, whole);
    bind_tensors(whole, tensors);
  };
}

// The file's first names, which say how the others begin.
NamesOnly seed_of(const std::string& full_name, const ConvertPlan& plan) {
  NamesOnly seed;
  if (full_name.starts_with(kBigVision)) {
    seed.add("params/img/Transformer/encoder_norm/bias", {plan.config.vision->transformer.width});
  } else if (plan.text.naming == Naming::open_clip && full_name.find("SigLIP") != std::string::npos) {
    seed.add("text.ln_final.bias", {plan.config.text->transformer.width});
  }
  return seed;
}

NamesOnly checkpoint_of(const std::string& full_name, ConvertPlan& plan) {
  const NamesOnly whole = completed(seed_of(full_name, plan), accept_of(plan));
  read_open_clip_tensors(whole, plan);
  return whole;
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, EachTensorIsNeededUnderItsNameAndShape) {
  ConvertPlan plan = plan_of(GetParam());
  const NamesOnly whole = checkpoint_of(GetParam(), plan);
  ASSERT_GT(whole.tensors().size(), 40U);
  expect_each_tensor_needed(whole, accept_of(plan));
}

TEST_P(Families, AnExtraTensorIsRefused) {
  ConvertPlan plan = plan_of(GetParam());
  const NamesOnly whole = checkpoint_of(GetParam(), plan);
  expect_extra_refused(whole, accept_of(plan), plan.only_prefix + "visual.nobody_knows.weight");
  const std::string text = plan.text.prefix.empty() ? "transformer." : plan.text.prefix;
  expect_extra_refused(whole, accept_of(plan), text + "nobody_knows.bias");
}

// Angles turn pairs of channels that a rotary tower's file has side by side.
TEST_P(Families, RowsOfQueriesAndKeysAreTurnedWhereTheTowerIs) {
  ConvertPlan plan = plan_of(GetParam());
  const NamesOnly whole = checkpoint_of(GetParam(), plan);
  for (const BoundTensor& bound : bind_tensors(plan, whole)) {
    const bool qkv = bound.spec.name.starts_with("visual.blocks.") &&
                     bound.spec.name.find(".attn.qkv.") != std::string::npos;
    EXPECT_EQ(bound.turned, qkv && plan.config.vision->rotary) << bound.spec.name;
  }
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

ConvertPlan small_plan() {
  ConvertPlan plan = plan_of("ViT-B-16-SigLIP");
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
  ConvertPlan plan = small_plan();
  Numbered source;
  const NamesOnly whole = checkpoint_of(std::string(kBigVision), plan);
  for (const ForeignTensor& t : whole.tensors()) source.add(t.name, t.shape);
  std::vector<float> got;
  const auto bound = bind_tensors(plan, source);
  const auto of = [&](const std::string& name) -> const std::vector<float>& {
    const auto at =
        std::find_if(bound.begin(), bound.end(), [&](const BoundTensor& b) { return b.spec.name == name; });
    assemble(*at, plan, source, got);
    return got;
  };
  const std::string block = "params/img/Transformer/encoderblock_0/",
                    attention = block + "MultiHeadDotProductAttention_0/";
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
        ASSERT_EQ(patches[d * 48 + c * 16 + pixel], filters[d * 48 + pixel * 3 + c])
            << d << ' ' << pixel << ' ' << c;

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
                         testing::Values("ViT-B-32", "ViT-M-16-alt", "MobileCLIP2-L-14", "ViT-H-14-worldwide",
                                         "nllb-clip-base-siglip", "mt5-xl-ViT-H-14", "mt5-base-ViT-B-32",
                                         "vit_medium_patch16_gap_256", "ViT-B-16-SigLIP2",
                                         "big_vision ViT-B-16-SigLIP",
                                         "big_vision ViT-SO400M-16-SigLIP-i18n-256", "ViT-L-14-CLIPA",
                                         "coca_ViT-B-32", "EVA01-g-14", "EVA02-B-16", "EVA02-E-14",
                                         "PE-Core-T-16-384", "MobileCLIP-B", "roberta-ViT-B-32",
                                         "coca_roberta-ViT-B-32", "nllb-clip-base", "RN50",
                                         "RN50x4-quickgelu"));

// What a batch norm counted while it was trained decides nothing; elsewhere the same name is refused.
TEST(ResNetNames, CountersOfBatchNormsArePassedOver) {
  ConvertPlan plan = plan_of("RN50");
  NamesOnly source = checkpoint_of("", plan);
  for (const char* name :
       {"visual.bn1.num_batches_tracked", "visual.layer3.0.downsample.1.num_batches_tracked"})
    source.add(name, {});
  bind_tensors(plan, source);
  ConvertPlan vit = plan_of("ViT-B-16-SigLIP2");
  NamesOnly other = checkpoint_of("", vit);
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
  const NamesOnly names = checkpoint_of("", plan);
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
  NamesOnly source = checkpoint_of("", plan);
  source.add("positional_embedding_res", {248, 512});
  const std::string message = expect_error(ErrorCode::shape_mismatch, [&] { bind_tensors(plan, source); });
  EXPECT_THAT(message, testing::HasSubstr("'positional_embedding_res'"));
}

// T5's buckets: exact below 8, then logarithmic, keys behind the query in the second half.
TEST(Mt5, DistancesFallIntoTheirBuckets) {
  ConvertPlan plan = plan_of("mt5-base-ViT-B-32");
  class Buckets : public NamesOnly {
   public:
    void read(size_t, std::span<float> out) const override {  // [32, 12]: the row's number
      for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(i / 12);
    }
  } source;
  const NamesOnly names = checkpoint_of("", plan);
  for (const ForeignTensor& t : names.tensors()) source.add(t.name, t.shape);
  const std::vector<BoundTensor> bound = bind_tensors(plan, source);
  std::vector<float> values;
  assemble(bound_as(bound, "text.relative_bias"), plan, source, values);
  ASSERT_EQ(values.size(), 12U * 153);
  const auto bucket = [&](int distance) { return values[static_cast<size_t>(76 + distance)]; };
  // As transformers' _relative_position_bucket gives them.
  const std::pair<int, float> expected[] = {
      {0, 0},    {-1, 1},   {-7, 7},   {-8, 8}, {-11, 8}, {-12, 9}, {-15, 9}, {-16, 10}, {-22, 10}, {-23, 11},
      {-32, 12}, {-64, 14}, {-76, 14}, {1, 17}, {7, 23},  {8, 24},  {31, 27}, {46, 29},  {76, 30}};
  for (const auto& [distance, want] : expected) EXPECT_EQ(bucket(distance), want) << distance;
}

}  // namespace
}  // namespace simdclip::tests
