// Every fixture converted: the configuration, each weight, and the embeddings against the reference
// libraries' own.
#include "simdclip/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "convert/plan.h"
#include "convert/tensor_map.h"
#include "format/model_file.h"
#include "kernels/gemm/pack.h"
#include "simdclip/model.h"
#include "support/errors.h"
#include "support/fixtures.h"
#include "support/paths.h"

namespace simdclip::tests {
namespace {

double cosine(const float* a, const float* b, size_t n) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < n; ++i)
    ab += double{a[i]} * b[i], aa += double{a[i]} * a[i], bb += double{b[i]} * b[i];
  return ab / std::sqrt(aa * bb);
}

// Rows of `got` against rows of `want`: direction and length.
void expect_rows_close(const std::vector<float>& got, const Npy<float>& want, const std::string& what) {
  ASSERT_EQ(got.size(), want.values.size()) << what;
  const size_t d = want.shape[1];
  for (size_t row = 0; row < want.shape[0]; ++row) {
    EXPECT_GE(cosine(&got[row * d], &want.values[row * d], d), 1 - 1e-6) << what << " row " << row;
    for (size_t i = 0; i < d; ++i)
      EXPECT_NEAR(got[row * d + i], want.values[row * d + i], 1e-4 * (1 + std::abs(want.values[row * d + i])))
          << what << " row " << row << " element " << i;
  }
}

// [n, 3, H, W] as pictures of their own size.
std::vector<Pixels> pictures_of(const Npy<float>& pixels) {
  const PixelSize size = {static_cast<uint32_t>(pixels.shape[2]), static_cast<uint32_t>(pixels.shape[3])};
  const size_t each = size_t{3} * size.height * size.width;
  std::vector<Pixels> out;
  for (size_t i = 0; i < pixels.shape[0]; ++i)
    out.push_back({std::span(pixels.values).subspan(i * each, each), size});
  return out;
}

class Convert : public testing::TestWithParam<std::string> {
 protected:
  FixtureSource source_{GetParam()};
  TemporaryFolder out_;
  std::string converted(const ConvertOptions& options = {}) {
    const std::string path = out_.file("model.sclip");
    convert(source_.source(), path, options);
    return path;
  }
};

INSTANTIATE_TEST_SUITE_P(Fixtures, Convert, testing::ValuesIn(all_fixtures()),
                         [](const auto& name) { return name.param; });

TEST_P(Convert, ImageEmbeddingsEqualTheReference) {
  if (!source_.has("image_embeddings")) {
    EXPECT_FALSE(Model::open(converted()).info().has_image_tower);
    return;
  }
  const auto want = source_.floats("image_embeddings");
  const Model model = Model::open(converted());
  std::vector<float> got(want.values.size());
  const Npy<float> pixels = source_.floats("pixels");
  model.embed_preprocessed(pictures_of(pixels), got, false);
  expect_rows_close(got, want, "image");
}

TEST_P(Convert, TextEmbeddingsEqualTheReference) {
  if (!source_.has("text_embeddings")) {
    EXPECT_FALSE(Model::open(converted()).info().has_text_tower);
    return;
  }
  const auto want = source_.floats("text_embeddings");
  const Model model = Model::open(converted());
  std::vector<float> got(want.values.size());
  model.embed_ids(source_.ids().values, got, false);
  expect_rows_close(got, want, "text");
}

TEST_P(Convert, TokenIdsEqualTheReference) {
  if (!source_.has("ids")) {
    EXPECT_FALSE(Model::open(converted()).info().has_text_tower);
    return;
  }
  const Model model = Model::open(converted());
  std::vector<int32_t> got;
  for (const std::string& text : fixture_texts()) {
    const auto ids = model.tokenize(text);
    got.insert(got.end(), ids.begin(), ids.end());
  }
  EXPECT_EQ(got, source_.ids().values);
}

TEST_P(Convert, PixelsOfThePictureEqualTheReference) {
  if (!source_.has("pixels")) {
    EXPECT_FALSE(Model::open(converted()).info().has_image_tower);
    return;
  }
  const Model model = Model::open(converted());
  const auto got = model.preprocess(load_image(std::string(kFixtures) + "/picture.png"));
  const auto want = source_.floats("pixels");
  ASSERT_EQ(got.size() * want.shape[0], want.values.size());
  for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], want.values[i], 1e-5) << i;
}

// open_clip's force_image_size: positions resized, pictures prepared for the new size.
TEST(ConvertImageSize, EmbeddingsEqualTheReference) {
  const FixtureSource source("open_clip_folder");
  const TemporaryFolder out;
  for (const auto& [name, height, width] : {std::tuple("48", 48U, 48U), std::tuple("24x40", 24U, 40U)}) {
    ConvertOptions options;
    options.image_height = height;
    options.image_width = width;
    convert(source.source(), out.file("model.sclip"), options);
    const Model model = Model::open(out.file("model.sclip"));
    EXPECT_EQ(model.info().image_height, height);
    EXPECT_EQ(model.info().image_width, width);
    const auto pixels = source.floats(std::string("pixels_") + name);
    const auto want = source.floats(std::string("image_embeddings_") + name);
    std::vector<float> got(want.values.size());
    model.embed_pixels(pixels.values, got, false);
    expect_rows_close(got, want, name);
    const auto picture = model.preprocess(load_image(std::string(kFixtures) + "/picture.png"));
    for (size_t i = 0; i < picture.size(); ++i) ASSERT_NEAR(picture[i], pixels.values[i], 1e-5) << i;
  }
}

