// Pictures of other sizes: --image-size, --max-patches, NaFlex, and which preprocessing an architecture's
// weights want.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "convert/layouts.h"
#include "convert/plan.h"
#include "image/preprocess.h"
#include "image/resize_grid.h"
#include "simdclip/model.h"

namespace simdclip::tests {
namespace {

// --- the reference's own numbers ---

TEST(Naflex, SizesAreTransformers) {
  struct Case {
    uint32_t height, width, patch, most, out_height, out_width;
  };
  // get_image_size_for_max_num_patches
  constexpr Case kCases[] = {
      {61, 47, 8, 21, 40, 32},         {480, 640, 16, 256, 224, 288},    {640, 480, 16, 256, 288, 224},
      {1, 20000, 16, 256, 16, 4096},   {20000, 1, 16, 256, 4096, 16},    {1, 1, 16, 256, 112, 112},
      {16, 16, 16, 1, 16, 16},         {3000, 4000, 16, 1024, 432, 576}, {333, 777, 14, 100, 84, 196},
      {720, 1280, 16, 256, 192, 336},  {1000, 1000, 16, 256, 256, 256},  {50, 5000, 32, 64, 32, 2048},
      {1950, 4855, 14, 256, 140, 350}, {4948, 3884, 8, 9, 24, 24},       {3844, 2125, 14, 64, 140, 84},
      {3853, 4432, 32, 784, 832, 960}, {1234, 1900, 14, 784, 322, 476},  {125, 525, 14, 9, 14, 70},
      {2468, 255, 16, 784, 1392, 144}, {4873, 3176, 32, 784, 1088, 736}};
  for (const Case& c : kCases) {
    const PixelSize size = naflex_size(c.height, c.width, c.patch, c.most);
    EXPECT_EQ(size.height, c.out_height) << c.height << " x " << c.width;
    EXPECT_EQ(size.width, c.out_width) << c.height << " x " << c.width;
  }
}

TEST(ResizeGrid, EqualsTorchInterpolate) {
  std::vector<float> grid(12);  // [3, 4] squares
  for (size_t i = 0; i < grid.size(); ++i) grid[i] = static_cast<float>(i * i);
  const auto expect = [&](size_t rows, size_t columns, Interpolation interpolation,
                          const std::vector<float>& want) {
    std::vector<float> out(rows * columns);
    resize_grid(GridResize(3, 4, rows, columns, interpolation), grid, 1, out);
    for (size_t i = 0; i < want.size(); ++i)
      EXPECT_NEAR(out[i], want[i], 2e-5) << rows << " x " << columns << ": " << i;
  };
  expect(5, 3, Interpolation::bicubic,
         {-1.246707F, 0.245989F, 5.031736F, 4.003108F, 9.493522F, 18.276989F, 17.594967F, 30.359192F,
          46.416477F, 50.530113F, 70.568153F, 93.899254F, 70.85173F, 94.887489F, 122.216316F});
  expect(2, 6, Interpolation::bilinear, {6, 8, 11, 15, 20, 24, 46, 53, 62.666668F, 73.333336F, 85, 94});
  expect(1, 9, Interpolation::bicubic,
         {24.888845F, 26.642849F, 30.459858F, 35.297775F, 39.989132F, 45.07555F, 51.580978F, 57.380268F,
          59.967331F});
  expect(3, 4, Interpolation::bilinear, grid);  // the same size: the same numbers
}

// --- NaFlex through the public model ---

Image gradient(uint32_t width, uint32_t height) {
  Image image;
  image.width = width;
  image.height = height;
  image.pixels.resize(size_t{3} * width * height);
  for (size_t i = 0; i < image.pixels.size(); ++i) image.pixels[i] = static_cast<uint8_t>(i * 7 + i / 91);
  return image;
}

class NaflexModel : public testing::Test {
 protected:
  std::string path(const ConvertOptions& options = {}) {
    convert(source_.source(), out_.file("m.sclip"), options);
    return out_.file("m.sclip");
  }
  FixtureSource source_{"siglip2_naflex"};
  TemporaryFolder out_;
};

TEST_F(NaflexModel, RowsDependNeitherOnNeighboursNorOnThreads) {
  const std::string file = path();
  std::vector<Image> images;
  for (const auto& [width, height] :
       {std::pair(61U, 47U), std::pair(20U, 300U), std::pair(64U, 64U), std::pair(500U, 9U)})
    images.push_back(gradient(width, height));
  std::vector<float> alone;
  for (const unsigned threads : {1U, 2U, 3U}) {
    const Model model = Model::open(file, {.threads = threads, .isa = {}});
    EXPECT_EQ(model.info().max_patches, 21U);
    EXPECT_EQ(model.info().max_pixels, 3U * 8 * 8 * 21);
    std::vector<float> together(images.size() * model.embed_dim());
    model.embed_images(images, together);
    if (alone.empty())
      for (const Image& image : images) {
        const auto row = model.embed_image(image);
        alone.insert(alone.end(), row.begin(), row.end());
      }
    EXPECT_EQ(std::memcmp(alone.data(), together.data(), alone.size() * sizeof(float)), 0) << threads;
  }
}

TEST_F(NaflexModel, PicturesKeepTheirShape) {
  const Model model = Model::open(path());
  PixelSize size;
  const std::vector<float> pixels = model.preprocess(gradient(20, 300), &size);
  EXPECT_EQ(pixels.size(), size_t{3} * size.height * size.width);
  EXPECT_GT(size.height, 3 * size.width);
  EXPECT_LE(size.height * size.width, 8U * 8 * 21);
}

TEST_F(NaflexModel, PixelsOfNoGridAreRefused) {
  const Model model = Model::open(path());
  std::vector<float> values(size_t{3} * 80 * 80), out(model.embed_dim());
  const auto embed = [&](uint32_t height, uint32_t width, size_t count) {
    const Pixels picture{std::span(values).first(count), {height, width}};
    model.embed_preprocessed({&picture, 1}, out);
  };
  embed(24, 56, 3 * 24 * 56);  // 21 patches
  expect_error(ErrorCode::invalid_argument, [&] { embed(24, 64, 3 * 24 * 64); },
               {"24 x 64", "21 whole patches"});
  expect_error(ErrorCode::invalid_argument, [&] { embed(24, 50, 3 * 24 * 50); }, {"24 x 50"});
  expect_error(ErrorCode::invalid_argument, [&] { embed(0, 8, 0); }, {"0 x 8"});
  expect_error(ErrorCode::invalid_argument, [&] { embed(24, 24, 7); }, {"7 values"});
  std::vector<float> square(size_t{3} * 32 * 32);  // the grid that positions are stored for
  model.embed_pixels(square, out);
}

TEST_F(NaflexModel, ProcessorsThatDoNotFitAreNamed) {
  const auto refuse_with = [](const std::function<void(json&)>& change, ErrorCode code,
                              std::vector<std::string> parts) {
    FixtureSource source("siglip2_naflex");
    expect_refused(source, {"", "preprocessor_config.json", change, code, std::move(parts)});
  };
  refuse_with([](json& c) { c["patch_size"] = 16; }, kShape, {"preprocessor_config.json", "16", "8"});
  refuse_with([](json& c) { c["image_processor_type"] = "SiglipImageProcessor"; }, kUnsupported,
              {"SiglipImageProcessor", "NaFlex"});
  refuse_with([](json& c) { c["resample"] = 1; }, kUnsupported, {"resample 1"});
  refuse_with([](json& c) { c["do_resize"] = false; }, kUnsupported, {"do_resize"});
  refuse_with([](json& c) { c["max_num_patches"] = 1 << 20; }, kDamaged, {"max_patches"});
  FixtureSource source("siglip2_naflex");
  expect_refused(source, {"",
                          "config.json",
                          [](json& c) { c["vision_config"]["num_patches"] = 15; },
                          kDamaged,
                          {"num_patches", "square"}});
}

// --- options ---

TEST_F(NaflexModel, MaxPatchesIsTheirSize) {
  ConvertOptions options;
  options.max_patches = 6;
  PixelSize size;
  Model::open(path(options)).preprocess(gradient(60, 40), &size);
  EXPECT_EQ(size.height, 16U);
  EXPECT_EQ(size.width, 24U);
  options.max_patches = 1 << 20;
  refuse(source_.source(), ErrorCode::invalid_argument, {"--max-patches"}, options);
  options.max_patches = 0;
  options.image_height = options.image_width = 64;
  refuse(source_.source(), ErrorCode::invalid_argument, {"--image-size", "NaFlex"}, options);
}

TEST(PictureSize, WrongOnesAreRefused) {
  const FixtureSource clip("open_clip_folder"), text("transformers_text");
  ConvertOptions options;
  options.image_height = options.image_width = 7;
  refuse(clip.source(), ErrorCode::invalid_argument, {"7 pixels", "8"}, options);
  options.image_height = options.image_width = 9000;
  refuse(clip.source(), ErrorCode::invalid_argument, {"9000 pixels"}, options);
  options.image_height = options.image_width = 48;
  refuse(text.source(), ErrorCode::invalid_argument, {"no image tower"}, options);
  options.tower = "text";
  refuse(clip.source(), ErrorCode::invalid_argument, {"no image tower"}, options);
  options = {};
  options.max_patches = 9;
  refuse(clip.source(), ErrorCode::invalid_argument, {"--max-patches", "--image-size"}, options);
}

// --- --arch and --tag ---

class Empty : public TensorSource {
 public:
  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t, std::span<float> out) const override { std::fill(out.begin(), out.end(), 0.0F); }

