// Tokenizer files that are missing, damaged or of another kind.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <random>

#include "support/errors.h"
#include "text/tokenizer_build.h"
#include "text/tokenizer_folder.h"

namespace simdclip {
namespace {

using json = nlohmann::json;
using tests::expect_error;
using tests::kTokenizers;
using tests::read_bytes;

TokenizerSources sources(const std::string& tokenizer_class) {
  TokenizerSources s;
  s.where = "folder";
  s.tokenizer_class = tokenizer_class;
  return s;
}

json bpe() {
  return json::parse(
      R"({"model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": false, "fuse_unk": false,
    "vocab": {"<unk>": 0, "a": 1, "b": 2, "ab": 3, "</s>": 4}, "merges": ["a b"]},
    "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "WhitespaceSplit"},
    "post_processor": {"type": "TemplateProcessing", "single": [{"Sequence": {"id": "A", "type_id": 0}},
      {"SpecialToken": {"id": "</s>", "type_id": 0}}]},
    "added_tokens": [{"id": 4, "content": "</s>", "normalized": false, "special": true}]})");
}

std::vector<int32_t> encode(const json& tokenizer, std::string_view text, uint32_t vocab_size = 10) {
  TokenizerSources s = sources("TokenizersBackend");
  s.tokenizer_json = tokenizer.dump();
  const BuiltTokenizer built = build_tokenizer(s, vocab_size);
  return make_tokenizer(built.config, vocab_size, 16, built.section, "test")->encode(text);
}

TEST(TokenizerJson, AsItIs) {
  EXPECT_EQ(encode(bpe(), "AB a</s>xb"), (std::vector<int32_t>{3, 1, 4, 0, 2, 4}));
  json j = bpe();
  j["model"]["unk_token"] = nullptr;  // what is unknown is dropped
  EXPECT_EQ(encode(j, "axb"), (std::vector<int32_t>{3, 4}));
  j = bpe();
  j["post_processor"] = nullptr;
  EXPECT_EQ(encode(j, "ab"), (std::vector<int32_t>{3}));
  EXPECT_EQ(encode(j, ""), (std::vector<int32_t>{}));
}

TEST(TokenizerJson, WhatIsNotKnownIsNamed) {
  const auto refused = [](ErrorCode code, const auto& change, std::initializer_list<const char*> parts) {
    json j = bpe();
    change(j);
    expect_error(
        code, [&] { encode(j, "a"); }, parts);
  };
  const auto unsupported = ErrorCode::unsupported, damaged = ErrorCode::damaged;
  refused(unsupported, [](json& j) { j["normalizer"]["type"] = "Nmt"; }, {"Nmt"});
  refused(unsupported, [](json& j) { j["pre_tokenizer"]["type"] = "Punctuation"; }, {"Punctuation"});
  refused(unsupported,
          [](json& j) {
            j["pre_tokenizer"] = {{"type", "Split"}, {"pattern", {{"Regex", "x+"}}}};
          },
          {"x+"});
  refused(unsupported, [](json& j) { j["post_processor"] = {{"type", "Odd"}}; }, {"post_processor", "Odd"});
  refused(unsupported,
          [](json& j) { j["post_processor"]["single"].push_back(j["post_processor"]["single"][1]); },
          {"two tokens"});
  refused(unsupported, [](json& j) { j["model"]["type"] = "WordLevel"; }, {"WordLevel"});
  refused(unsupported, [](json& j) { j["model"]["dropout"] = 0.1; }, {"dropout"});
  refused(unsupported, [](json& j) { j["model"]["continuing_subword_prefix"] = "@@"; }, {"prefix"});
  refused(unsupported, [](json& j) { j["added_tokens"][0]["single_word"] = true; }, {"single_word"});
  refused(damaged, [](json& j) { j["model"]["merges"][0] = "a  b"; }, {"a  b"});
  refused(damaged, [](json& j) { j["model"]["merges"][0] = "a z"; }, {"'z'"});
  refused(damaged, [](json& j) { j["model"]["merges"].push_back("a b"); }, {"twice"});
  refused(damaged, [](json& j) { j["model"]["vocab"]["b"] = 1; }, {"two pieces have the id 1"});
  refused(damaged, [](json& j) { j["model"]["vocab"]["b"] = -1; }, {"-1"});
  refused(damaged, [](json& j) { j["model"]["vocab"]["b"] = 4000000000U; }, {"4000000000"});
  refused(damaged, [](json& j) { j["model"].erase("vocab"); }, {"vocab"});
  refused(damaged, [](json& j) { j.erase("model"); }, {"model"});
  refused(damaged, [](json& j) { j["added_tokens"][0].erase("id"); }, {"without id"});
  refused(damaged, [](json& j) { j["post_processor"]["single"][1]["SpecialToken"]["id"] = "<e>"; },
          {"<e>", "end"});
  refused(ErrorCode::shape_mismatch, [](json& j) { j["model"]["vocab"]["zz"] = 12; }, {"13", "10"});
}

