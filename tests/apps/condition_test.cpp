// How the dialects read prompts (cases from the programs' own documentation), and what encoding makes of
// them.
#include "simdclip/condition.h"

#include <gtest/gtest.h>

#include "apps/fixture_model.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

using Pieces = std::vector<WeightedText>;

void expect_pieces(const std::string& prompt, PromptDialect dialect, const Pieces& expected) {
  const Pieces got = parse_prompt(prompt, dialect);
  ASSERT_EQ(got.size(), expected.size()) << prompt;
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].text, expected[i].text) << prompt;
    EXPECT_NEAR(got[i].weight, expected[i].weight, 1e-12) << prompt;
    EXPECT_EQ(got[i].chunk_break, expected[i].chunk_break) << prompt;
  }
}

TEST(PromptParser, A1111) {
  const auto a = PromptDialect::a1111;
  expect_pieces("normal text", a, {{"normal text", 1, false}});
  expect_pieces("an (important) word", a,
                {{"an ", 1, false}, {"important", 1.1, false}, {" word", 1, false}});
  expect_pieces("(unbalanced", a, {{"unbalanced", 1.1, false}});
  expect_pieces("\\(literal\\]", a, {{"(literal]", 1, false}});
  expect_pieces("(unnecessary)(parens)", a, {{"unnecessaryparens", 1.1, false}});
  expect_pieces("a (((house:1.3)) [on] a (hill:0.5), sun, (((sky))).", a,
                {{"a ", 1, false},
                 {"house", 1.3 * 1.1 * 1.1, false},
                 {" ", 1.1, false},
                 {"on", 1, false},
                 {" a ", 1.1, false},
                 {"hill", 0.55, false},
                 {", sun, ", 1.1, false},
                 {"sky", 1.1 * 1.1 * 1.1 * 1.1, false},
                 {".", 1.1, false}});
  expect_pieces("one BREAK two", a, {{"one", 1, false}, {"BREAK", -1, true}, {"two", 1, false}});
  expect_pieces("BREAKFAST", a, {{"BREAKFAST", 1, false}});
  expect_pieces("", a, {{"", 1, false}});
  expect_error(ErrorCode::invalid_argument, [] { parse_prompt("(a:1.2.3)", PromptDialect::a1111); },
               {"1.2.3"});
}

TEST(PromptParser, ComfyUi) {
  const auto c = PromptDialect::comfyui;
  expect_pieces("a (red) fox", c, {{"a ", 1, false}, {"red", 1.1, false}, {" fox", 1, false}});
  expect_pieces("(a (red:1.5))", c, {{"a ", 1.1, false}, {"red", 1.5, false}});
  expect_pieces("\\(a\\)", c, {{"(a)", 1, false}});
  expect_pieces("(a:b)", c, {{"a:b", 1.1, false}});
  expect_pieces("[a]", c, {{"[a]", 1, false}});
}

TEST(PromptParser, Compel) {
  const auto c = PromptDialect::compel;
  expect_pieces("a red++ fox", c, {{"a", 1, false}, {"red", 1.21, false}, {"fox", 1, false}});
  expect_pieces(
      "a (big fox)1.3, mid-century snow--", c,
      {{"a", 1, false}, {"big fox", 1.3, false}, {", mid-century", 1, false}, {"snow", 0.81, false}});
  expect_pieces("(a (b)+ c)0.5", c, {{"a", 0.5, false}, {"b", 0.55, false}, {"c", 0.5, false}});
  expect_pieces("\"a b\"- x", c, {{"a b", 0.9, false}, {"x", 1, false}});
  expect_pieces("(unbalanced", c, {{"(unbalanced", 1, false}});
  expect_pieces("a fox.attend(1.5) in (deep snow).attend(--)", c,
                {{"a", 1, false}, {"fox", 1.5, false}, {"in", 1, false}, {"deep snow", 0.81, false}});
  expect_error(ErrorCode::invalid_argument,
               [] { parse_prompt("(\"a\" \"b\").and(1, 1)", PromptDialect::compel); },
               {".and(", "list of quoted prompts"});
  expect_error(ErrorCode::invalid_argument,
               [] { parse_prompt("(\"a\", \"b\").and()", PromptDialect::compel); }, {"several prompts"});
}

