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
    const float none = nothing.states[i % nothing.states.size()];  // one chunk's
    if (weight != 1.0F) z.states[i] = (z.states[i] - none) * weight + none;
  }
}

}  // namespace simdclip
