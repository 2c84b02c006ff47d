// Ids of open_clip and transformers for thousands of strings, without Python (make_golden.py wrote them).
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <string>

#include "support/paths.h"
#include "text/tokenizer.h"

namespace simdclip {
namespace {

struct Reader {
  std::string data;
  size_t position = 0;

  template <typename T>
  T number() {
    T value;
    std::memcpy(&value, data.data() + position, sizeof value);
    position += sizeof value;
    return value;
  }
  std::string bytes(size_t n) {
    position += n;
    return data.substr(position - n, n);
  }
  std::vector<int32_t> ids() {
    std::vector<int32_t> out(number<uint8_t>());
    for (int32_t& id : out) id = number<uint16_t>();
    return out;
  }
};

TEST(Golden, IdsOfBothDialects) {
  std::ifstream file(std::string(tests::kFixtures) + "/text/clip_golden.bin", std::ios::binary);
  Reader reader{{std::istreambuf_iterator<char>(file), {}}};
  const auto section = clip_bpe_builtin_section();
  TokenizerConfig config;
  const auto open_clip = make_tokenizer(config, 49408, 77, section, "test");
  config.cleaning = TextCleaning::transformers;
  const auto transformers = make_tokenizer(config, 49408, 77, section, "test");
  size_t count = 0;
  for (; reader.position < reader.data.size(); ++count) {
    const std::string text = reader.bytes(reader.number<uint16_t>());
    EXPECT_EQ(open_clip->encode(text), reader.ids())
        << "open_clip, string " << count << ": " << testing::PrintToString(text);
    EXPECT_EQ(transformers->encode(text), reader.ids())
        << "transformers, string " << count << ": " << testing::PrintToString(text);
  }
  EXPECT_EQ(count, 2600U);
}

}  // namespace
}  // namespace simdclip
