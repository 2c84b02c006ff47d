// The small tokenizers of tests/fixtures/text/tokenizers, read as the converter reads them.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "convert/plan.h"
#include "support/paths.h"
#include "text/tokenizer.h"

namespace simdclip::tests {

inline const std::string kTokenizers = std::string(kFixtures) + "/text/tokenizers";

inline std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

// A plan with a text tower of these sizes and the folder's tokenizer.
inline ConvertPlan tokenizer_plan(const std::string& folder, uint32_t vocab_size = 711,
                                  uint32_t context = 40) {
  ConvertPlan plan;
  plan.config.text = TextConfig{};
  plan.config.text->vocab_size = vocab_size;
  plan.config.text->context_length = context;
  read_transformers_tokenizer(folder, plan);
  return plan;
}

// Of u16 counts and what follows them.
class Records {
 public:
  explicit Records(const std::string& path) : bytes_(read_bytes(path)) {}
  bool more() const { return position_ < bytes_.size(); }
  uint16_t number() {
    uint16_t value = 0;
    std::memcpy(&value, bytes_.data() + position_, sizeof value);
    position_ += sizeof value;
    return value;
  }
  std::string text() {
    const size_t length = number();
    position_ += length;
    return bytes_.substr(position_ - length, length);
  }
  std::vector<int32_t> ids() {
    std::vector<int32_t> out(number());
    for (int32_t& id : out) id = number();
    return out;
  }

 private:
  std::string bytes_;
  size_t position_ = 0;
};

}  // namespace simdclip::tests
