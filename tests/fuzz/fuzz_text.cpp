// Any bytes as text: ids of both dialects in range, begun and ended as they must be, the same when asked
// again. And any bytes as a tokenizer section, as a SentencePiece model and as a tokenizer.json: an Error or
// a tokenizer that works.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "simdclip/error.h"
#include "text/tokenizer.h"
#include "text/tokenizer_build.h"

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

// Runs `open`, which gives a tokenizer or an Error of the codes that bad bytes may have.
void check_opened(const auto& open) {
  try {
    for (int32_t id : open()->encode("a photo <|endoftext|> \xFF</s> e\xCC\x81 <mask>")) {
      if (id < 0 || id >= 1 << 20) std::abort();
    }
  } catch (const Error& e) {
    if (e.code() != ErrorCode::damaged && e.code() != ErrorCode::unsupported &&
        e.code() != ErrorCode::missing_info && e.code() != ErrorCode::shape_mismatch &&
        e.code() != ErrorCode::too_large)
      std::abort();
  }
}

void check_section(std::span<const std::byte> section) {
  for (TokenizerKind kind :
       {TokenizerKind::clip_bpe, TokenizerKind::unigram, TokenizerKind::bpe, TokenizerKind::wordpiece}) {
    for (TextCleaning cleaning : {TextCleaning::open_clip, TextCleaning::siglip}) {
      TokenizerConfig config;
      config.kind = kind;
      config.cleaning = kind == TokenizerKind::unigram ? cleaning : TextCleaning::open_clip;
      config.bos_id = config.eos_id = 0;
      check_opened([&] { return make_tokenizer(config, 1U << 20, 77, section, "fuzz"); });
    }
  }
}

void check_files(std::string_view bytes) {
  for (const char* name :
       {"T5Tokenizer", "SiglipTokenizer", "NllbTokenizer", "TokenizersBackend", "BertTokenizer"}) {
    TokenizerSources sources;
    sources.where = "fuzz";
    sources.tokenizer_class = name;
    (bytes.starts_with('{') ? sources.tokenizer_json : sources.spiece_model) = bytes;
    sources.vocab_txt = bytes;
    BuiltTokenizer built;  // its section must outlive the tokenizer
    check_opened([&] {
      built = build_tokenizer(sources, 1U << 20);
      return make_tokenizer(built.config, 1U << 20, 77, built.section, "fuzz");
    });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check_text({reinterpret_cast<const char*>(data), size});
  check_section({reinterpret_cast<const std::byte*>(data), size});
  check_files({reinterpret_cast<const char*>(data), size});
  return 0;
}
