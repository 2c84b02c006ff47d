#include "format/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/checked.h"
#include "kernels/gemm/pack.h"
#include "support/errors.h"
#include "support/tiny_model.h"

namespace simdclip {
namespace {

using tests::expect_error;
using tests::tiny_config;

ModelConfig vit_b_32() {
  ModelConfig c = tiny_config();
  c.embed_dim = 512;
  c.vision->image_height = c.vision->image_width = 224;
  c.vision->patch_size = 32;
  c.vision->transformer = {.width = 768, .layers = 12, .heads = 12, .mlp_width = 3072};
  c.text->vocab_size = 49408;
  c.text->context_length = 77;
  c.text->transformer = {.width = 512, .layers = 12, .heads = 8, .mlp_width = 2048};
  return c;
}

std::vector<std::string> names(const ModelConfig& config) {
  std::vector<std::string> found;
  for (const TensorSpec& spec : schema(config)) found.push_back(spec.name);
  return found;
}

TEST(Schema, ViTB32HasThePublishedParameters) {
  uint64_t parameters = 0;
  for (const TensorSpec& spec : schema(vit_b_32())) parameters += element_count(spec);
  EXPECT_EQ(parameters, 151'277'312U);  // 151,277,313 in open_clip, logit_scale included
}

TEST(Schema, ResNet50HasThePublishedParameters) {
  ModelConfig c = vit_b_32();
  c.embed_dim = 1024;
  c.vision = tests::tiny_resnet(64, {3, 4, 6, 3}, 32);
  c.vision->image_height = c.vision->image_width = 224;
  uint64_t parameters = 0, norms = 0;
  for (const TensorSpec& spec : schema(c)) {
    parameters += element_count(spec);
    const bool folded = spec.name.starts_with("visual.blocks.") || spec.name.starts_with("visual.stem.");
    if (folded && spec.name.ends_with(".bias")) norms += element_count(spec);
  }
  // 102,007,137 in open_clip, logit_scale included; each batch norm has a weight and a bias, its fold a bias.
  EXPECT_EQ(parameters + norms, 102'007'136U);
}

TEST(Schema, OrderOfAResidualNetwork) {
  ModelConfig c = tiny_config();
  c.text.reset();
  c.tokenizer.reset();
  c.vision = tests::tiny_resnet(6, {1, 2, 1, 1}, 3);
  const auto found = names(c);
  const std::vector<std::string> begin = {"visual.stem.0.weight",
                                          "visual.stem.0.bias",
                                          "visual.stem.1.weight",
                                          "visual.stem.1.bias",
                                          "visual.stem.2.weight",
                                          "visual.stem.2.bias",
                                          "visual.blocks.1.0.conv1.weight",
                                          "visual.blocks.1.0.conv1.bias",
                                          "visual.blocks.1.0.conv2.weight",
                                          "visual.blocks.1.0.conv2.bias",
                                          "visual.blocks.1.0.conv3.weight",
                                          "visual.blocks.1.0.conv3.bias",
                                          "visual.blocks.1.0.shortcut.weight",
                                          "visual.blocks.1.0.shortcut.bias",
                                          "visual.blocks.2.0.conv1.weight"};
  const std::vector<std::string> end = {"visual.positional_embedding",
                                        "visual.attention_pool.q.weight",
                                        "visual.attention_pool.q.bias",
                                        "visual.attention_pool.kv.weight",
                                        "visual.attention_pool.kv.bias",
                                        "visual.proj.weight",
                                        "visual.proj.bias"};
  ASSERT_GT(found.size(), begin.size() + end.size());
  EXPECT_TRUE(std::equal(begin.begin(), begin.end(), found.begin()));
  EXPECT_TRUE(std::equal(end.rbegin(), end.rend(), found.rbegin()));
  const auto specs = schema(c);
  const auto shape = [&](const std::string& name) {
    return std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& s) { return s.name == name; })
        ->shape;
  };
  using Shape = std::vector<uint64_t>;
  EXPECT_EQ(shape("visual.stem.0.weight"), (Shape{3, 27}));
  EXPECT_EQ(shape("visual.stem.2.weight"), (Shape{6, 27}));
  EXPECT_EQ(shape("visual.blocks.2.0.conv1.weight"), (Shape{12, 24}));
  EXPECT_EQ(shape("visual.blocks.2.1.conv1.weight"), (Shape{12, 48}));
  EXPECT_EQ(shape("visual.blocks.2.1.conv2.weight"), (Shape{12, 108}));
  EXPECT_EQ(shape("visual.blocks.4.0.shortcut.weight"), (Shape{192, 96}));
  EXPECT_EQ(shape("visual.positional_embedding"), (Shape{4, 192}));
  EXPECT_EQ(shape("visual.proj.weight"), (Shape{20, 192}));
}

