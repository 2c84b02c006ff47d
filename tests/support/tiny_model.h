// Small random models as .sclip files, for the tests of every room. "Peaky": attention and activations have
// structure (large logits, spread gains), so that a swapped head or a dropped tail changes the result far
// beyond rounding.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "format/config.h"
#include "format/model_writer.h"
#include "format/schema.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {

// Two towers with odd sizes: no width is a multiple of a panel (16 columns), so every tail is met.
inline ModelConfig tiny_config() {
  ModelConfig c;
  c.name = "tiny";
  c.source = "tests/support/tiny_model.h";
  c.embed_dim = 20;
  VisionConfig v;
  v.image_height = v.image_width = 32;
  v.patch_size = 8;
  v.transformer = {.width = 36,
                   .layers = 2,
                   .heads = 3,
                   .mlp_width = 84,
                   .activation = Activation::gelu,
                   .norm_eps = 1e-5F};
  c.vision = v;
  TextConfig t;
  t.vocab_size = 70;
  t.context_length = 12;
  t.transformer = {.width = 24,
                   .layers = 2,
                   .heads = 2,
                   .mlp_width = 50,
                   .activation = Activation::quick_gelu,
                   .norm_eps = 1e-5F};
  t.eos_id = 69;
  c.text = t;
  PreprocessConfig p;
  p.mean = {0.48145466F, 0.4578275F, 0.40821073F};
  p.std = {0.26862954F, 0.26130258F, 0.27577711F};
  c.preprocess = p;
  TokenizerConfig k;
  k.bos_id = 68;
  k.eos_id = 69;
  c.tokenizer = k;
  c.logit_scale = 100.0F;
  return c;
}

// An image tower that is a residual network of 32 x 96 pixels.
inline VisionConfig tiny_resnet(uint32_t width, std::array<uint32_t, 4> blocks, uint32_t heads) {
  VisionConfig v;
  v.image_height = 32;
  v.image_width = 96;
  v.resnet = ResNetConfig{width, blocks};
  v.patch_size = 32;
  v.transformer = {
      .width = 32 * width, .layers = 0, .heads = 1, .mlp_width = 0, .activation = Activation::relu};
  v.pre_norm = v.post_norm = false;
  v.pooling = Pooling::attention;
  v.attention_pool = AttentionPoolConfig{.heads = heads, .token_query = true};
  v.projection_bias = true;
  return v;
}

// The values of one tensor: deterministic for a seed and a name, whatever else the model holds.
inline std::vector<float> peaky_values(const TensorSpec& spec, uint64_t seed) {
  std::seed_seq sequence(spec.name.begin(), spec.name.end());
  std::vector<uint32_t> word(1);
  sequence.generate(word.begin(), word.end());
  std::mt19937_64 random(seed * 0x9E3779B97F4A7C15ULL + word[0]);
  // Box-Muller by hand: std::normal_distribution differs between standard libraries.
  const auto uniform = [&random] { return (static_cast<double>(random() >> 11U) + 0.5) * 0x1p-53; };
  const auto normal = [&uniform] {
    return std::sqrt(-2 * std::log(uniform())) * std::cos(6.283185307179586 * uniform());
  };
  const auto is = [&spec](const char* part) { return spec.name.find(part) != std::string::npos; };
  const bool norm = is(".ln_");
  double scale = 0.1;  // biases
  if (spec.shape.size() == 2) scale = 1.5 / std::sqrt(static_cast<double>(spec.shape[1]));
  if (is("attn.qkv.weight")) scale *= 2;  // peaky attention
  if (is("embedding")) scale = 0.5;
  std::vector<float> values(element_count(spec));
  for (float& value : values) {
    if (norm && is(".weight")) {
      value = static_cast<float>(1 + 0.3 * normal());
    } else {
      value = static_cast<float>(scale * normal());
    }
  }
  return values;
}

using Tensors = std::map<std::string, std::vector<float>>;

// Writes a model with peaky_values; `tensors`, where given, receives the logical values of every tensor. The
// tokenizer section is handed through (any bytes do where nothing tokenizes).
inline void write_tiny_model(const std::string& path, const ModelConfig& config, uint64_t seed = 1,
                             Tensors* tensors = nullptr, const std::vector<std::byte>& tokenizer = {}) {
  std::vector<std::byte> section = tokenizer;
  if (section.empty() && config.text) section.assign(40, std::byte{0x2a});
  ModelWriter writer(path, config, section);
  for (const TensorSpec& spec : writer.specs()) {
    auto values = peaky_values(spec, seed);
    writer.write(spec, values);
    if (tensors != nullptr) (*tensors)[spec.name] = std::move(values);
  }
  writer.commit();
}

}  // namespace simdclip::tests