TEST(TokenizerJson, UnigramScoresAndIds) {
  json j = bpe();
  j["model"] =
      json::parse(R"({"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0], ["a", -1.5], ["</s>", 0]]})");
  EXPECT_EQ(encode(j, "aaz"), (std::vector<int32_t>{1, 1, 0, 2}));
  const auto refused = [&](const auto& change, std::initializer_list<const char*> parts) {
    json k = j;
    change(k["model"]);
    expect_error(
        ErrorCode::damaged, [&] { encode(k, "a"); }, parts);
  };
  refused([](json& m) { m["vocab"][1] = "a"; }, {"score"});
  refused([](json& m) { m["vocab"][1][1] = "x"; }, {"score"});
  refused([](json& m) { m["unk_id"] = 3; }, {"unknown"});
  j["model"].erase("unk_id");
  expect_error(ErrorCode::unsupported, [&] { encode(j, "a"); }, {"unk_id"});
}

TEST(TokenizerFiles, MissingOnesAreNamed) {
  for (const auto& [name, file] :
       {std::pair("T5Tokenizer", "spiece.model"), std::pair("SiglipTokenizer", "spiece.model"),
        std::pair("XLMRobertaTokenizer", "sentencepiece.bpe.model"),
        std::pair("NllbTokenizer", "tokenizer.json"), std::pair("GemmaTokenizer", "tokenizer.json"),
        std::pair("BertTokenizer", "vocab.txt"), std::pair("RobertaTokenizer", "merges.txt"),
        std::pair("", "tokenizer.json")})
    expect_error(ErrorCode::missing_info, [name = name] { build_tokenizer(sources(name), 1000); },
                 {"folder", file});
  expect_error(ErrorCode::unsupported, [] { build_tokenizer(sources("MarianTokenizer"), 1000); },
               {"MarianTokenizer"});
}

TEST(TokenizerFiles, SettingsThatWouldChangeIds) {
  TokenizerSources s = sources("SiglipTokenizer");
  s.spiece_model = read_bytes(kTokenizers + "/siglip/spiece.model");
  s.tokenizer_config = R"({"do_lower_case": false})";
  expect_error(ErrorCode::unsupported, [&] { build_tokenizer(s, 1000); }, {"do_lower_case"});
  s.tokenizer_config = R"({"eos_token": "<gone>"})";
  expect_error(ErrorCode::damaged, [&] { build_tokenizer(s, 703); }, {"<gone>"});
  s.tokenizer_config = R"({"added_tokens_decoder": {"x": {"content": "a"}}})";
  expect_error(ErrorCode::damaged, [&] { build_tokenizer(s, 1000); }, {"'x'"});
  s.tokenizer_config = "[]";
  expect_error(ErrorCode::damaged, [&] { build_tokenizer(s, 1000); }, {"tokenizer_config.json"});
  s.tokenizer_config.clear();
  expect_error(ErrorCode::shape_mismatch, [&] { build_tokenizer(s, 100); }, {"100"});
}

TEST(TokenizerFiles, PlaceholdersBeyondTheEmbeddingAreNoMismatch) {
  json j = json::parse(
      R"({"model": {"type": "Unigram", "unk_id": 2, "vocab": [["<pad>", 0], ["</s>", 0], ["<unk>", 0],
    ["a", -1.5], ["\u2581", -2], ["<extra_id_1>", 0], ["\u2581<extra_id_0>", 0]]}})");
  TokenizerSources s = sources("T5Tokenizer");
  s.tokenizer_json = j.dump();
  const BuiltTokenizer built = build_tokenizer(s, 5);
  const auto ids = make_tokenizer(built.config, 5, 16, built.section, "test")->encode("a <extra_id_0>");
  for (int32_t id : ids) EXPECT_LT(id, 5);
  EXPECT_EQ((std::vector<int32_t>(ids.begin(), ids.begin() + 3)), (std::vector<int32_t>{4, 3, 4}));
  j["model"]["vocab"][5][0] = "word";
  s.tokenizer_json = j.dump();
  expect_error(ErrorCode::shape_mismatch, [&] { build_tokenizer(s, 5); }, {"7 pieces", "5 rows"});
}

TEST(TokenizerFiles, DamagedModelsAreRefusedOrHarmless) {
  const std::string good = read_bytes(kTokenizers + "/xlm_roberta/sentencepiece.bpe.model");
  std::mt19937 random(4);
  for (int i = 0; i < 300; ++i) {
    TokenizerSources s = sources("XLMRobertaTokenizer");
    s.spiece_model = good.substr(0, i % 3 == 0 ? random() % good.size() : good.size());
    for (int n = i % 3 == 0 ? 0 : 1 + i % 4; n > 0; --n)
      s.spiece_model[random() % s.spiece_model.size()] = static_cast<char>(random());
    try {
      const BuiltTokenizer built = build_tokenizer(s, 1000);
      for (int32_t id :
           make_tokenizer(built.config, 1000, 40, built.section, "t")->encode("a photo \xFF e\xCC\x81"))
        ASSERT_TRUE(id >= 0 && id < 1000);
    } catch (const Error& error) {
      EXPECT_TRUE(error.code() == ErrorCode::damaged || error.code() == ErrorCode::unsupported ||
                  error.code() == ErrorCode::missing_info)
          << error.what();
    }
  }
}

}  // namespace
}  // namespace simdclip