TEST(Schema, OrderOfTensors) {
  ModelConfig c = tiny_config();
  c.vision->transformer.layers = c.text->transformer.layers = 1;
  c.vision->patch_bias = c.text->projection_bias = true;
  const std::vector<std::string> expected = {
      "visual.patch_embed.weight",
      "visual.patch_embed.bias",
      "visual.class_embedding",
      "visual.positional_embedding",
      "visual.ln_pre.weight",
      "visual.ln_pre.bias",
      "visual.blocks.0.ln_1.weight",
      "visual.blocks.0.ln_1.bias",
      "visual.blocks.0.attn.qkv.weight",
      "visual.blocks.0.attn.qkv.bias",
      "visual.blocks.0.attn.proj.weight",
      "visual.blocks.0.attn.proj.bias",
      "visual.blocks.0.ln_2.weight",
      "visual.blocks.0.ln_2.bias",
      "visual.blocks.0.mlp.fc1.weight",
      "visual.blocks.0.mlp.fc1.bias",
      "visual.blocks.0.mlp.fc2.weight",
      "visual.blocks.0.mlp.fc2.bias",
      "visual.ln_post.weight",
      "visual.ln_post.bias",
      "visual.proj.weight",
      "text.token_embedding",
      "text.positional_embedding",
      "text.blocks.0.ln_1.weight",
      "text.blocks.0.ln_1.bias",
      "text.blocks.0.attn.qkv.weight",
      "text.blocks.0.attn.qkv.bias",
      "text.blocks.0.attn.proj.weight",
      "text.blocks.0.attn.proj.bias",
      "text.blocks.0.ln_2.weight",
      "text.blocks.0.ln_2.bias",
      "text.blocks.0.mlp.fc1.weight",
      "text.blocks.0.mlp.fc1.bias",
      "text.blocks.0.mlp.fc2.weight",
      "text.blocks.0.mlp.fc2.bias",
      "text.ln_final.weight",
      "text.ln_final.bias",
      "text.proj.weight",
      "text.proj.bias",
  };
  EXPECT_EQ(names(c), expected);
}

TEST(Schema, ShapesFollowTheConfiguration) {
  const std::vector<std::pair<std::string, std::vector<uint64_t>>> expected = {
      {"visual.patch_embed.weight", {36, 192}},
      {"visual.class_embedding", {36}},
      {"visual.positional_embedding", {17, 36}},
      {"visual.blocks.1.attn.qkv.weight", {108, 36}},
      {"visual.blocks.1.attn.qkv.bias", {108}},
      {"visual.blocks.1.attn.proj.weight", {36, 36}},
      {"visual.blocks.1.mlp.fc1.weight", {84, 36}},
      {"visual.blocks.1.mlp.fc2.weight", {36, 84}},
      {"visual.proj.weight", {20, 36}},
      {"text.token_embedding", {70, 24}},
      {"text.positional_embedding", {12, 24}},
      {"text.proj.weight", {20, 24}},
  };
  const auto specs = schema(tiny_config());
  for (const auto& [name, shape] : expected) {
    const auto found =
        std::find_if(specs.begin(), specs.end(), [&n = name](const TensorSpec& s) { return s.name == n; });
    ASSERT_NE(found, specs.end()) << name;
    EXPECT_EQ(found->shape, shape) << name;
  }
}

TEST(Schema, SwitchesAddAndRemoveTheirTensors) {
  const auto all = names(tiny_config());
  const auto difference = [&all](const std::function<void(ModelConfig&)>& change) {
    ModelConfig c = tiny_config();
    change(c);
    const auto other = names(c);
    std::set<std::string> a(all.begin(), all.end()), b(other.begin(), other.end());
    std::vector<std::string> only;
    std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(only));
    return only;
  };
  using Names = std::vector<std::string>;
  EXPECT_EQ(difference([](ModelConfig& c) { c.vision->class_token = false; }),
            Names{"visual.class_embedding"});
  EXPECT_EQ(difference([](ModelConfig& c) { c.vision->patch_bias = true; }),
            Names{"visual.patch_embed.bias"});
  EXPECT_EQ(difference([](ModelConfig& c) { c.vision->pre_norm = false; }),
            (Names{"visual.ln_pre.bias", "visual.ln_pre.weight"}));
  EXPECT_EQ(difference([](ModelConfig& c) { c.vision->post_norm = false; }),
            (Names{"visual.ln_post.bias", "visual.ln_post.weight"}));
  EXPECT_EQ(difference([](ModelConfig& c) { c.vision->projection = false; }), Names{"visual.proj.weight"});
  EXPECT_EQ(difference([](ModelConfig& c) { c.text->projection = false; }), Names{"text.proj.weight"});
  EXPECT_EQ(difference([](ModelConfig& c) { c.text->projection_bias = true; }), Names{"text.proj.bias"});
  EXPECT_EQ(difference([](ModelConfig& c) { c.logit_bias = 1.0F; }), Names{});
}

