// Every family's tokenizer gives transformers' ids, and open_clip's settings change what they must.
#include <gtest/gtest.h>

#include <filesystem>

#include "format/model_writer.h"
#include "support/errors.h"
#include "support/temporary_folder.h"
#include "text/tokenizer_folder.h"

namespace simdclip {
namespace {

using tests::expect_error;
using tests::kTokenizers;
using tests::Records;
using tests::tokenizer_plan;

// The plan's section must outlive the tokenizer.
std::unique_ptr<Tokenizer> open(const ConvertPlan& plan) {
  return make_tokenizer(*plan.config.tokenizer, plan.config.text->vocab_size,
                        plan.config.text->context_length, plan.tokenizer, "test");
}

class Family : public testing::TestWithParam<const char*> {};

TEST_P(Family, IdsAsTransformers) {
  const ConvertPlan plan = tokenizer_plan(kTokenizers + "/" + GetParam());
  const auto tokenizer = open(plan);
  Records texts(kTokenizers + "/texts.bin"), ids(kTokenizers + "/" + GetParam() + "/ids.bin");
  size_t count = 0;
  for (; texts.more(); ++count) {
    const std::string text = texts.text();
    EXPECT_EQ(tokenizer->encode(text), ids.ids()) << testing::PrintToString(text);
  }
  EXPECT_FALSE(ids.more());
  EXPECT_GE(count, 330U);
}

TEST_P(Family, AMegabyteOfAnything) {
  const ConvertPlan plan = tokenizer_plan(kTokenizers + "/" + GetParam());
  const auto tokenizer = open(plan);
  for (std::string_view unit :
       {std::string_view("a"), std::string_view(" "), std::string_view("\xFF"), std::string_view("e\xCC\x81"),
        std::string_view("<mask>"), std::string_view("</s> "), std::string_view("\0", 1)}) {
    std::string text;
    while (text.size() < 1'000'000) text += unit;
    const auto ids = tokenizer->encode(text);
    EXPECT_LE(ids.size(), 40U);
    for (int32_t id : ids) ASSERT_TRUE(id >= 0 && id < 711);
  }
}

TEST_P(Family, OpensAndEncodesAtAnyAddress) {
  const ConvertPlan plan = tokenizer_plan(kTokenizers + "/" + GetParam());
  const std::string text = "Two dogs, \xC3\xA9t\xC3\xA9 \xE7\x8A\xAC";
  const auto want = open(plan)->encode(text);
  std::vector<std::byte> moved(plan.tokenizer.size() + 8);
  for (size_t shift = 1; shift < 8; ++shift) {
    std::copy(plan.tokenizer.begin(), plan.tokenizer.end(),
              moved.begin() + static_cast<std::ptrdiff_t>(shift));
    const auto tokenizer = make_tokenizer(*plan.config.tokenizer, 711, 40,
                                          std::span(moved).subspan(shift, plan.tokenizer.size()), "test");
    EXPECT_EQ(tokenizer->encode(text), want);
  }
}

TEST_P(Family, ContextsOfAnyLength) {
  ConvertPlan plan = tokenizer_plan(kTokenizers + "/" + GetParam());
  const bool left = plan.config.tokenizer->pad_left;
  const auto all = open(tokenizer_plan(kTokenizers + "/" + GetParam(), 711, 200))->encode("a b c d e f g");
  for (uint32_t context : {2U, 3U, 5U, 8U}) {
    plan.config.text->context_length = context;
    const auto ids = open(plan)->encode("a b c d e f g");
    ASSERT_EQ(ids.size(), context);
    if (plan.config.tokenizer->add_eos) {
      EXPECT_EQ(ids.back(), static_cast<int32_t>(plan.config.tokenizer->eos_id));
    }
    if (!left) {
      EXPECT_EQ(ids[0], all[0]);
    }
  }
}

TEST_P(Family, ConfigurationSurvivesItsFile) {
  ConvertPlan plan = tokenizer_plan(kTokenizers + "/" + GetParam());
  ModelConfig& c = plan.config;
  c.embed_dim = 8;
  c.text->transformer = {.width = 8, .layers = 1, .heads = 1, .mlp_width = 8};
  validate(c, "test");
  const ModelConfig read = config_from_json(to_json(c), "test");
  EXPECT_EQ(to_json(read), to_json(c));
  EXPECT_EQ(read.tokenizer->kind, c.tokenizer->kind);
  EXPECT_EQ(read.tokenizer->pad_left, c.tokenizer->pad_left);
  EXPECT_EQ(read.tokenizer->add_bos, c.tokenizer->add_bos);
}

INSTANTIATE_TEST_SUITE_P(All, Family,
                         testing::Values("siglip", "t5_c4_json", "xlm_roberta", "nllb", "siglip2",
                                         "gemma_left", "bert", "roberta"),
                         [](const auto& i) { return std::string(i.param); });

// --- open_clip's settings ---

ConvertPlan open_clip_plan(const std::string& folder, OpenClipTokenizer wanted, uint32_t context = 40) {
  ConvertPlan plan;
  plan.config.text = TextConfig{};
  plan.config.text->vocab_size = 711;
  plan.config.text->context_length = context;
  plan.open_clip_tokenizer = std::move(wanted);
  SourceFiles source;
  source.folder = folder;
  source.weights = folder + "/open_clip_model.safetensors";
  read_open_clip_tokenizer(source, plan);
  return plan;
}

TEST(OpenClipTokenizers, CanonicalizedSigLip) {
  const ConvertPlan plan = open_clip_plan(kTokenizers + "/siglip", {"timm/ViT-B-16-SigLIP", "canonicalize"});
  const auto tokenizer = open(plan);
  EXPECT_EQ(tokenizer->pad_id(), 1);
  const auto ids = tokenizer->encode("A  photo_of a CAT!");
  EXPECT_EQ(ids, tokenizer->encode("a photo of a cat"));
  EXPECT_EQ(ids.back(), 1);
  EXPECT_NE(tokenizer->encode("a photoof a cat"), ids);  // transformers' rule for `_`
}

TEST(OpenClipTokenizers, ClipaWritesItsSeparatorAsZero) {
  const ConvertPlan with = open_clip_plan(kTokenizers + "/bert", {"bert-base-uncased", "", true}),
                    without = open_clip_plan(kTokenizers + "/bert", {"bert-base-uncased", "", false});
  auto ids = open(without)->encode("dogs [SEP] in the snow");
  const auto separator = static_cast<int32_t>(without.config.tokenizer->eos_id);
  EXPECT_EQ(std::count(ids.begin(), ids.end(), separator), 2);
  std::replace(ids.begin(), ids.end(), separator, 0);
  EXPECT_EQ(open(with)->encode("dogs [SEP] in the snow"), ids);
  EXPECT_EQ(with.config.tokenizer->cleaning, TextCleaning::open_clip_whitespace);
}

TEST(OpenClipTokenizers, AFolderWithoutSettingsIsReadByName) {
  tests::TemporaryFolder folder;
  std::filesystem::copy_file(kTokenizers + "/siglip2/tokenizer.json", folder.file("tokenizer.json"));
  const ConvertPlan plan =
      open_clip_plan(folder.path().string(), {"timm/ViT-B-16-SigLIP2-256", "canonicalize"}, 64);
  EXPECT_FALSE(plan.config.tokenizer->pad_left);
  EXPECT_TRUE(plan.config.tokenizer->add_eos);
  EXPECT_EQ(plan.config.tokenizer->eos_id, 1U);
  EXPECT_EQ(plan.config.tokenizer->pad_id, 0U);
}

TEST(OpenClipTokenizers, MissingFilesAreNamed) {
  tests::TemporaryFolder folder;
  const auto missing = [&](const char* name, std::initializer_list<const char*> parts) {
    expect_error(
        ErrorCode::missing_info,
        [&] {
          open_clip_plan(folder.path().string(), {name, ""});
        },
        parts);
  };
  missing("bert-base-uncased", {"bert-base-uncased", "vocab.txt"});
  missing("timm/ViT-B-16-SigLIP", {"timm/ViT-B-16-SigLIP", "spiece.model"});
  missing("timm/ViT-B-16-SigLIP2", {"tokenizer.json"});
  missing("xlm-roberta-base", {"sentencepiece.bpe.model"});
  missing("roberta-base", {"merges.txt"});
}

}  // namespace
}  // namespace simdclip
