// The clip_bpe section: damaged bytes, files that do not belong together, small vocabularies.
#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "support/errors.h"
#include "text/bpe.h"
#include "text/clip_bpe_section.h"
#include "text/tokenizer.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

using Section = std::vector<std::byte>;
using tests::expect_error;

// A vocabulary of all bytes and a few merges, and sections made from it.
std::string symbol(uint8_t byte) {
  const auto order = clip_byte_order();
  size_t i = 0;
  while (order[i] != byte) ++i;
  std::string out;
  append_utf8(out, i < 188 ? char32_t{byte} : static_cast<char32_t>(256 + i - 188));
  return out;
}

std::string quoted(const std::string& token) {
  std::string out = "\"";
  for (char c : token) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string small_vocab(const std::string& more = "") {
  std::string json = "{";
  int id = 0;
  for (const char* end : {"", "</w>"}) {
    for (int b = 0; b < 256; ++b)
      json += quoted(symbol(static_cast<uint8_t>(b)) + end) + ": " + std::to_string(id++) + ", ";
  }
  return json + R"("ab": 600, "abc</w>": 601, "c</w>x": 602, )" + more +
         R"("<|startoftext|>": 700, "<|endoftext|>": 701})";
}

const char* kSmallMerges = "#version: 0.2\na b\nab c</w>\n";

Section small_section() { return clip_bpe_section_from_merges(kSmallMerges, small_vocab(), "small"); }

std::unique_ptr<Tokenizer> make(const Section& section, TextCleaning cleaning = TextCleaning::transformers,
                                uint32_t vocab = 702) {
  TokenizerConfig config;
  config.cleaning = cleaning;
  config.bos_id = 700;
  config.eos_id = 701;
  return make_tokenizer(config, vocab, 77, section, "model.sclip");
}

void put(Section& section, size_t word, uint32_t value) { std::memcpy(section.data() + word * 4, &value, 4); }

TEST(ClipBpeSection, IdsComeFromTheVocabulary) {
  EXPECT_EQ(make(small_section())->encode("abc ab"), (std::vector<int32_t>{700, 601, 'a', 256 + 'b', 701}));
}

TEST(ClipBpeSection, BuiltInIsTheDistributedOne) {
  const Section section = clip_bpe_builtin_section();
  const ClipBpeTable table(section, "test");
  EXPECT_EQ(table.vocab_size(), 49408U);
  EXPECT_EQ(table.byte_id('!', false), 0U);
  EXPECT_EQ(table.byte_id(' ', true), 256U + 220U);
  EXPECT_LT(section.size(), 800'000U);
}

TEST(ClipBpeSection, WorksFromAnyAddress) {
  const Section section = small_section();
  for (size_t shift : {0U, 1U, 2U, 3U}) {
    Section moved(shift);
    moved.insert(moved.end(), section.begin(), section.end());
    TokenizerConfig config;
    config.cleaning = TextCleaning::transformers;
    config.bos_id = 700;
    config.eos_id = 701;
    EXPECT_EQ(make_tokenizer(config, 702, 77, std::span(moved).subspan(shift), "test")->encode("abc"),
              (std::vector<int32_t>{700, 601, 701}));
  }
}

TEST(ClipBpeSection, EveryTruncationIsDamaged) {
  const Section section = small_section();
  for (size_t size = 0; size < section.size(); size += size < 64 ? 1 : 37) {
    expect_error(ErrorCode::damaged,
                 [&] { make(Section(section.begin(), section.begin() + static_cast<std::ptrdiff_t>(size))); },
                 {"model.sclip"});
  }
  Section longer = section;
  longer.resize(section.size() + 4);
  expect_error(ErrorCode::damaged, [&] { make(longer); }, {"expected"});
}

TEST(ClipBpeSection, ImpossibleFieldsAreRefused) {
  const auto with = [](size_t word, uint32_t value) {
    Section section = small_section();
    put(section, word, value);
    return section;
  };
  constexpr size_t kByteIds = 8, kRows = kByteIds + 512, kRight = kRows + 703, kRank = kRight + 2,
                   kResult = kRank + 2, kAdded = kResult + 2;
  expect_error(ErrorCode::unsupported, [&] { make(with(1, 2)); }, {"newer"});
  for (auto [word, value] : std::vector<std::pair<size_t, uint32_t>>{{0, 0},
                                                                     {2, 0},
                                                                     {2, 0xFFFFFFFF},
                                                                     {2, 703},
                                                                     {3, 3},
                                                                     {3, 0xFFFFFFFF},
                                                                     {4, 702},
                                                                     {5, 0xFFFFFFFF},
                                                                     {5, 3},
                                                                     {6, 0xFFFFFFFF},
                                                                     {7, 1},
                                                                     {kByteIds, 702},
                                                                     {kByteIds + 511, 0xFFFFFFF0},
                                                                     {kRows, 1},
                                                                     {kRows + 50, 1},
                                                                     {kRows + 702, 1},
                                                                     {kRows + 702, 3},
                                                                     {kRows + 300, 0xFFFFFFFF},
                                                                     {kRight, 702},
                                                                     {kRank, 2},
                                                                     {kRank, 1},
                                                                     {kResult, 702},
                                                                     {kResult + 1, 0xFFFFFFFF},
                                                                     {kAdded, 702},
                                                                     {kAdded + 1, 2},
                                                                     {kAdded + 2, 1},
                                                                     {kAdded + 3, 0},
                                                                     {kAdded + 3, 0xFFFFFFFF},
                                                                     {kAdded + 8, 0xFFFFFFFF}}) {
    expect_error(ErrorCode::damaged, [&, w = word, v = value] { make(with(w, v)); });
  }
  expect_error(ErrorCode::damaged, [&] { make(small_section(), TextCleaning::open_clip, 600); },
               {"702", "600"});
}

TEST(ClipBpeSection, AFlippedBitIsRefusedOrHarmless) {
  const Section section = small_section();
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i) {
    Section flipped = section;
    flipped[random() % section.size()] ^= std::byte{1} << (random() % 8);
    try {
      make(flipped)->encode("abc \xFF <|endoftext|> ab");
    } catch (const Error&) {
    }
  }
}

TEST(ClipBpeSection, BothPlacesOfAFolderGiveTheSame) {
  const std::string json =
      R"({"normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Replace"}, {"type": "Lowercase"}]},
    "added_tokens": [{"id": 700, "content": "<|startoftext|>", "normalized": false}, {"id": 701, "content": "<|endoftext|>", "normalized": false}],
    "model": {"type": "BPE", "end_of_word_suffix": "</w>", "continuing_subword_prefix": "", "merges": ["a b", ["ab", "c</w>"]], "vocab": )" +
      small_vocab() + "}}";
  EXPECT_EQ(clip_bpe_section_from_tokenizer_json(json, "t"), small_section());
}

TEST(ClipBpeSection, NormalizedAddedTokensAreFoundInAnyCase) {
  const std::string text = "<|ENDOFTEXT|>";
  EXPECT_EQ(make(small_section())->encode(text).size(), 2 + text.size());
  TokenizerSettings settings;
  settings.tokenizer_config_json =
      R"({"added_tokens_decoder": {"701": {"content": "<|endoftext|>", "normalized": true}}})";
  const Section section = clip_bpe_section_from_merges(kSmallMerges, small_vocab(), "t", settings);
  EXPECT_EQ(make(section)->encode(text), (std::vector<int32_t>{700, 701, 701}));
  settings.tokenizer_config_json =
      R"({"eos_token": {"content": "<|endoftext|>", "normalized": true}, "pad_token": "<|endoftext|>"})";
  EXPECT_EQ(clip_bpe_section_from_merges(kSmallMerges, small_vocab(), "t", settings),
            small_section());  // the last mention counts
}

TEST(ClipBpeFiles, WhatDoesNotBelongTogetherIsRefused) {
  const auto merges = [](std::string_view m) {
    return [m] { clip_bpe_section_from_merges(m, small_vocab(), "folder"); };
  };
  const auto vocab = [](const std::string& v) {
    return [v] { clip_bpe_section_from_merges(kSmallMerges, v, "folder"); };
  };
  expect_error(ErrorCode::damaged, merges("a b\na zz\n"), {"'zz'", "folder"});
  expect_error(ErrorCode::damaged, merges("a b c\n"), {"merges.txt line 1"});
  expect_error(ErrorCode::damaged, merges("a b\n\nab\n"), {"line 3"});
  expect_error(ErrorCode::damaged, merges(" b\n"), {"line 1"});
  expect_error(ErrorCode::damaged, merges("a b\na b\n"), {"twice"});
  expect_error(ErrorCode::damaged, merges(std::string_view("a\0b\n", 4)), {"line 1"});
  expect_error(ErrorCode::damaged, merges("b a\n"), {"'ba'"});
  expect_error(ErrorCode::damaged, vocab(""), {"JSON"});
  expect_error(ErrorCode::damaged, vocab("[]"), {"JSON"});
  expect_error(ErrorCode::damaged, vocab("{}"), {"vocab.json"});
  expect_error(ErrorCode::damaged, vocab(R"({"a": -1})"), {"'a'"});
  expect_error(ErrorCode::damaged, vocab(R"({"a": 1e3})"), {"'a'"});
  expect_error(ErrorCode::damaged, vocab(R"({"a": 4294967296})"), {"'a'"});
  expect_error(ErrorCode::damaged, vocab(R"({"a": 1, "b": 1})"), {"two tokens"});
  expect_error(ErrorCode::damaged, vocab(R"({"a": 1})"), {"<|startoftext|>"});
  expect_error(ErrorCode::damaged, vocab(small_vocab().substr(0, 500)), {"JSON"});
  expect_error(ErrorCode::damaged, vocab(small_vocab("\"\xFF\": 650, ")), {"JSON"});
  for (const char* json : {"", "[]", "{}", R"({"model": 1})"}) {
    expect_error(ErrorCode::damaged, [&] { clip_bpe_section_from_tokenizer_json(json, "t.json"); },
                 {"t.json"});
  }
  expect_error(ErrorCode::unsupported,
               [] { clip_bpe_section_from_tokenizer_json(R"({"model": {"type": "Unigram"}})", "t.json"); },
               {"Unigram"});
  expect_error(ErrorCode::unsupported,
               [] { clip_bpe_section_from_tokenizer_json(R"({"model": {"type": "BPE"}})", "t.json"); },
               {"</w>"});
}

// The merge loop as open_clip writes it: all occurrences of the best pair at once.
std::vector<uint32_t> merge_as_open_clip(const ClipBpeTable& table, std::vector<uint32_t> word) {
  for (;;) {
    std::optional<MergeTable::Found> best;
    uint32_t left = 0, right = 0;
    for (size_t i = 0; i + 1 < word.size(); ++i) {
      const auto found = table.merges().find(word[i], word[i + 1]);
      if (found && (!best || found->rank < best->rank)) {
        best = found;
        left = word[i];
        right = word[i + 1];
      }
    }
    if (!best) return word;
    std::vector<uint32_t> joined;
    for (size_t i = 0; i < word.size(); ++i) {
      const bool here = word[i] == left && i + 1 < word.size() && word[i + 1] == right;
      joined.push_back(here ? best->result : word[i]);
      i += here ? 1 : 0;
    }
    word = joined;
  }
}

TEST(Bpe, ShortAndLongWordsAsTheReference) {
  const Section section = clip_bpe_builtin_section();
  const ClipBpeTable table(section, "test");
  std::mt19937 random(7);
  for (int i = 0; i < 3000; ++i) {
    const std::string_view letters = i % 2 == 0 ? "aeinorst" : "ab";
    std::vector<uint32_t> word;
    for (size_t n = 1 + random() % (i % 10 == 0 ? 300 : 70); n > 0; --n)
      word.push_back(table.byte_id(static_cast<uint8_t>(letters[random() % letters.size()]), n == 1));
    const auto want = merge_as_open_clip(table, word);
    bpe_merge(table.merges(), word);
    ASSERT_EQ(word, want);
  }
}

}  // namespace
}  // namespace simdclip