TEST(Schema, PrecisionIsOfTheGemmWeightsAndTheTokenEmbedding) {
  for (const auto precision : {Precision::f32, Precision::bf16, Precision::int8}) {
    ModelConfig c = tiny_config();
    c.precision = precision;
    if (precision == Precision::int8) c.bf16_weights = {"text.proj.weight", "visual.patch_embed.weight"};
    for (const TensorSpec& spec : schema(c)) {
      const bool gemm = spec.shape.size() == 2 && spec.name.ends_with(".weight");
      EXPECT_EQ(is_gemm(spec.storage), gemm) << spec.name;
      Storage expected = Storage::f32;
      if (gemm)
        expected = precision == Precision::f32    ? Storage::gemm_f32
                   : precision == Precision::bf16 ? Storage::gemm_bf16
                                                  : Storage::gemm_int8;
      if (spec.name == "text.token_embedding" && precision != Precision::f32) expected = Storage::bf16;
      if (std::count(c.bf16_weights.begin(), c.bf16_weights.end(), spec.name) != 0)
        expected = Storage::gemm_bf16;
      EXPECT_EQ(spec.storage, expected) << spec.name << " " << to_string(precision);
    }
  }
}

TEST(Schema, NamesAreUnique) {
  const auto all = names(vit_b_32());
  EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size());
}

// The one size function agrees with the packing of the kernels.
TEST(StoredBytes, EqualThePackersSizes) {
  for (const uint64_t n : {1, 15, 16, 17, 33, 512, 2304}) {
    for (const uint64_t k : {1, 2, 3, 4, 5, 31, 192, 768, 3072}) {
      EXPECT_EQ(stored_bytes({"w", {n, k}, Storage::gemm_f32}), kernels::packed_bytes(n, k, 4));
      EXPECT_EQ(stored_bytes({"w", {n, k}, Storage::gemm_bf16}), kernels::packed_bytes(n, k, 2));
      EXPECT_EQ(stored_bytes({"w", {n, k}, Storage::gemm_int8}),
                kernels::packed_bytes(n, k, 1) + round_up(n, 16) * 8);
      EXPECT_EQ(stored_bytes({"w", {n, k}, Storage::f32}), n * k * 4);
      EXPECT_EQ(stored_bytes({"w", {n, k}, Storage::bf16}), n * k * 2);
    }
  }
}

TEST(StoredBytes, RefuseEveryOverflow) {
  const uint64_t huge[] = {UINT64_MAX, UINT64_MAX - 15, 1ULL << 63U, 1ULL << 62U, (1ULL << 60U) + 1};
  for (const auto storage :
       {Storage::f32, Storage::bf16, Storage::gemm_f32, Storage::gemm_bf16, Storage::gemm_int8}) {
    for (const uint64_t value : huge) {
      expect_error(ErrorCode::too_large,
                   [&] {
                     stored_bytes({"w", {value, 17}, storage});
                   },
                   {"'w'", "overflows"});
      expect_error(ErrorCode::too_large, [&] { stored_bytes({"w", {17, value}, storage}); }, {"overflows"});
      expect_error(ErrorCode::too_large,
                   [&] {
                     stored_bytes({"w", {value, value}, storage});
                   },
                   {"overflows"});
    }
    expect_error(ErrorCode::too_large,
                 [&] {
                   stored_bytes({"w", {1ULL << 32U, 1ULL << 32U}, storage});
                 },
                 {"overflows"});
  }
  expect_error(ErrorCode::too_large,
               [] {
                 element_count({"w", {1ULL << 32U, 1ULL << 32U}, Storage::f32});
               },
               {"overflows"});
}

}  // namespace
}  // namespace simdclip