 private:
  std::string path_ = "w.safetensors";
  std::vector<ForeignTensor> tensors_ = {{"logit_bias", ForeignType::f32, {}},
                                         {"logit_scale", ForeignType::f32, {}}};
};

PreprocessConfig preprocess_of(const char* arch, const char* tag = "") {
  ConvertOptions options;
  options.arch = arch;
  options.tag = tag;
  options.tower = "image";
  SourceFiles files;
  files.weights = "w.safetensors";
  return *make_plan(files, Empty(), options).config.preprocess;
}

void expect_preprocess(const PreprocessConfig& p, ResizeMode resize, Interpolation interpolation, float mean,
                       float std) {
  EXPECT_EQ(p.resize, resize);
  EXPECT_EQ(p.interpolation, interpolation);
  EXPECT_FLOAT_EQ(p.mean[0], mean);
  EXPECT_FLOAT_EQ(p.std[0], std);
}

TEST(Arch, PicturesAreThoseOfItsWeights) {
  constexpr auto kShortest = ResizeMode::shortest, kSquash = ResizeMode::squash;
  constexpr auto kBicubic = Interpolation::bicubic, kBilinear = Interpolation::bilinear;
  expect_preprocess(preprocess_of("ViT-B-16-SigLIP"), kSquash, kBicubic, 0.5F, 0.5F);
  expect_preprocess(preprocess_of("ViT-B-32-SigLIP2-256"), kSquash, kBicubic, 0.5F, 0.5F);
  expect_preprocess(preprocess_of("ViT-L-14-CLIPA"), kSquash, kBilinear, 0.485F, 0.229F);
  expect_preprocess(preprocess_of("PE-Core-B-16"), kSquash, kBilinear, 0.5F, 0.5F);
  expect_preprocess(preprocess_of("MobileCLIP-B"), kShortest, kBilinear, 0.0F, 1.0F);
  expect_preprocess(preprocess_of("ViT-B-32"), kShortest, kBicubic, 0.48145466F, 0.26862954F);
  expect_preprocess(preprocess_of("ViT-S-32"), kShortest, kBicubic, 0.48145466F,
                    0.26862954F);  // no weights: the default
  expect_preprocess(preprocess_of("ViT-H-14-378-quickgelu"), kSquash, kBicubic, 0.48145466F, 0.26862954F);
}

TEST(Arch, TagsThatDifferAreAskedFor) {
  expect_error(ErrorCode::missing_info, [] { preprocess_of("ViT-L-14"); },
               {"--tag", "laion2b_s32b_b82k", "0.5,0.5,0.5", "laion400m_e31"});
  expect_error(ErrorCode::missing_info, [] { preprocess_of("ViT-H-14-quickgelu"); },
               {"--tag", "dfn5b", "squash", "metaclip_fullcc"});
  EXPECT_FLOAT_EQ(preprocess_of("ViT-L-14", "laion2b_s32b_b82k").mean[0], 0.5F);
  EXPECT_FLOAT_EQ(preprocess_of("ViT-L-14", "datacomp_xl_s13b_b90k").mean[0], 0.48145466F);
  EXPECT_EQ(preprocess_of("ViT-H-14-quickgelu", "dfn5b").resize, ResizeMode::squash);
  EXPECT_EQ(preprocess_of("ViT-H-14-quickgelu", "metaclip_fullcc").resize, ResizeMode::shortest);
  expect_error(ErrorCode::invalid_argument, [] { preprocess_of("ViT-L-14", "openai"); },
               {"QuickGELU", "ViT-L-14-quickgelu"});
  expect_error(ErrorCode::invalid_argument, [] { preprocess_of("ViT-L-14", "nobody"); },
               {"'nobody'", "laion2b_s32b_b82k"});
  expect_error(ErrorCode::invalid_argument, [] { preprocess_of("ViT-S-32", "openai"); }, {"it has none"});
  expect_error(ErrorCode::invalid_argument, [] { preprocess_of("", "openai"); }, {"--arch"});
  ConvertOptions options;
  options.arch = "ViT-L-14";
  options.tower = "image";
  options.image_mean = options.image_std = {0.25F, 0.25F, 0.25F};  // what differs is given
  SourceFiles files;
  files.weights = "w.safetensors";
  EXPECT_FLOAT_EQ(make_plan(files, Empty(), options).config.preprocess->mean[0], 0.25F);
}

}  // namespace
}  // namespace simdclip::tests
