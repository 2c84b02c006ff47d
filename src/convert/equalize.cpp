#include "convert/equalize.h"

#include <algorithm>
#include <cmath>

namespace simdclip {
namespace {

// A normally distributed value exceeds this many standard deviations once in 370 times.
constexpr float kDeviations = 3;

// [columns]: the largest magnitude in each column of w [rows, columns].
std::vector<float> column_maxima(std::span<const float> w, size_t columns) {
  std::vector<float> out(columns);
  for (size_t i = 0; i < w.size(); ++i) out[i % columns] = std::max(out[i % columns], std::abs(w[i]));
  return out;
}

std::vector<float> factors(std::span<const float> inputs, std::span<const float> weights) {
  std::vector<float> out(inputs.size(), 1.0F);
  for (size_t i = 0; i < out.size(); ++i) {
    const float factor = std::sqrt(inputs[i]) / std::sqrt(weights[i]);
    if (std::isfinite(factor) && factor > 0) out[i] = factor;
  }
  return out;
}

}  // namespace

Equalizer::Equalizer(std::span<const BoundTensor> bound, const ConvertPlan& plan, const TensorSource& tensors,
                     const std::map<std::string, std::vector<float>>& measured)
    : bound_(bound), plan_(plan), tensors_(tensors), measured_(measured) {
  for (size_t i = 0; i < bound.size(); ++i) by_name_.emplace(bound[i].spec.name, i);
}

std::vector<float> Equalizer::read(const std::string& name) const {
  std::vector<float> values;
  assemble(bound_[by_name_.at(name)], plan_, tensors_, values);
  return values;
}

std::vector<float> Equalizer::inputs(const std::string& weight, std::vector<float> expected) const {
  const auto found = measured_.find(weight);
  return found != measured_.end() && found->second.size() == expected.size() ? found->second
                                                                             : std::move(expected);
}

std::vector<std::string> Equalizer::readers(const std::string& block, std::string_view norm) const {
  const ModelConfig& c = plan_.config;
  const BlockNorm place =
      block.starts_with("visual.") ? c.vision->transformer.norm : c.text->transformer.norm;
  std::vector<std::string> linears;
  if (norm == ".attn.ln") linears = {".attn.proj"};
  if (norm == ".mlp.ln") linears = {".mlp.fc2"};
  if (norm == ".ln_1" && place == BlockNorm::before) linears = {".attn.qkv"};
  if (norm == ".ln_2" && place == BlockNorm::before) linears = {".mlp.gate", ".mlp.fc1"};
  std::vector<std::string> out;
  for (const std::string& linear : linears) {
    const std::string weight = block + linear + ".weight";
    if (by_name_.contains(weight)) out.push_back(weight);
  }
  return out;
}

void Equalizer::plan_norm(const std::string& block, std::string_view norm, std::span<const float> gamma) {
  const std::vector<std::string> weights = readers(block, norm);
  if (weights.empty()) return;
  const std::string name = block + std::string(norm);
  const std::vector<float> beta = read(name + ".bias");
  std::vector<float> expected(gamma.size()), maxima(gamma.size()), w;
  for (size_t i = 0; i < gamma.size(); ++i)
    expected[i] = kDeviations * std::abs(gamma[i]) + std::abs(beta[i]);
  for (const std::string& weight : weights) {
    w = read(weight);
    const std::vector<float> own = column_maxima(w, gamma.size());
    for (size_t i = 0; i < maxima.size(); ++i) maxima[i] = std::max(maxima[i], own[i]);
  }
  const std::vector<float> s = factors(inputs(weights.front(), expected), maxima);
  divide_rows_[name + ".weight"] = divide_rows_[name + ".bias"] = s;
  for (const std::string& weight : weights) multiply_columns_[weight] = s;
  // A norm of the attention's result would undo the division of v.
  if (norm == ".ln_1" && by_name_.contains(block + ".attn.qkv.bias") &&
      !by_name_.contains(block + ".attn.ln.weight")) {
    plan_values(block, gamma, beta, w);
  }
}

// v = W_v ln_1(x) + b: its deviation and mean follow from the norm's weights; attention averages, so the mean
// stays.
void Equalizer::plan_values(std::string_view block, std::span<const float> gamma, std::span<const float> beta,
                            std::span<const float> qkv) {
  const size_t width = gamma.size();
  const std::string proj = std::string(block) + ".attn.proj.weight", rows = std::string(block) + ".attn.qkv";
  const std::vector<float> bias = read(rows + ".bias"), w = read(proj);
  std::vector<float> expected(width), divisors(3 * width, 1.0F);
  for (size_t j = 0; j < width; ++j) {
    double variance = 0, mean = bias[2 * width + j];
    for (size_t k = 0; k < width; ++k) {
      const double value = qkv[(2 * width + j) * width + k];
      variance += value * value * gamma[k] * gamma[k];
      mean += value * beta[k];
    }
    expected[j] = static_cast<float>(kDeviations * std::sqrt(variance) + std::abs(mean));
  }
  const std::vector<float> s = factors(inputs(proj, expected), column_maxima(w, width));
  std::copy(s.begin(), s.end(), divisors.begin() + static_cast<std::ptrdiff_t>(2 * width));
  divide_rows_[rows + ".weight"] = divide_rows_[rows + ".bias"] = divisors;
  multiply_columns_[proj] = s;
}

void Equalizer::apply(const TensorSpec& spec, std::vector<float>& values) {
  for (const std::string_view norm : {".ln_1", ".attn.ln", ".ln_2", ".mlp.ln"}) {
    const size_t end = spec.name.rfind(norm);
    if (end != std::string::npos && std::string_view(spec.name).substr(end + norm.size()) == ".weight" &&
        spec.name.find(".blocks.") != std::string::npos)
      plan_norm(spec.name.substr(0, end), norm, values);
  }
  if (const auto rows = divide_rows_.find(spec.name); rows != divide_rows_.end()) {
    const size_t columns = values.size() / rows->second.size();
    for (size_t i = 0; i < values.size(); ++i) values[i] /= rows->second[i / columns];
    divide_rows_.erase(rows);
  }
  if (const auto columns = multiply_columns_.find(spec.name); columns != multiply_columns_.end()) {
    for (size_t i = 0; i < values.size(); ++i) values[i] *= columns->second[i % columns->second.size()];
    multiply_columns_.erase(columns);
  }
}

}  // namespace simdclip
