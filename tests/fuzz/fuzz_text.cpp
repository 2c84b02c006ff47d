// Any bytes as text: ids of both dialects in range, begun and ended as they must be, the same when asked
// again. And any bytes as a tokenizer section: an Error or a tokenizer that works.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "simdclip/error.h"
#include "text/tokenizer.h"

namespace {

using namespace simdclip;

std::unique_ptr<Tokenizer> builtin(TextCleaning cleaning) {
  static const std::vector<std::byte> section = clip_bpe_builtin_section();
  TokenizerConfig config;
  config.cleaning = cleaning;
  return make_tokenizer(config, 49408, 77, section, "built in");
}

void check_text(std::string_view text) {
  static const std::unique_ptr<Tokenizer> tokenizers[] = {builtin(TextCleaning::open_clip),
                                                          builtin(TextCleaning::transformers)};
  for (const auto& tokenizer : tokenizers) {
    const std::vector<int32_t> ids = tokenizer->encode(text);
    if (ids.size() < 2 || ids.size() > 77 || ids.front() != 49406 || ids.back() != 49407) std::abort();
    for (int32_t id : ids) {
      if (id < 0 || id >= 49408) std::abort();
    }
    if (tokenizer->encode(text) != ids) std::abort();
  }
}

void check_section(std::span<const std::byte> section) {
  TokenizerConfig config;
  config.bos_id = config.eos_id = 0;
  try {
    make_tokenizer(config, 1U << 20, 77, section, "fuzz")->encode("a photo <|endoftext|> \xFF");
  } catch (const Error& e) {
    if (e.code() != ErrorCode::damaged && e.code() != ErrorCode::unsupported) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check_text({reinterpret_cast<const char*>(data), size});
  check_section({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