TEST_P(Convert, FactsComeFromTheFiles) {
  const Model model = Model::open(converted());
  const auto& expected = source_.expected();
  EXPECT_EQ(model.info().activation, expected["activation"].get<std::string>());
  if (expected.contains("logit_scale")) {
    EXPECT_NEAR(model.info().logit_scale, expected["logit_scale"].get<float>(), 1e-4F);
  }
  EXPECT_EQ(model.info().logit_bias.has_value(), expected.contains("logit_bias"));
  if (expected.contains("logit_bias")) {
    EXPECT_EQ(*model.info().logit_bias, expected["logit_bias"].get<float>());
  }
}

// The stored weights are the checkpoint's, bit for bit: f32 after packing, bf16 after one rounding.
TEST_P(Convert, EveryWeightIsStoredExactly) {
  for (const char* precision : {"f32", "bf16"}) {
    ConvertOptions options;
    options.precision = precision;
    const ModelFile file = ModelFile::open(converted(options));
    file.verify();
    const SourceFiles files = find_source(source_.source());
    const auto tensors = open_checkpoint(files.weights);
    const ConvertPlan plan = make_plan(files, *tensors, options);
    const auto bound = bind_tensors(plan, *tensors);
    ASSERT_EQ(bound.size(), file.specs().size());
    std::vector<float> want;
    for (const BoundTensor& b : bound) {
      assemble(b, plan, *tensors, want);
      const TensorView view = file.tensor(b.spec.name);
      std::vector<float> got(want.size());
      std::vector<uint16_t> half(want.size());
      if (b.spec.storage == Storage::f32) {
        std::copy_n(view.f32(), got.size(), got.begin());
      } else if (b.spec.storage == Storage::gemm_f32) {
        kernels::unpack_b_f32(view.f32(), b.spec.shape[0], b.spec.shape[1], got.data());
      } else {
        const auto* stored = reinterpret_cast<const uint16_t*>(view.bytes.data());
        if (b.spec.storage == Storage::gemm_bf16)
          kernels::unpack_b_bf16(stored, b.spec.shape[0], b.spec.shape[1], half.data());
        else
          std::copy_n(stored, half.size(), half.begin());
        for (size_t i = 0; i < half.size(); ++i) got[i] = kernels::from_bf16(half[i]);
        for (float& value : want) value = kernels::from_bf16(kernels::to_bf16(value));
      }
      ASSERT_EQ(got, want) << b.spec.name << " in " << precision;
    }
  }
}

TEST_P(Convert, IsDeterministicAndReportsProgress) {
  ConvertOptions options;
  uint64_t last = 0, total = 0, calls = 0;
  options.progress = [&](uint64_t done, uint64_t all, std::string_view name) {
    EXPECT_GT(done, last);
    EXPECT_FALSE(name.empty());
    last = done, total = all, ++calls;
  };
  const std::string first = read_text(converted(options));
  EXPECT_EQ(last, total);
  EXPECT_GT(calls, 10U);
  EXPECT_EQ(first, read_text(converted()));
  EXPECT_EQ(out_.entries(), 1U);
}

// Rounding weights and activations to bytes turns the embeddings of these peaky models by a few degrees at
// most.
TEST_P(Convert, Int8EmbeddingsPointTheSameWay) {
  ConvertOptions options;
  options.precision = "int8";
  const Model model = Model::open(converted(options));
  EXPECT_EQ(model.info().precision, "int8");
  const auto expect_rows = [](const std::vector<float>& got, const Npy<float>& want) {
    const size_t d = want.shape[1];
    for (size_t row = 0; row < want.shape[0]; ++row)
      EXPECT_GE(cosine(&got[row * d], &want.values[row * d], d), 0.97) << row;
  };
  if (source_.has("image_embeddings")) {
    const auto want = source_.floats("image_embeddings");
    std::vector<float> got(want.values.size());
    const Npy<float> pixels = source_.floats("pixels");
    model.embed_preprocessed(pictures_of(pixels), got, false);
    expect_rows(got, want);
  }
  if (source_.has("text_embeddings")) {
    const auto want = source_.floats("text_embeddings");
    std::vector<float> got(want.values.size());
    model.embed_ids(source_.ids().values, got, false);
    expect_rows(got, want);
  }
}

TEST_P(Convert, RefusesWrongPrecisionsBeforeAnyOutput) {
  ConvertOptions options;
  options.precision = "f16";
  expect_error(ErrorCode::invalid_argument, [&] { converted(options); }, {"f16", "f32"});
  EXPECT_EQ(out_.entries(), 0U);
}

}  // namespace
}  // namespace simdclip::tests
