// Whole towers through the public API: against double-precision loops, and against themselves in every other
// arrangement.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>

#include "base/cpu.h"
#include "format/model_file.h"
#include "kernels/registry.h"
#include "model/reference_clip.h"
#include "model/tiny_cases.h"
#include "simdclip/simdclip.h"

namespace simdclip {
namespace {

std::vector<float> random_pixels(const ModelInfo& info, size_t n, uint32_t seed) {
  std::mt19937 rng(seed);
  std::normal_distribution<float> normal;
  std::vector<float> pixels(n * 3 * info.image_height * info.image_width);
  for (float& p : pixels) p = normal(rng);
  return pixels;
}

// n texts of random lengths: begin, ids, end (the largest id), zeros.
std::vector<int32_t> random_ids(const ModelInfo& info, size_t n, uint32_t seed) {
  std::mt19937 rng(seed);
  const int32_t eos = static_cast<int32_t>(info.vocab_size) - 1;
  std::vector<int32_t> ids(n * info.context_length);
  for (size_t i = 0; i < n; ++i) {
    int32_t* text = ids.data() + i * info.context_length;
    const size_t words = rng() % (info.context_length - 1);
    text[0] = eos - 1;
    for (size_t t = 1; t <= words; ++t) text[t] = static_cast<int32_t>(rng() % (info.vocab_size - 2));
    text[words + 1] = eos;
  }
  return ids;
}

Model open_with(const std::string& path, unsigned threads, const std::string& isa = "") {
  ModelOptions options;
  options.threads = threads;
  options.isa = isa;
  return Model::open(path, options);
}

std::vector<float> embed_pixels(const Model& model, std::span<const float> pixels, bool normalize = true) {
  const size_t picture = 3 * model.info().image_height * model.info().image_width;
  std::vector<float> out(pixels.size() / picture * model.embed_dim());
  model.embed_pixels(pixels, out, normalize);
  return out;
}

std::vector<float> embed_ids(const Model& model, std::span<const int32_t> ids, bool normalize = true) {
  std::vector<float> out(ids.size() / model.info().context_length * model.embed_dim());
  model.embed_ids(ids, out, normalize);
  return out;
}

// The towers' switches, each in at least one configuration.
class Towers : public testing::TestWithParam<TinyCase> {};

// Whether the towers of this file hand bf16 from layer to layer with that instruction set.
bool rounds_to_bf16(const ModelConfig& config, Isa isa) {
  return config.precision == Precision::bf16 && kernels::select_kernels(isa).fast_bf16;
}

TEST_P(Towers, MatchDoublePrecisionLoops) {
  // int8 and bf16 arithmetic round the activations too, which these peaky models amplify.
  const bool rounds =
      GetParam().config.precision == Precision::int8 || rounds_to_bf16(GetParam().config, default_isa());
  const double bound = rounds ? 0.99 : 1 - 1e-9;
  const TinyModel tiny(GetParam().config, 1);
  const ModelFile file = ModelFile::open(tiny.path());
  const Model model = open_with(tiny.path(), 2);
  if (model.info().has_image_tower) {
    const auto pixels = random_pixels(model.info(), 3, 2);
    const auto out = embed_pixels(model, pixels, false);
    for (size_t i = 0; i < 3; ++i) {
      const auto want =
          reference::embed_pixels(file, std::span(pixels).subspan(i * pixels.size() / 3, pixels.size() / 3));
      EXPECT_GE(reference::cosine(std::span(out).subspan(i * model.embed_dim(), model.embed_dim()), want),
                bound);
    }
  }
  if (model.info().has_text_tower) {
    const size_t context = model.info().context_length;
    const auto ids = random_ids(model.info(), 3, 3);
    const auto out = embed_ids(model, ids, false);
    for (size_t i = 0; i < 3; ++i) {
      const auto want = reference::embed_ids(file, std::span(ids).subspan(i * context, context));
      EXPECT_GE(reference::cosine(std::span(out).subspan(i * model.embed_dim(), model.embed_dim()), want),
                bound);
    }
  }
}

TEST_P(Towers, SameBitsForEveryThreadCountAndBatch) {
  const TinyModel tiny(GetParam().config, 4);
  const Model one = open_with(tiny.path(), 1);
  const size_t n = 9, dim = one.embed_dim();
  for (unsigned threads : {1U, 2U, 3U, 7U}) {
    const Model model = open_with(tiny.path(), threads);
    if (one.info().has_image_tower) {
      const auto pixels = random_pixels(one.info(), n, 5);
      const auto together = embed_pixels(model, pixels);
      for (size_t i = 0; i < n; ++i) {
        const auto alone =
            embed_pixels(one, std::span(pixels).subspan(i * pixels.size() / n, pixels.size() / n));
        EXPECT_TRUE(
            std::equal(alone.begin(), alone.end(), together.begin() + static_cast<ptrdiff_t>(i * dim)))
            << threads << " " << i;
      }
    }
    if (one.info().has_text_tower) {
      const auto ids = random_ids(one.info(), n, 6);
      const auto together = embed_ids(model, ids);
      for (size_t i = 0; i < n; ++i) {
        const auto alone = embed_ids(one, std::span(ids).subspan(i * ids.size() / n, ids.size() / n));
        EXPECT_TRUE(
            std::equal(alone.begin(), alone.end(), together.begin() + static_cast<ptrdiff_t>(i * dim)))
            << threads << " " << i;
      }
    }
  }
}

TEST_P(Towers, SameBitsOnEveryInstructionSetWithFma) {
  const TinyModel tiny(GetParam().config, 7);
  std::vector<float> first_pixels, first_ids;
  for (Isa isa : cpu_isas()) {
    if (isa == Isa::portable) continue;                    // SSE2 has no fused multiply-add
    if (rounds_to_bf16(GetParam().config, isa)) continue;  // promised for f32 and int8 only
    const Model model = open_with(tiny.path(), 2, std::string(to_string(isa)));
    EXPECT_EQ(model.info().isa, to_string(isa));
    if (model.info().has_image_tower) {
      const auto out = embed_pixels(model, random_pixels(model.info(), 5, 8));
      if (first_pixels.empty()) first_pixels = out;
      EXPECT_EQ(out, first_pixels) << to_string(isa);
    }
    if (model.info().has_text_tower) {
      const auto out = embed_ids(model, random_ids(model.info(), 5, 9));
      if (first_ids.empty()) first_ids = out;
      EXPECT_EQ(out, first_ids) << to_string(isa);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Tiny, Towers, testing::ValuesIn(tiny_cases()),
                         [](const auto& tested) { return tested.param.name; });

TEST(Model, PortableKernelsAgree) {
  const TinyModel tiny(tiny_clip(), 10);
  const Model portable = open_with(tiny.path(), 2, "portable"), best = open_with(tiny.path(), 2);
  const auto pixels = random_pixels(best.info(), 2, 11);
  const auto a = embed_pixels(portable, pixels), b = embed_pixels(best, pixels);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
}

TEST(Model, IdsAfterTheEndDoNotMatterInACausalTower) {
  const TinyModel tiny(tiny_clip(), 12);
  const Model model = open_with(tiny.path(), 2);
  auto ids = random_ids(model.info(), 4, 13);
  const auto before = embed_ids(model, ids);
  for (size_t i = 0; i < 4; ++i) {
    const auto text = std::span(ids).subspan(i * model.info().context_length, model.info().context_length);
    const auto end = std::max_element(text.begin(), text.end());
    std::fill(end + 1, text.end(), 5);
  }
  EXPECT_EQ(embed_ids(model, ids), before);
}

TEST(Model, OneConstModelServesManyThreads) {
  const TinyModel tiny(tiny_clip(), 14);
  const Model model = open_with(tiny.path(), 2);
  const auto pixels = random_pixels(model.info(), 6, 15);
  const auto ids = random_ids(model.info(), 6, 16);
  const auto want_pixels = embed_pixels(model, pixels), want_ids = embed_ids(model, ids);
  std::vector<std::thread> users;
  std::vector<int> wrong(8);
  for (size_t user = 0; user < wrong.size(); ++user) {
    users.emplace_back([&, user] {
      for (int turn = 0; turn < 5; ++turn) {
        if (embed_pixels(model, pixels) != want_pixels || embed_ids(model, ids) != want_ids) ++wrong[user];
      }
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_EQ(std::count(wrong.begin(), wrong.end(), 0), static_cast<ptrdiff_t>(wrong.size()));
}

TEST(Model, EmbeddingsAreOfUnitLengthUnlessAskedOtherwise) {
  const TinyModel tiny(tiny_clip(), 17);
  const Model model = open_with(tiny.path(), 1);
  const auto pixels = random_pixels(model.info(), 1, 18);
  const auto unit = embed_pixels(model, pixels), raw = embed_pixels(model, pixels, false);
  double length = 0, raw_length = 0;
  for (float v : unit) length += static_cast<double>(v) * static_cast<double>(v);
  for (float v : raw) raw_length += static_cast<double>(v) * static_cast<double>(v);
  EXPECT_NEAR(length, 1.0, 1e-6);
  EXPECT_GT(std::abs(raw_length - 1.0), 1e-3);
  for (size_t i = 0; i < raw.size(); ++i)
    EXPECT_NEAR(unit[i], static_cast<double>(raw[i]) / std::sqrt(raw_length), 1e-6);
}

TEST(Model, ProbabilitiesAreASoftmaxOfTheLogits) {
  const TinyModel tiny(tiny_clip(), 19);
  const Model model = open_with(tiny.path(), 1);
  const auto image = embed_pixels(model, random_pixels(model.info(), 1, 20));
  const auto texts = embed_ids(model, random_ids(model.info(), 3, 21));
  const auto logits = model.logits(image, texts);
  double sum = 0, cosine = 0;
  for (size_t d = 0; d < model.embed_dim(); ++d)
    cosine += static_cast<double>(image[d]) * static_cast<double>(texts[d]);
  EXPECT_NEAR(logits[0], cosine * static_cast<double>(model.info().logit_scale), 1e-4);
  const auto probabilities = model.probabilities(logits);
  for (float p : probabilities) sum += static_cast<double>(p);
  EXPECT_NEAR(sum, 1.0, 1e-6);
  EXPECT_NEAR(std::log(probabilities[0] / probabilities[1]), logits[0] - logits[1], 1e-3);
}

TEST(Model, ProbabilitiesAreSigmoidsWithALogitBias) {
  ModelConfig config = tiny_clip();
  config.logit_bias = -10.0F;
  const TinyModel tiny(config, 22);
  const Model model = open_with(tiny.path(), 1);
  const std::vector<float> logits = {0.0F, 3.0F};
  EXPECT_NEAR(model.probabilities(logits)[0], 0.5, 1e-7);
  EXPECT_NEAR(model.probabilities(logits)[1], 1 / (1 + std::exp(-3.0)), 1e-6);
  const auto image = embed_pixels(model, random_pixels(model.info(), 1, 23));
  EXPECT_NEAR(model.logits(image, image)[0], model.info().logit_scale - 10.0F, 1e-3);
}

// --- what the caller can do wrong ---

ErrorCode code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& error) {
    return error.code();
  }
  ADD_FAILURE() << "no error";
  return ErrorCode::io;
}

TEST(Model, RefusesSpansOfTheWrongSize) {
  const TinyModel tiny(tiny_clip(), 24);
  const Model model = open_with(tiny.path(), 1);
  auto pixels = random_pixels(model.info(), 2, 25);
  auto ids = random_ids(model.info(), 2, 26);
  std::vector<float> out(2 * model.embed_dim()), small(out.size() - 1);
  EXPECT_EQ(code_of([&] { model.embed_pixels(pixels, small); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { model.embed_pixels(std::span(pixels).first(7), out); }),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { model.embed_ids(ids, small); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { model.embed_ids(std::span(ids).first(3), out); }), ErrorCode::invalid_argument);
  ids[1] = static_cast<int32_t>(model.info().vocab_size);
  EXPECT_EQ(code_of([&] { model.embed_ids(ids, out); }), ErrorCode::invalid_argument);
  ids[1] = -1;
  EXPECT_EQ(code_of([&] { model.embed_ids(ids, out); }), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of([&] { model.logits(small, out); }), ErrorCode::invalid_argument);
}

TEST(Model, SaysWhichTowerIsMissing) {
  ModelConfig image_only = tiny_clip(), text_only = tiny_clip();
  image_only.text.reset();
  image_only.tokenizer.reset();
  text_only.vision.reset();
  text_only.preprocess.reset();
  const TinyModel tiny_image(image_only, 27), tiny_text(text_only, 28);
  const Model image = open_with(tiny_image.path(), 1), text = open_with(tiny_text.path(), 1);
  EXPECT_FALSE(image.info().has_text_tower);
  EXPECT_FALSE(text.info().has_image_tower);
  EXPECT_EQ(code_of([&] { image.embed_text("a cat"); }), ErrorCode::unsupported);
  EXPECT_EQ(code_of([&] { image.tokenize("a cat"); }), ErrorCode::unsupported);
  EXPECT_EQ(code_of([&] { text.embed_pixels({}, {}); }), ErrorCode::unsupported);
}

TEST(Model, NothingIsFineToo) {
  const TinyModel tiny(tiny_clip(), 29);
  const Model model = open_with(tiny.path(), 1);
  model.embed_pixels({}, {});
  model.embed_ids({}, {});
  model.embed_texts({}, {});
  EXPECT_TRUE(model.probabilities({}).empty());
}

TEST(Model, RefusesAnUnknownOrUnavailableInstructionSet) {
  const TinyModel tiny(tiny_clip(), 30);
  EXPECT_EQ(code_of([&] { open_with(tiny.path(), 1, "avx3"); }), ErrorCode::invalid_argument);
  if (!cpu_has(Isa::amx)) {
    EXPECT_EQ(code_of([&] { open_with(tiny.path(), 1, "amx"); }), ErrorCode::isa_unavailable);
  }
}

TEST(Model, WeightsAreUsedFromTheMappingAndScratchIsStated) {
  const TinyModel tiny(tiny_clip(), 31);
  const Model model = open_with(tiny.path(), 1);
  EXPECT_GT(model.info().scratch_bytes, 0U);
  EXPECT_GT(model.info().parameters, 0U);
  EXPECT_NE(model.info().fingerprint, open_with(TinyModel(tiny_clip(), 32).path(), 1).info().fingerprint);
}

}  // namespace
}  // namespace simdclip
