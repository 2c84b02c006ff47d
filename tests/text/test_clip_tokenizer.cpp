// CLIP's tokenizer: ids, truncation, special tokens.
#include <gtest/gtest.h>

#include "text/tokenizer.h"

namespace simdclip {
namespace {

using Ids = std::vector<int32_t>;

class ClipTokenizer : public testing::Test {
 protected:
  static Ids encode(std::string_view text, TextCleaning cleaning = TextCleaning::open_clip,
                    uint32_t context = 77) {
    static const std::vector<std::byte> section = clip_bpe_builtin_section();
    TokenizerConfig config;
    config.cleaning = cleaning;
    return make_tokenizer(config, 49408, context, section, "test")->encode(text);
  }
};

TEST_F(ClipTokenizer, PlainCaption) {
  const Ids want = {49406, 320, 1125, 539, 320, 2368, 49407};
  EXPECT_EQ(encode("a photo of a cat"), want);
  EXPECT_EQ(encode("  A  PHOTO of\ta\ncat "), want);
  EXPECT_EQ(encode("a photo of a cat", TextCleaning::transformers), want);
}

TEST_F(ClipTokenizer, EmptyTextIsBeginAndEnd) {
  EXPECT_EQ(encode(""), (Ids{49406, 49407}));
  EXPECT_EQ(encode(" \n "), (Ids{49406, 49407}));
}

TEST_F(ClipTokenizer, FinalSigmaDiffersBetweenTheDialects) {
  EXPECT_EQ(encode("ΑΣ"), (Ids{49406, 138, 109, 139, 480, 49407}));
  EXPECT_EQ(encode("ΑΣ", TextCleaning::transformers), (Ids{49406, 138, 109, 139, 481, 49407}));
}

TEST_F(ClipTokenizer, EachDialectHasItsOwnLiteralSpecials) {
  EXPECT_EQ(encode("a <|endoftext|> b"), (Ids{49406, 320, 27, 347, 40786, 4160, 91, 285, 321, 49407}));
  EXPECT_EQ(encode("a <start_of_TEXT> b"), (Ids{49406, 320, 49406, 321, 49407}));
  EXPECT_EQ(encode("a <|endoftext|> b", TextCleaning::transformers), (Ids{49406, 320, 49407, 321, 49407}));
  EXPECT_EQ(encode("<start_of_text>", TextCleaning::transformers),
            (Ids{49406, 283, 1572, 318, 539, 318, 4160, 285, 49407}));
}

TEST_F(ClipTokenizer, TruncationKeepsTheEndToken) {
  std::string text;
  for (int words = 1; words <= 100; ++words) {
    text += "cat ";
    Ids want = {49406};
    want.insert(want.end(), static_cast<size_t>(std::min(words, 75)), 2368);
    want.push_back(49407);
    for (TextCleaning cleaning : {TextCleaning::open_clip, TextCleaning::transformers})
      ASSERT_EQ(encode(text, cleaning), want) << words;
  }
  EXPECT_EQ(encode("cat cat", TextCleaning::open_clip, 3), (Ids{49406, 2368, 49407}));
  EXPECT_EQ(encode("cat cat", TextCleaning::open_clip, 2), (Ids{49406, 49407}));
  EXPECT_EQ(encode("cat cat", TextCleaning::open_clip, 1), (Ids{49407}));
}

}  // namespace
}  // namespace simdclip
