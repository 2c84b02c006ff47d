#include "text/tokenizer.h"

#include "base/fail.h"
#include "text/clip_bpe_tokenizer.h"
#include "text/pipeline_tokenizer.h"
#include "text/siglip_tokenizer.h"

namespace simdclip {

std::unique_ptr<Tokenizer> make_tokenizer(const TokenizerConfig& config, uint32_t vocab_size,
                                          uint32_t context_length, std::span<const std::byte> section,
                                          const std::string& where) {
  if (vocab_size == 0 || context_length == 0) {
    fail(ErrorCode::damaged, where, ": a tokenizer without a text tower's sizes (vocabulary ", vocab_size,
         ", context ", context_length, ")");
  }
  switch (config.kind) {
    case TokenizerKind::clip_bpe:
      return std::make_unique<ClipBpeTokenizer>(config, vocab_size, context_length, section, where);
    case TokenizerKind::unigram:
      if (is_sentencepiece_section(section))
        return std::make_unique<SiglipTokenizer>(config, vocab_size, context_length, section, where);
      [[fallthrough]];
    case TokenizerKind::bpe:
    case TokenizerKind::wordpiece:
      return std::make_unique<PipelineTokenizer>(config, vocab_size, context_length, section, where);
  }
  fail(ErrorCode::unsupported, where,
       ": a tokenizer of a kind that this program does not know; use a newer simdclip");
}

}  // namespace simdclip
