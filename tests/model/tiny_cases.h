// Small models that meet every switch of the towers.
#pragma once

#include <string>
#include <vector>

#include "support/tiny_model.h"
#include "text/clip_bpe_section.h"

namespace simdclip {

// Byte-level vocabulary without merges: ids 0..511 are bytes, then the begin and the end token.
inline std::vector<std::byte> tiny_tokenizer() {
  ClipBpe bpe;
  bpe.vocab_size = 514;
  const auto order = clip_byte_order();
  for (uint32_t i = 0; i < 256; ++i) {
    bpe.byte_ids[order[i]] = i;
    bpe.byte_ids[order[i] + 256U] = i + 256;
  }
  return write_clip_bpe(bpe);
}

// tests::tiny_config() with that vocabulary.
inline ModelConfig tiny_clip() {
  ModelConfig config = tests::tiny_config();
  config.text->vocab_size = 514;
  config.text->eos_id = 513;
  config.tokenizer->bos_id = 512;
  config.tokenizer->eos_id = 513;
  return config;
}

// A model of that configuration in a folder that goes away with it.
class TinyModel {
 public:
  TinyModel(const ModelConfig& config, uint64_t seed) : path_(folder_.file("tiny.sclip")) {
    tests::write_tiny_model(path_, config, seed, nullptr,
                            config.text ? tiny_tokenizer() : std::vector<std::byte>());
  }
  const std::string& path() const { return path_; }

 private:
  tests::TemporaryFolder folder_;
  std::string path_;
};

struct TinyCase {
  std::string name;
  ModelConfig config;
};

inline std::vector<TinyCase> tiny_cases() {
  std::vector<TinyCase> cases;
  const auto add = [&cases](const std::string& name, auto change) {
    ModelConfig config = tiny_clip();
    change(config);
    cases.push_back({name, config});
  };
  add("odd_widths", [](ModelConfig&) {});
  add("panel_widths", [](ModelConfig& c) {  // whole panels: the last block computes the pooled rows only
    c.embed_dim = 32;
    c.vision->transformer.width = 64;
    c.vision->transformer.heads = 2;
    c.text->transformer.width = 48;
  });
  add("rectangular_with_leftover_pixels", [](ModelConfig& c) {
    c.vision->image_height = 41;
    c.vision->image_width = 58;
  });
  add("mean_pooling_without_class_token", [](ModelConfig& c) {
    c.vision->pooling = Pooling::mean;
    c.vision->class_token = false;
    c.vision->pre_norm = false;
    c.vision->patch_bias = true;
  });
  add("mean_pooling_with_class_token", [](ModelConfig& c) { c.vision->pooling = Pooling::mean; });
  add("norm_after_mean_pooling", [](ModelConfig& c) {
    c.vision->pooling = Pooling::mean;
    c.vision->norm_after_pool = true;
  });
  add("attention_pooling", [](ModelConfig& c) {
    c.vision->pooling = Pooling::attention;
    c.vision->attention_pool = AttentionPoolConfig{4, 68, Activation::gelu_tanh, 1e-6F};
    c.vision->class_token = c.vision->pre_norm = c.vision->projection = false;
    c.vision->transformer.width = c.embed_dim = 36;
  });
  add("resnet", [](ModelConfig& c) { c.vision = tests::tiny_resnet(6, {1, 2, 1, 2}, 3); });
  add("resnet_with_odd_maps", [](ModelConfig& c) {
    c.vision = tests::tiny_resnet(2, {2, 1, 1, 1}, 2);
    c.vision->image_height = 61;
    c.vision->image_width = 81;
  });
  add("resnet_panel_widths", [](ModelConfig& c) { c.vision = tests::tiny_resnet(16, {1, 1, 1, 1}, 8); });
  add("resnet_int8", [](ModelConfig& c) {
    c.vision = tests::tiny_resnet(8, {1, 2, 1, 1}, 4);
    c.precision = Precision::int8;
  });
  add("resnet_bf16", [](ModelConfig& c) {
    c.vision = tests::tiny_resnet(10, {1, 2, 1, 1}, 4);
    c.precision = Precision::bf16;
  });
  add("token_query_of_a_vit", [](ModelConfig& c) {
    c.vision->pooling = Pooling::attention;
    c.vision->attention_pool = AttentionPoolConfig{.heads = 3, .token_query = true};
  });
  add("first_eos", [](ModelConfig& c) { c.text->pooling = Pooling::first_eos; });
  add("bidirectional_last_with_bias", [](ModelConfig& c) {
    c.text->causal = false;
    c.text->pooling = Pooling::last;
    c.text->projection_bias = true;
  });
  add("no_projections", [](ModelConfig& c) {
    c.vision->projection = c.text->projection = false;
    c.vision->transformer.width = c.text->transformer.width = c.embed_dim = 48;
    c.vision->transformer.heads = c.text->transformer.heads = 4;
  });
  add("tanh_gelu_and_eps", [](ModelConfig& c) {
    c.vision->transformer.activation = c.text->transformer.activation = Activation::gelu_tanh;
    c.vision->transformer.norm_eps = c.text->transformer.norm_eps = 1e-3F;
  });
  add("many_tokens", [](ModelConfig& c) {  // 257 tokens: more than one micro-batch holds
    c.vision->image_height = c.vision->image_width = 128;
  });
  const auto rotary_gated = [](ModelConfig& c) {  // EVA02's blocks
    TransformerConfig& t = c.vision->transformer;
    c.vision->rotary = t.gated_mlp = t.mlp_norm = t.attention_norm = true;
  };
  add("rotary_gated_with_inner_norms", rotary_gated);
  add("norms_on_branches_and_behind", [](ModelConfig& c) {  // EVA02-E's image tower, BERT's text tower
    c.vision->transformer.norm = BlockNorm::branch;
    TextConfig& t = *c.text;
    t.transformer.norm = BlockNorm::after;
    t.causal = t.final_norm = false;
    t.embedding_norm = t.drop_padding = true;
    t.pooling = Pooling::first;
    t.projection_hidden = 22;
  });
  const auto relative = [](ModelConfig& c) {  // mT5's text tower
    TextConfig& t = *c.text;
    t.transformer.rms_norm = t.transformer.relative_bias = t.transformer.gated_mlp = t.drop_padding = true;
    t.transformer.activation = Activation::gelu_tanh;
    t.causal = false;
    t.pooling = Pooling::mean;
  };
  add("relative_bias_and_rms_norms", relative);
  add("padding_within_the_text", [&](ModelConfig& c) {
    relative(c);
    c.text->pad_id = 513;  // within each text: places behind it stay
  });
  for (const Precision precision : {Precision::bf16, Precision::int8}) {
    add("rotary_gated_" + std::string(to_string(precision)), [&](ModelConfig& c) {
      rotary_gated(c);
      c.precision = precision;
      c.embed_dim = 32;
      c.vision->transformer.width = 64;
      c.vision->transformer.heads = 2;
      c.text->transformer.width = 48;
    });
  }
  add("int8", [](ModelConfig& c) {
    c.precision = Precision::int8;
    c.embed_dim = 32;
    c.vision->transformer.width = 64;
    c.vision->transformer.heads = 2;
  });
  add("bf16", [](ModelConfig& c) { c.precision = Precision::bf16; });
  add("bf16_panel_widths", [](ModelConfig& c) {
    c.precision = Precision::bf16;
    c.embed_dim = 32;
    c.vision->transformer.width = 64;
    c.vision->transformer.heads = 2;
    c.text->transformer.width = 48;
  });
  return cases;
}

}  // namespace simdclip
