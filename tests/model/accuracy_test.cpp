// Equalization changes no result but int8's rounding, and the figures that `accuracy` prints.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <random>

#include "convert/tensor_map.h"
#include "format/model_file.h"
#include "format/schema.h"
#include "simdclip/simdclip.h"
#include "support/fixtures.h"
#include "support/paths.h"
#include "support/temporary_folder.h"
#include "tiny_cases.h"

namespace simdclip {
namespace {

std::vector<float> picture_rows(const Model& model, size_t n) {
  std::mt19937 rng(5);
  std::normal_distribution<float> normal;
  std::vector<float> pixels(n * 3 * model.info().image_height * model.info().image_width);
  for (float& p : pixels) p = normal(rng);
  std::vector<float> out(n * model.embed_dim());
  model.embed_pixels(pixels, out);
  return out;
}

std::vector<float> text_rows(const Model& model) {
  const std::vector<std::string> texts = {"a photo of a cat", "dogs",
                                          "a red bus in the rain, seen from above"};
  std::vector<float> out(texts.size() * model.embed_dim());
  model.embed_texts(texts, out);
  return out;
}

std::string converted(const tests::FixtureSource& source, const std::string& name,
                      const ConvertOptions& options, const tests::TemporaryFolder& folder) {
  const std::string path = folder.file(name);
  convert(source.source(), path, options);
  return path;
}

TEST(Equalization, ChangesNoResult) {
  const tests::FixtureSource source("open_clip_folder");
  const tests::TemporaryFolder folder;
  const std::string plain = converted(source, "plain.sclip", {}, folder);
  ConvertOptions options;
  options.input_maxima["no.such.weight"] = {1};  // equalizes f32, too
  const std::string even = converted(source, "even.sclip", options, folder);
  const ModelFile a = ModelFile::open(plain), b = ModelFile::open(even);
  size_t changed = 0;
  for (size_t i = 0; i < a.specs().size(); ++i) {
    const std::string& name = a.specs()[i].name;
    const bool folded = name.find(".ln_1.") != name.npos || name.find(".ln_2.") != name.npos ||
                        name.find(".attn.qkv.") != name.npos || name.ends_with(".attn.proj.weight") ||
                        name.ends_with(".fc1.weight");
    const bool differs =
        std::memcmp(a.tensor(i).bytes.data(), b.tensor(i).bytes.data(), a.tensor(i).bytes.size()) != 0;
    EXPECT_EQ(differs, folded) << name;
    changed += differs ? 1 : 0;
  }
  EXPECT_GT(changed, 10U);
  const Model x = Model::open(plain), y = Model::open(even);
  EXPECT_GE(cosine_agreement(picture_rows(x, 4), picture_rows(y, 4), x.embed_dim()).lowest, 1 - 1e-9);
  EXPECT_GE(cosine_agreement(text_rows(x), text_rows(y), x.embed_dim()).lowest, 1 - 1e-9);
}

// A checkpoint whose names are the schema's: random values, gains of norms around 1.
class SchemaSource : public TensorSource {
 public:
  explicit SchemaSource(const ModelConfig& config) {
    for (const TensorSpec& spec : schema(config)) {
      bound_.push_back({spec, MapForm::same, {tensors_.size()}, std::nullopt, false});
      tensors_.push_back({spec.name, ForeignType::f32, spec.shape});
    }
  }
  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t i, std::span<float> out) const override {
    std::mt19937 rng(static_cast<unsigned>(i));
    std::normal_distribution<float> normal;
    const ForeignTensor& t = tensors_[i];
    const bool gain = t.shape.size() == 1 && t.name.ends_with(".weight");
    for (float& x : out) x = (gain ? 1.0F : 0.0F) + 0.2F * normal(rng);
  }
  const std::vector<BoundTensor>& bound() const { return bound_; }