TEST(PromptParser, CompelPutsPromptsTogether) {
  const std::vector<CompelPart> both = parse_compel("(\"a red+ fox\", \"snow\").and(1, 0.5)");
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[1].weight, 0.5);
  EXPECT_EQ(both[0].prompts[0][1], (WeightedText{"red", 1.1, false}));
  const std::vector<CompelPart> blend = parse_compel(" (\"a fox\",wolf , (an owl)).blend(1, 2, 1) ");
  ASSERT_EQ(blend.size(), 1U);
  EXPECT_EQ(blend[0].shares, (std::vector<double>{0.25, 0.5, 0.25}));
  EXPECT_EQ(blend[0].prompts[1][0].text, "wolf");
  EXPECT_EQ(parse_compel("(\"a\", \"b\").blend(1, -1, no_normalize)")[0].shares,
            (std::vector<double>{1, -1}));
  EXPECT_EQ(parse_compel("(a fox, a wolf) runs")[0].prompts[0].size(), 1U) << "brackets alone make no list";
  const auto refused = [](const std::string& prompt, std::initializer_list<const char*> words) {
    expect_error(
        ErrorCode::invalid_argument, [&] { parse_compel(prompt); }, words);
  };
  refused("a cat.swap(dog) sits", {".swap()", "cross-attention", "diffusers"});
  refused("(\"a\", \"b\").blend(1)", {"1 weights for 2 prompts"});
  refused("(\"a\", \"b\").blend(1, -1)", {"add up to 0"});
  refused("(\"a\", \"b\").and(1, x)", {"'x'"});
  refused("(\"a\", \"b\").and() and more", {"and more", "left out"});
  refused("a fox withLora(fur, 0.5)", {"load_lora_weights"});
}

TEST(PromptParser, HostileInputsEndInTime) {
  for (const auto dialect : {PromptDialect::a1111, PromptDialect::comfyui, PromptDialect::compel}) {
    for (const std::string& piece :
         {std::string("("), std::string("(a"), std::string("((:1)"), std::string("[\\"), std::string(":1.1)"),
          std::string("\"("), std::string(")-")}) {
      std::string prompt;
      for (int i = 0; i < 2000; ++i) prompt += piece;
      try {
        parse_prompt(prompt, dialect);
      } catch (const Error&) {
      }
    }
  }
}

class ConditionTest : public testing::Test {
 protected:
  static const PromptEncoder& encoder() {
    static const PromptEncoder one = PromptEncoder::open(fixture_model_file(), {.threads = 1});
    return one;
  }
};

TEST_F(ConditionTest, PooledIsTheModelsEmbedding) {
  const Conditioning z = encoder().encode("a photo of a cat");
  const std::vector<float> expected = fixture_model().embed_text("a photo of a cat", false);
  ASSERT_EQ(z.pooled.size(), expected.size());
  for (size_t d = 0; d < expected.size(); ++d) EXPECT_NEAR(z.pooled[d], expected[d], 1e-5F);
  EXPECT_EQ(z.states.size(), z.tokens * z.width);
}

TEST_F(ConditionTest, ChunksBreaksAndWeights) {
  std::string prompt;
  for (int i = 0; i < 200; ++i) prompt += "cat ";
  ConditionOptions options;
  options.dialect = PromptDialect::a1111;
  const size_t context = fixture_model().info().context_length, inside = context - 2;
  EXPECT_EQ(encoder().encode(prompt, options).tokens, (200 + inside - 1) / inside * context);
  EXPECT_EQ(encoder().encode("cat BREAK cat", options).tokens, 2 * context);
  options.dialect = PromptDialect::plain;
  EXPECT_EQ(encoder().encode(prompt, options).tokens, context);
  options.dialect = PromptDialect::comfyui;
  const Conditioning plain = encoder().encode("a cat", options),
                     weighted = encoder().encode("a (cat:1.0)", options),
                     more = encoder().encode("a (cat:2)", options);
  EXPECT_EQ(plain.states, weighted.states);
  EXPECT_NE(plain.states, more.states);
}

