// How weights act on states, in each program's way.
#include <algorithm>
#include <cmath>

#include "apps/prompt_encoder.h"

namespace simdclip {
namespace {

bool unweighted(const Conditioning& z) {
  return std::all_of(z.weights.begin(), z.weights.end(), [](float w) { return w == 1.0F; });
}

double mean_of(const std::vector<float>& values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value);
  return sum / static_cast<double>(values.size());
}

// states = (states - empty) * weight + empty; empty: one chunk, repeated
void away_from(std::vector<float>& states, const std::vector<float>& empty, double weight) {
  for (size_t i = 0; i < states.size(); ++i) {
    const float nothing = empty[i % empty.size()];
    states[i] = (states[i] - nothing) * static_cast<float>(weight) + nothing;
  }
}

}  // namespace

void append_tokens(Conditioning& all, const Conditioning& next) {
  all.tokens += next.tokens;
  all.states.insert(all.states.end(), next.states.begin(), next.states.end());
  all.ids.insert(all.ids.end(), next.ids.begin(), next.ids.end());
  all.weights.insert(all.weights.end(), next.weights.begin(), next.weights.end());
}

Conditioning PromptEncoder::Impl::empty(const ConditionOptions& options) const {
  PromptChunk nothing = begun();
  finish(nothing, options);
  return run(nothing, options);
}

void PromptEncoder::Impl::weigh_a1111(Conditioning& z) const {
  if (unweighted(z)) return;
  const double before = mean_of(z.states);
  for (size_t i = 0; i < z.states.size(); ++i) z.states[i] *= z.weights[i / width];
  const double scale = before / mean_of(z.states);
  if (!std::isfinite(scale)) return;
  for (float& value : z.states) value = static_cast<float>(static_cast<double>(value) * scale);
}

void PromptEncoder::Impl::weigh_from_empty(Conditioning& z, const ConditionOptions& options) const {
  if (unweighted(z)) return;
  const Conditioning nothing = empty(options);
  for (size_t i = 0; i < z.states.size(); ++i) {
    const float weight = z.weights[i / width];
    if (weight != 1.0F) z.states[i] = (z.states[i] - nothing.states[i]) * weight + nothing.states[i];
  }
}

// compel's get_embeddings_for_weighted_prompt_fragments: pieces below 1 are blended with the prompt that
// lacks them.
Conditioning PromptEncoder::Impl::compel_prompt(const std::vector<WeightedText>& pieces,
                                                const ConditionOptions& options) const {
  const PromptChunk chunk = cut(pieces, options);
  Conditioning base = run(chunk, options);
  weigh_from_empty(base, options);
  std::vector<double> sum(base.states.begin(), base.states.end());
  double total = 1;
  size_t begin = 1, end = 1;  // of a piece's tokens
  for (size_t i = 0; i < pieces.size() && begin < context - 1; ++i, begin = end) {
    for (const TokenUnit& unit : units_of(pieces[i].text, options.dialect)) end += unit.size();
    if (pieces[i].weight >= 1 || begin == end) continue;
    Conditioning without;
    if (options.downweight == Downweight::mask) {
      std::vector<uint8_t> hidden(context);
      // Of a piece that is cut off compel hides the end token, too.
      std::fill(hidden.begin() + static_cast<ptrdiff_t>(begin),
                hidden.begin() + static_cast<ptrdiff_t>(std::min(end, context)), 1);
      without = run(chunk, options, hidden);
    } else {
      std::vector<WeightedText> others = pieces;
      others.erase(others.begin() + static_cast<ptrdiff_t>(i));
      without = run(cut(others, options), options);
    }
    weigh_from_empty(without, options);
    const double share = std::tan((1.0 - std::max(1e-5, pieces[i].weight)) * 1.5707963267948966);
    for (size_t k = 0; k < sum.size(); ++k) sum[k] += share * static_cast<double>(without.states[k]);
    total += share;
  }
  for (size_t k = 0; k < sum.size(); ++k) base.states[k] = static_cast<float>(sum[k] / total);
  return base;
}

// build_conditioning_tensor_for_conjunction: blends within a part, parts one behind the other.
Conditioning PromptEncoder::Impl::compel(const std::string& prompt, const ConditionOptions& options) const {
  Conditioning all;
  for (const CompelPart& part : parse_compel(prompt)) {
    Conditioning blend;
    for (size_t i = 0; i < part.prompts.size(); ++i) {
      Conditioning one = compel_prompt(part.prompts[i], options);
      const auto share = static_cast<float>(part.shares[i]);
      for (float& value : one.states) value *= share;
      if (i == 0) {
        blend = std::move(one);
      } else {
        std::transform(blend.states.begin(), blend.states.end(), one.states.begin(), blend.states.begin(),
                       std::plus<>());
      }
    }
    if (part.weight != 1) away_from(blend.states, empty(options).states, part.weight);
    if (all.tokens == 0) {
      all = std::move(blend);
    } else {
      append_tokens(all, blend);
    }
  }
  // Its get_pooled_embeddings takes the prompt as it is written.
  ConditionOptions plain = options;
  plain.dialect = PromptDialect::plain;
  all.pooled = run(cut({{prompt, 1, false}}, plain), plain).pooled;
  return all;
}

}  // namespace simdclip
