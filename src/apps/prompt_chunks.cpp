// Prompts cut into contexts, as each program does it.
#include "apps/prompt_encoder.h"

namespace simdclip {
namespace {

constexpr size_t kWholeWord = 8;  // comfyui keeps shorter segments in one chunk

}  // namespace

void PromptEncoder::Impl::finish(PromptChunk& chunk, const ConditionOptions& options) const {
  chunk.add(TokenUnit{eos}, 1);
  while (chunk.ids.size() < context) chunk.add(TokenUnit{options.pad_with_end ? eos : 0}, 1);
}

PromptChunk PromptEncoder::Impl::cut(const std::vector<WeightedText>& pieces,
                                     const ConditionOptions& options) const {
  PromptChunk chunk = begun();
  for (const WeightedText& piece : pieces) {
    for (const TokenUnit& unit : units_of(piece.text, options.dialect)) {
      for (const int32_t id : unit) {
        if (chunk.ids.size() + 1 < context) chunk.add(std::span(&id, 1), piece.weight);
      }
    }
  }
  finish(chunk, options);
  return chunk;
}

// A1111's tokenize_line: chunks of 75; where a chunk is full, what follows its last comma moves on with the
// token.
std::vector<PromptChunk> PromptEncoder::Impl::chunks_a1111(const std::vector<WeightedText>& pieces,
                                                           const ConditionOptions& options) const {
  std::vector<PromptChunk> chunks;
  PromptChunk chunk = begun();
  size_t last_comma = 0;  // its place in the chunk; 0: none
  const auto next = [&] {
    finish(chunk, options);
    chunks.push_back(chunk);
    chunk = begun();
    last_comma = 0;
  };
  for (const WeightedText& piece : pieces) {
    if (piece.chunk_break) {
      next();
      continue;
    }
    for (const TokenUnit& unit : units_of(piece.text, options.dialect)) {
      const size_t size = chunk.ids.size();
      const bool full = size == context - 1;
      if (unit == comma) {
        last_comma = size;
      } else if (full && options.comma_backtrack != 0 && last_comma != 0 &&
                 size - last_comma <= options.comma_backtrack) {
        const auto from = static_cast<ptrdiff_t>(last_comma) + 1;
        const std::vector<int32_t> ids(chunk.ids.begin() + from, chunk.ids.end());
        const std::vector<float> weights(chunk.weights.begin() + from, chunk.weights.end());
        chunk.ids.resize(last_comma + 1);
        chunk.weights.resize(last_comma + 1);
        next();
        chunk.ids.insert(chunk.ids.end(), ids.begin(), ids.end());
        chunk.weights.insert(chunk.weights.end(), weights.begin(), weights.end());
      }
      if (chunk.ids.size() == context - 1) {
        next();
        if (unit == comma) last_comma = 0;
      }
      if (chunk.ids.size() + unit.size() > context - 1) next();
      chunk.add(unit, piece.weight);
    }
  }
  if (chunk.ids.size() > 1 || chunks.empty()) next();
  return chunks;
}

// ComfyUI's tokenize_with_weights: segments below eight tokens are not cut.
std::vector<PromptChunk> PromptEncoder::Impl::chunks_comfyui(const std::vector<WeightedText>& pieces,
                                                             const ConditionOptions& options) const {
  std::vector<PromptChunk> chunks;
  PromptChunk chunk = begun();
  const auto next = [&] {
    finish(chunk, options);
    chunks.push_back(chunk);
    chunk = begun();
  };
  const auto add_group = [&](std::span<const int32_t> ids, double weight) {
    const bool large = ids.size() >= kWholeWord;
    while (!ids.empty()) {
      const size_t room = context - 1 - chunk.ids.size();
      if (ids.size() <= room) {
        chunk.add(ids, weight);
        return;
      }
      if (large) {
        chunk.add(ids.first(room), weight);
        ids = ids.subspan(room);
      }
      next();
    }
  };
  for (const WeightedText& piece : pieces) {
    std::vector<int32_t> group;
    for (const TokenUnit& unit : units_of(piece.text, options.dialect)) {
      if (unit[0] >= 0) {
        group.insert(group.end(), unit.begin(), unit.end());
        continue;
      }
      add_group(group, piece.weight);
      group.clear();
      add_group(unit, piece.weight);
    }
    add_group(group, piece.weight);
  }
  next();
  return chunks;
}

}  // namespace simdclip