// By definition: what is hidden may be any word, and what is blended is a sum.
TEST_F(ConditionTest, CompelHidesRemovesAndBlends) {
  ConditionOptions options;
  options.dialect = PromptDialect::compel;
  const auto states = [&](const std::string& prompt) { return encoder().encode(prompt, options).states; };
  const auto expect_near = [](const std::vector<float>& got, const std::vector<float>& expected,
                              float bound) {
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], expected[i], bound) << i;
  };
  const size_t width = encoder().width(), context = fixture_model().info().context_length;
  // A weight of nearly nothing leaves nearly the prompt that hides the word: what stands elsewhere does not
  // know which word it was.
  const std::vector<float> cat = states("a (cat)0.00001 dog"), house = states("a (house)0.00001 dog");
  for (const size_t token : {size_t{0}, size_t{1}, size_t{3}, size_t{4}}) {
    for (size_t d = 0; d < width; ++d)
      EXPECT_NEAR(cat[token * width + d], house[token * width + d], 2e-3F) << token;
  }
  const std::vector<float> masked = states("a (cat)0.5 dog");
  options.downweight = Downweight::remove;
  EXPECT_NE(masked, states("a (cat)0.5 dog"));
  std::vector<float> sum = states("a cat"), other = states("a dog");
  for (size_t i = 0; i < sum.size(); ++i) sum[i] = 0.25F * sum[i] + 0.75F * other[i];
  expect_near(states("(\"a cat\", \"a dog\").blend(1, 3)"), sum, 1e-5F);
  const Conditioning two = encoder().encode("(\"a cat\", \"a dog\").and()", options);
  EXPECT_EQ(two.tokens, 2 * context);
  expect_near({two.states.begin() + static_cast<ptrdiff_t>(context * width), two.states.end()}, other, 0);
}

// A chunk ends with the last sentence that fits; each is the prompt of its own text.
TEST_F(ConditionTest, CompelSplitsLongPromptsAtSentences) {
  ConditionOptions options;
  options.dialect = PromptDialect::compel;
  options.long_prompts = LongPrompts::chunks;
  const size_t context = fixture_model().info().context_length, width = encoder().width();
  std::string first = "cat";
  while (fixture_model().tokenize(first + " cat.")[context - 1] == fixture_model().tokenize("")[context - 1])
    first += " cat";
  first += ".";
  const std::string second = "a dog sits here, at home";
  const Conditioning both = encoder().encode(first + " " + second, options),
                     one = encoder().encode(first, options), two = encoder().encode(second, options);
  ASSERT_EQ(one.tokens, context);
  ASSERT_EQ(both.tokens, 2 * context);
  EXPECT_TRUE(std::equal(one.states.begin(), one.states.end(), both.states.begin()));
  EXPECT_TRUE(std::equal(two.states.begin(), two.states.end(),
                         both.states.begin() + static_cast<ptrdiff_t>(context * width)));
  EXPECT_EQ(both.pooled, encoder().encode(first + " " + second).pooled);
  // A shorter part of a blend is filled up with the empty prompt.
  const Conditioning blend = encoder().encode("(\"" + first + " " + second + "\", \"a dog\").blend(0.5, 0.5)",
                                              options),
                     empty = encoder().encode("", options);
  ASSERT_EQ(blend.tokens, 2 * context);
  for (size_t i = 0; i < context * width; ++i)
    ASSERT_NEAR(blend.states[context * width + i], 0.5F * two.states[i] + 0.5F * empty.states[i], 1e-5F) << i;
}

TEST_F(ConditionTest, Errors) {
  ConditionOptions options;
  options.clip_skip = 100;
  expect_error(ErrorCode::invalid_argument, [&] { encoder().encode("a", options); }, {"clip_skip"});
  expect_error(ErrorCode::invalid_argument, [&] { condition("sd9", {}, "", "", PromptDialect::plain); },
               {"sd1, sd2, sdxl, sd3 or flux"});
  const PromptEncoder* one[] = {&encoder()};
  expect_error(ErrorCode::invalid_argument, [&] { condition("sdxl", one, "", "", PromptDialect::plain); },
               {"2 text towers"});
  expect_error(ErrorCode::invalid_argument, [&] { parse_prompt_dialect("invoke"); });
  const TemporaryFolder folder;
  const NamedTensor wrong[] = {{"x", {2, 2}, {1}}};
  expect_error(ErrorCode::invalid_argument, [&] { write_safetensors(folder.file("x.safetensors"), wrong); });
}

}  // namespace
}  // namespace simdclip::tests
