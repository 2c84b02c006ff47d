// What compel makes of its prompts: EmbeddingsProvider and Compel.build_conditioning_tensor of compel 2.x.
#include <algorithm>
#include <cmath>

#include "apps/prompt_encoder.h"

namespace simdclip {
namespace {

// states = (states - empty) * weight + empty; empty: one chunk, repeated
void away_from(std::vector<float>& states, const std::vector<float>& empty, double weight) {
  for (size_t i = 0; i < states.size(); ++i) {
    const float nothing = empty[i % empty.size()];
    states[i] = (states[i] - nothing) * static_cast<float>(weight) + nothing;
  }
}

}  // namespace

// A prompt's chunks, and where each of its tokens stands in them, one behind the other.
struct PromptEncoder::Impl::CompelChunks {
  std::vector<PromptChunk> chunks;
  std::vector<size_t> places;
};

// How many of the tokens from `first` on the next chunk takes: _find_next_best_split_point of
// SplitLongTextMode.SENTENCES.
size_t PromptEncoder::Impl::compel_split(std::span<const int32_t> ids) const {
  const size_t room = context - 2;
  if (ids.size() <= room) return ids.size();
  const auto last = [&](const auto& ends) -> size_t {  // what ends there counts to it
    for (size_t i = room; i > 0; --i) {
      if (ends(ids[i - 1])) return i;
    }
    return 0;
  };
  const auto is_one_of = [&](const char* marks) {
    return [this, all = encode_text(marks)](int32_t id) {
      return std::find(all.begin(), all.end(), id) != all.end();
    };
  };
  if (const size_t end = last(is_one_of("."))) return end;
  if (const size_t end = last(is_one_of(", ; :"))) return end;
  const size_t end = last([&](int32_t id) { return tokenizer->ends_word(id); });
  return end == 0 ? room : end;
}

PromptEncoder::Impl::CompelChunks PromptEncoder::Impl::compel_chunks(const std::vector<WeightedText>& pieces,
                                                                     const ConditionOptions& options) const {
  CompelChunks out;
  PromptChunk all;  // without begin and end
  for (const WeightedText& piece : pieces) {
    for (const TokenUnit& unit : units_of(piece.text, options.dialect)) all.add(unit, piece.weight);
  }
  if (options.long_prompts == LongPrompts::cut) {
    out.chunks.push_back(cut(pieces, options));
    for (size_t t = 0; t < all.ids.size(); ++t) out.places.push_back(1 + t);
    return out;
  }
  for (size_t first = 0; first < all.ids.size() || out.chunks.empty();) {
    const size_t count = compel_split(std::span(all.ids).subspan(first));
    PromptChunk chunk = begun();
    for (size_t t = first; t < first + count; ++t) {
      out.places.push_back(out.chunks.size() * context + chunk.ids.size());
      chunk.add(std::span(&all.ids[t], 1), static_cast<double>(all.weights[t]));
    }
    finish(chunk, options);
    out.chunks.push_back(std::move(chunk));
    first += count;
  }
  return out;
}

Conditioning PromptEncoder::Impl::run_compel(const std::vector<PromptChunk>& chunks,
                                             const ConditionOptions& options,
                                             std::span<const uint8_t> hidden) const {
  Conditioning all;
  for (size_t c = 0; c < chunks.size(); ++c) {
    Conditioning z = run(chunks[c], options, hidden.empty() ? hidden : hidden.subspan(c * context, context));
    if (c == 0) {
      all = std::move(z);
    } else {
      append_tokens(all, z);
    }
  }
  weigh_from_empty(all, options);
  return all;
}

// pad_conditioning_tensors_to_same_length
void PromptEncoder::Impl::fill_up(Conditioning& z, size_t tokens, const ConditionOptions& options) const {
  if (z.tokens >= tokens) return;
  const Conditioning nothing = empty(options);
  while (z.tokens < tokens) append_tokens(z, nothing);
}

// get_embeddings_for_weighted_prompt_fragments: pieces below 1 are blended with the prompt that lacks them.
Conditioning PromptEncoder::Impl::compel_prompt(const std::vector<WeightedText>& pieces,
                                                const ConditionOptions& options) const {
  const CompelChunks whole = compel_chunks(pieces, options);
  const size_t tokens = whole.chunks.size() * context;
  Conditioning base = run_compel(whole.chunks, options);
  std::vector<double> sum(base.states.begin(), base.states.end());
  double total = 1;
  size_t first = 0, behind = 0;  // a piece's tokens
  for (size_t i = 0; i < pieces.size(); ++i, first = behind) {
    for (const TokenUnit& unit : units_of(pieces[i].text, options.dialect)) behind += unit.size();
    const bool long_one = options.long_prompts == LongPrompts::chunks;
    if (!long_one && first + 2 >= context) break;
    if (pieces[i].weight >= 1 || first == behind) continue;
    Conditioning without;
    if (options.downweight == Downweight::mask) {
      std::vector<uint8_t> hidden(tokens);
      // Of a piece that is cut off compel hides the end token, too; in chunks neither the first nor the last
      // place of one.
      for (size_t at = whole.places[first]; at <= std::min(whole.places[behind - 1], tokens - 1); ++at)
        hidden[at] = long_one && (at % context == 0 || at % context == context - 1) ? 0 : 1;
      without = run_compel(whole.chunks, options, hidden);
    } else {
      std::vector<WeightedText> others = pieces;
      others.erase(others.begin() + static_cast<ptrdiff_t>(i));
      without = run_compel(compel_chunks(others, options).chunks, options);
      // compel itself fails where a chunk is missing or one too many.
      fill_up(without, base.tokens, options);
      without.states.resize(sum.size());
    }
    const double share = std::tan((1.0 - std::max(1e-5, pieces[i].weight)) * 1.5707963267948966);
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += share * static_cast<double>(without.states[k]);
    total += share;
  }
  for (size_t k = 0; k < sum.size(); ++k) base.states[k] = static_cast<float>(sum[k] / total);
  return base;
}

// _get_conditioning_for_blend
Conditioning PromptEncoder::Impl::compel_blend(const CompelPart& part,
                                               const ConditionOptions& options) const {
  std::vector<Conditioning> ones;
  size_t tokens = 0;
  for (const std::vector<WeightedText>& pieces : part.prompts) {
    ones.push_back(compel_prompt(pieces, options));
    tokens = std::max(tokens, ones.back().tokens);
  }
  for (Conditioning& one : ones) fill_up(one, tokens, options);
  for (size_t k = 0; k < ones[0].states.size(); ++k) {
    float sum = 0;
    for (size_t i = 0; i < ones.size(); ++i) sum += static_cast<float>(part.shares[i]) * ones[i].states[k];
    ones[0].states[k] = sum;
  }
  return std::move(ones[0]);
}

// build_conditioning_tensor_for_conjunction: blends within a part, parts one behind the other.
Conditioning PromptEncoder::Impl::compel(const std::string& prompt, const ConditionOptions& options) const {
  Conditioning all;
  for (const CompelPart& part : parse_compel(prompt)) {
    Conditioning blend = compel_blend(part, options);
    if (part.weight != 1) away_from(blend.states, empty(options).states, part.weight);
    if (all.tokens == 0) {
      all = std::move(blend);
    } else {
      append_tokens(all, blend);
    }
  }
  // Its get_pooled_embeddings takes the prompt as it is written, and cuts it.
  ConditionOptions plain = options;
  plain.dialect = PromptDialect::plain;
  all.pooled = run(cut({{prompt, 1, false}}, plain), plain).pooled;
  return all;
}

}  // namespace simdclip