 private:
  std::string path_ = "random";
  std::vector<ForeignTensor> tensors_;
  std::vector<BoundTensor> bound_;
};

// Gated MLPs, norms inside and behind, RMS norms: what the towers can be made of.
TEST(Equalization, ChangesNoResultOfAnyBlock) {
  const tests::TemporaryFolder folder;
  for (const TinyCase& tiny : tiny_cases()) {
    if (!tiny.config.vision || !tiny.config.text || tiny.config.vision->resnet ||
        tiny.config.precision != Precision::f32)
      continue;
    SCOPED_TRACE(tiny.name);
    const SchemaSource source(tiny.config);
    ConvertPlan plan;
    plan.config = tiny.config;
    plan.tokenizer = tiny_tokenizer();
    ConvertOptions options;
    const std::string plain = folder.file(tiny.name + ".sclip"),
                      even = folder.file(tiny.name + "-even.sclip");
    write_plan(plan, source.bound(), source, plain, options);
    options.input_maxima["no.such.weight"] = {1};  // equalizes f32, too
    write_plan(plan, source.bound(), source, even, options);
    const Model x = Model::open(plain), y = Model::open(even);
    EXPECT_GE(cosine_agreement(picture_rows(x, 2), picture_rows(y, 2), x.embed_dim()).lowest, 1 - 1e-9);
    EXPECT_GE(cosine_agreement(text_rows(x), text_rows(y), x.embed_dim()).lowest, 1 - 1e-9);
    if (tiny.name != "rotary_gated_with_inner_norms") continue;
    const ModelFile a = ModelFile::open(plain), b = ModelFile::open(even);
    for (size_t i = 0; i < a.specs().size(); ++i) {
      const std::string& name = a.specs()[i].name;
      if (!name.starts_with("visual.blocks.0.")) continue;
      const bool kept = name.ends_with("proj.bias") || name.ends_with("gate.bias") ||
                        name.ends_with("fc1.bias") || name.ends_with("fc2.bias") ||
                        name.ends_with("qkv.bias");
      const bool differs =
          std::memcmp(a.tensor(i).bytes.data(), b.tensor(i).bytes.data(), a.tensor(i).bytes.size()) != 0;
      EXPECT_EQ(differs, !kept) << name;
    }
  }
}

// EVA02's blocks: each weight of one kept in bf16, which keeps a gate and its fc1 together.
TEST(ConvertOptions, KeepsAnyWeightOfAGatedBlockInBf16) {
  const tests::TemporaryFolder folder;
  for (const TinyCase& tiny : tiny_cases()) {
    if (tiny.name != "rotary_gated_with_inner_norms") continue;
    const SchemaSource source(tiny.config);
    ModelConfig config = tiny.config;
    config.precision = Precision::int8;
    for (const std::string part : {"attn.qkv", "attn.proj", "mlp.gate", "mlp.fc1", "mlp.fc2"}) {
      SCOPED_TRACE(part);
      ConvertPlan plan;
      plan.config = config;
      plan.tokenizer = tiny_tokenizer();
      keep_bf16({"visual.blocks.0." + part + ".weight"}, plan.config);
      EXPECT_EQ(plan.config.bf16_weights.size(), part == "mlp.gate" || part == "mlp.fc1" ? 2U : 1U);
      const SchemaSource stored(plan.config);
      const std::string path = folder.file(part + ".sclip"), wide = folder.file("f32.sclip");
      write_plan(plan, stored.bound(), stored, path, {});
      plan.config = tiny.config;
      write_plan(plan, source.bound(), source, wide, {});
      const Model x = Model::open(wide), y = Model::open(path);
      EXPECT_GE(cosine_agreement(picture_rows(x, 2), picture_rows(y, 2), x.embed_dim()).lowest, 0.98);
    }
    config.bf16_weights = {"visual.blocks.0.mlp.fc1.weight"};
    EXPECT_THROW(validate(config, "one of two"), Error);
  }
}

TEST(Equalization, IsOnForInt8AndCanBeLeftOut) {
  const tests::FixtureSource source("open_clip_folder");
  const tests::TemporaryFolder folder;
  const Model f32 = Model::open(converted(source, "f32.sclip", {}, folder));
  ConvertOptions options;
  options.precision = "int8";
  const Model even = Model::open(converted(source, "int8.sclip", options, folder));
  options.equalize = false;
  const Model naive = Model::open(converted(source, "naive.sclip", options, folder));
  const std::vector<float> want = picture_rows(f32, 8);
  const double with = cosine_agreement(want, picture_rows(even, 8), f32.embed_dim()).lowest;
  const double without = cosine_agreement(want, picture_rows(naive, 8), f32.embed_dim()).lowest;
  EXPECT_NE(with, without);
  EXPECT_GE(with, 0.98);
}

TEST(Calibration, KeepsLayersInBf16UntilTheTargetIsReached) {
  const tests::FixtureSource source("open_clip_folder");
  const tests::TemporaryFolder folder;
  const std::vector<std::string> pictures = {std::string(tests::kFixtures) + "/picture.png",
                                             folder.file("missing.png")};
  CalibrateOptions options;
  options.target = 2;  // never: every layer that may stay bf16 and gains something does
  options.most_bf16_layers = 2;
  size_t steps = 0;
  options.step = [&](std::string_view) { ++steps; };
  const Calibration all = convert_calibrated(source.source(), folder.file("two.sclip"), pictures, options);
  EXPECT_EQ(all.pictures, 1U);  // the missing one is passed over
  EXPECT_EQ(all.bf16_weights.size(), 2U);
  EXPECT_GE(steps, 3U + 3U);  // three stages; before each layer that stayed, and the end
  EXPECT_LE(steps, 3U + 5U);  // at most two tries for each that may stay
  EXPECT_EQ(all.texts, 32U);
  EXPECT_GE(all.lowest_text_cosine, 0.9);
  EXPECT_LT(all.lowest_text_cosine, 1);
  options.target = 0.5;
  const Calibration none = convert_calibrated(source.source(), folder.file("none.sclip"), pictures, options);
  EXPECT_TRUE(none.bf16_weights.empty());
  EXPECT_GE(none.lowest_cosine, 0.9);
  options.texts = {"a dog", "two cats"};
  EXPECT_EQ(convert_calibrated(source.source(), folder.file("own.sclip"), pictures, options).texts, 2U);
  EXPECT_FALSE(std::filesystem::exists(folder.file("none.sclip.calibrate")));
  const std::vector<std::string> nothing = {folder.file("missing.png")};
  EXPECT_THROW(convert_calibrated(source.source(), folder.file("no.sclip"), nothing, options), Error);
  EXPECT_FALSE(std::filesystem::exists(folder.file("no.sclip")));
}

TEST(ConvertOptions, KeepsTheNamedWeightsInBf16) {
  const tests::FixtureSource source("open_clip_folder");
  const tests::TemporaryFolder folder;
  ConvertOptions options;
  options.precision = "int8";
  options.bf16_weights = {"visual.blocks.1.mlp.fc2.weight", "text.blocks.0.attn.proj.weight"};
  const ModelFile file = ModelFile::open(converted(source, "mixed.sclip", options, folder));
  for (const TensorSpec& spec : file.specs()) {
    if (!is_gemm(spec.storage)) continue;
    const bool kept = spec.name == options.bf16_weights[0] || spec.name == options.bf16_weights[1];
    EXPECT_EQ(spec.storage, kept ? Storage::gemm_bf16 : Storage::gemm_int8) << spec.name;
  }
  options.bf16_weights = {"visual.blocks.99.mlp.fc2.weight"};
  EXPECT_THROW(convert(source.source(), folder.file("none.sclip"), options), Error);
}

TEST(Accuracy, CosinesNameTheWorstRow) {
  const std::vector<float> a = {1, 0, 0, 2, 3, 4}, b = {2, 0, 1, 2, 3, 4};
  const CosineAgreement c = cosine_agreement(a, b, 2);
  EXPECT_EQ(c.rows, 3U);
  EXPECT_EQ(c.lowest_row, 1U);
  EXPECT_NEAR(c.lowest, 2 / std::sqrt(5.0), 1e-12);
  EXPECT_NEAR(c.mean, (2 + 2 / std::sqrt(5.0)) / 3, 1e-12);
  EXPECT_THROW(cosine_agreement(a, std::span(b).first(4), 2), Error);
}

TEST(Accuracy, RanksCountSharedCandidates) {
  const std::vector<float> queries = {1, 0, 0, 1}, candidates = {1, 0, 0.9F, 0.1F, 0, 1};
  const std::vector<float> turned = {0.8F, 0.1F, 0.9F, 0.1F, 0, 1};
  const RankAgreement same = rank_agreement({queries, candidates}, {queries, candidates}, 2);
  EXPECT_EQ(same.queries, 2U);
  EXPECT_EQ(same.top_1, 1);
  const RankAgreement half = rank_agreement({queries, candidates}, {queries, turned}, 2);
  EXPECT_EQ(half.top_1, 0.5);
  EXPECT_EQ(half.top_5, 1);  // three candidates in all
  const RankAgreement alone = rank_agreement({candidates, candidates}, {candidates, candidates}, 2);
  EXPECT_EQ(alone.top_1, 1);  // no row is its own neighbour, or every model would agree
}

}  // namespace
}  // namespace simdclip
