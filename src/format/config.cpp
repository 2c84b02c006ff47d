#include "format/config.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "format/schema.h"

namespace simdclip {
namespace {

// One condition per line; the message names the field, what was found and what is allowed.
class Check {
 public:
  explicit Check(const std::string& where) : where_(where) {}

  void require(bool holds, const char* field, const std::string& expected) const {
    if (!holds) fail(ErrorCode::damaged, where_, ": ", field, ": ", expected);
  }
  void range(const char* field, uint64_t value, uint64_t low, uint64_t high) const {
    if (value >= low && value <= high) return;
    fail(ErrorCode::damaged, where_, ": ", field, " is ", value, ", expected ", low, " to ", high);
  }
  void finite(const char* field, float value) const {
    if (!std::isfinite(value))
      fail(ErrorCode::damaged, where_, ": ", field, " is ", value, ", expected a finite number");
  }
  void positive(const char* field, float value) const {
    finite(field, value);
    if (!(value > 0))
      fail(ErrorCode::damaged, where_, ": ", field, " is ", value, ", expected a positive number");
  }
  Check inside(const std::string& part) const { return Check(where_ + " " + part); }

 private:
  std::string where_;
};

void validate(const TransformerConfig& t, const Check& check) {
  check.range("width", t.width, 1, kMaxExtent);
  check.range("layers", t.layers, 1, kMaxLayers);
  check.range("heads", t.heads, 1, t.width);
  check.require(t.width % t.heads == 0, "heads",
                std::to_string(t.heads) + " does not divide the width " + std::to_string(t.width));
  check.range("mlp_width", t.mlp_width, 1, std::min<uint64_t>(kMaxExtent, uint64_t{kMaxMlpRatio} * t.width));
  check.require(!t.gated_mlp || t.activation != Activation::relu, "gated_mlp", "has no relu");
  check.positive("norm_eps", t.norm_eps);
  check.require(t.norm_eps < 1, "norm_eps", "expected less than 1");
}

void validate(const AttentionPoolConfig& p, uint32_t width, const Check& check) {
  check.range("width", p.width, 0, kMaxExtent);
  check.range("heads", p.heads, 1, width);
  check.require(width % p.heads == 0, "heads",
                std::to_string(p.heads) + " does not divide the width " + std::to_string(width));
  check.range("mlp_width", p.mlp_width, 0, std::min<uint64_t>(kMaxExtent, uint64_t{kMaxMlpRatio} * width));
  check.positive("norm_eps", p.norm_eps);
}

// Three convolutions whose strides are their sizes: 4, 2, 2.
constexpr uint32_t kStemPatch = 16;
// Five halvings, the first of which rounds up: of a side with 31 pixels more than a multiple it would make
// one more.
constexpr uint32_t kResNetPatch = 32;

void validate(const ResNetConfig& r, const VisionConfig& v, const Check& check) {
  const TransformerConfig& t = v.transformer;
  check.range("width", r.width, 2, kMaxExtent / kResNetPatch);
  check.require(r.width % 2 == 0, "width", "expected an even number");
  for (const uint32_t blocks : r.blocks) check.range("blocks", blocks, 1, kMaxLayers);
  check.require(t.width == kResNetPatch * r.width && t.layers == 0 && t.heads == 1 && t.mlp_width == 0,
                "width", "expected a transformer of 32 times the width without layers, heads 1, mlp_width 0");
  check.require(v.patch_size == kResNetPatch, "patch_size", "expected 32");
  check.require(v.image_height % kResNetPatch != 31 && v.image_width % kResNetPatch != 31,
                "image_height, image_width", "expected no side of 31 pixels more than a multiple of 32");
  check.require(v.class_token && v.attention_pool && v.attention_pool->token_query, "attention_pool",
                "expected class_token and a pool with token_query");
  check.require(!v.patch_bias && !v.pre_norm && !v.post_norm && !v.rotary && v.stem_width == 0,
                "patch_bias, pre_norm, post_norm, rotary, stem_width", "belong to patches, expected none");
}

void validate(const VisionConfig& v, uint32_t embed_dim, const Check& check) {
  check.range("image_height", v.image_height, 1, kMaxImageSide);
  check.range("image_width", v.image_width, 1, kMaxImageSide);
  check.range("patch_size", v.patch_size, 1, std::min({kMaxPatchSize, v.image_height, v.image_width}));
  check.range("tokens (patches and class token)", vision_tokens(v), 1, kMaxTokens);
  if (v.resnet) {
    validate(*v.resnet, v, check.inside("resnet"));
  } else {
    validate(v.transformer, check.inside("transformer"));
  }
  check.require(v.pooling == Pooling::first || v.pooling == Pooling::mean || v.pooling == Pooling::attention,
                "pooling",
                std::string(to_string(v.pooling)) + " is of text towers; expected first, mean or attention");
  check.require((v.pooling == Pooling::attention) == v.attention_pool.has_value(), "attention_pool",
                "expected exactly where pooling is attention");
  if (v.attention_pool) {
    validate(*v.attention_pool, pooled_width(v), check.inside("attention_pool"));
    check.require(!v.attention_pool->token_query ||
                      (v.attention_pool->mlp_width == 0 && v.attention_pool->width == 0 && v.projection),
                  "attention_pool",
                  "with token_query has no mlp and no width of its own, and a projection behind it");
  }
  check.require(pooled_width(v) == v.transformer.width || v.norm_after_pool || !v.post_norm,
                "norm_after_pool", "expected where the attention pool has a width of its own");
  check.require(!v.transformer.relative_bias, "relative_bias", "is of text towers");
  check.require(!v.rotary || v.transformer.width / v.transformer.heads % 2 == 0, "rotary",
                "expected an even head dimension");
  check.range("stem_width", v.stem_width, 0, kMaxExtent);
  check.require(v.stem_width == 0 || v.patch_size == kStemPatch, "stem_width", "expected patches of 16");
  check.range("max_patches", v.max_patches, 0, kMaxTokens);
  check.require(v.max_patches == 0 || (!v.class_token && !v.rotary && v.stem_width == 0), "max_patches",
                "expected in towers without class token, rotary positions and stem");
  check.require(!v.norm_after_pool || v.post_norm, "norm_after_pool",
                "there is no post_norm that could be applied");
  check.require(v.pooling != Pooling::first || v.class_token, "pooling", "first needs a class token");
  check.require(v.projection || pooled_width(v) == embed_dim, "projection",
                "absent, so the width " + std::to_string(pooled_width(v)) + " must equal embed_dim");
  check.require(v.projection || !v.projection_bias, "projection_bias",
                "there is no projection that it could belong to");
}

void validate(const TextConfig& t, uint32_t embed_dim, const Check& check) {
  check.range("vocab_size", t.vocab_size, 1, kMaxExtent);
  check.range("context_length", t.context_length, 2, kMaxTokens);
  validate(t.transformer, check.inside("transformer"));
  check.require(t.pooling != Pooling::attention, "pooling",
                "attention is of image towers; expected first, mean, argmax_id, first_eos, last or appended");
  check.require(t.pooling != Pooling::appended || t.causal, "pooling", "appended is of causal towers");
  check.require(!t.transformer.relative_bias || !t.causal, "relative_bias",
                "is of towers that see the whole text");
  check.require(!t.drop_padding || !t.causal, "drop_padding", "is of towers that see the whole text");
  check.range("pad_id", t.pad_id, 0, t.vocab_size - 1);
  check.range("projection_hidden", t.projection_hidden, 0, t.projection ? kMaxExtent : 0);
  check.range("eos_id", t.eos_id, 0, t.vocab_size - 1);
  check.require(t.projection || t.transformer.width == embed_dim, "projection",
                "absent, so the width " + std::to_string(t.transformer.width) + " must equal embed_dim");
  check.require(t.projection || !t.projection_bias, "projection_bias",
                "there is no projection that it could belong to");
}

void validate(const PreprocessConfig& p, const Check& check) {
  for (const float value : p.mean) check.finite("mean", value);
  for (const float value : p.std) check.positive("std", value);
}

void validate(const TokenizerConfig& t, uint32_t vocab_size, const Check& check) {
  check.range("bos_id", t.bos_id, 0, vocab_size - 1);
  check.range("eos_id", t.eos_id, 0, vocab_size - 1);
  check.range("pad_id", t.pad_id, 0, vocab_size - 1);
  const bool clip = t.kind == TokenizerKind::clip_bpe;
  check.require(!clip || (t.add_bos && t.add_eos && !t.pad_left), "add_bos, add_eos, pad_left",
                "clip_bpe has both tokens and pads on the right");
  const bool cleaned =
      t.cleaning == TextCleaning::open_clip || t.cleaning == TextCleaning::open_clip_canonicalize;
  check.require(cleaned || clip == (t.cleaning == TextCleaning::transformers), "cleaning",
                std::string(to_string(t.cleaning)) + " is not of " + std::string(to_string(t.kind)));
  check.require(t.cleaning != TextCleaning::siglip || t.kind == TokenizerKind::unigram, "cleaning",
                "siglip is of unigram");
}

// The labels are printed on terminals: no escape sequences from a file.
void validate_label(const char* field, const std::string& label, const Check& check) {
  check.range(field, label.size(), 0, kMaxLabelBytes);
  const bool clean = std::none_of(label.begin(), label.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  check.require(clean, field, "holds control characters");
}

}  // namespace

void validate(const ModelConfig& c, const std::string& where) {
  const Check check(where);
  validate_label("name", c.name, check);
  validate_label("source", c.source, check);
  check.range("embed_dim", c.embed_dim, 1, kMaxExtent);
  check.require(c.vision || c.text, "vision, text", "both are absent; expected at least one tower");
  check.require(c.vision.has_value() == c.preprocess.has_value(), "preprocess",
                "expected exactly where there is an image tower");
  check.require(c.text.has_value() == c.tokenizer.has_value(), "tokenizer",
                "expected exactly where there is a text tower");
  if (c.vision) validate(*c.vision, c.embed_dim, check.inside("vision"));
  if (c.text) validate(*c.text, c.embed_dim, check.inside("text"));
  check.require(!c.vision || (c.vision->max_patches != 0) == (c.preprocess->resize == ResizeMode::naflex),
                "max_patches", "expected exactly where pictures are resized as naflex");
  if (c.preprocess) validate(*c.preprocess, check.inside("preprocess"));
  if (c.tokenizer) validate(*c.tokenizer, c.text->vocab_size, check.inside("tokenizer"));
  check.positive("logit_scale", c.logit_scale);
  if (c.logit_bias) check.finite("logit_bias", *c.logit_bias);
  check.require(c.bf16_weights.empty() || c.precision == Precision::int8, "bf16_weights",
                "expected in int8 files only");
  check.require(std::adjacent_find(c.bf16_weights.begin(), c.bf16_weights.end(), std::greater_equal<>()) ==
                    c.bf16_weights.end(),
                "bf16_weights", "expected sorted names, each once");
  if (!c.bf16_weights.empty()) {
    const auto specs = schema(c);
    const auto kept = std::count_if(specs.begin(), specs.end(),
                                    [](const TensorSpec& s) { return s.storage == Storage::gemm_bf16; });
    check.require(static_cast<size_t>(kept) == c.bf16_weights.size(), "bf16_weights",
                  "names a tensor that is no GEMM weight of this model");
    // mlp.gate and mlp.fc1 multiply the same rows, which are quantized or not.
    for (size_t i = 0; i < specs.size(); ++i) {
      if (!specs[i].name.ends_with(".mlp.gate.weight")) continue;
      const auto fc1 = std::find_if(specs.begin() + static_cast<std::ptrdiff_t>(i), specs.end(),
                                    [](const TensorSpec& s) { return s.name.ends_with(".mlp.fc1.weight"); });
      check.require(fc1 != specs.end() && fc1->storage == specs[i].storage, "bf16_weights",
                    "expected an mlp's gate and fc1 both or neither");
    }
  }
}

uint32_t patch_grid_height(const VisionConfig& v) noexcept { return v.image_height / v.patch_size; }
uint32_t patch_grid_width(const VisionConfig& v) noexcept { return v.image_width / v.patch_size; }
uint32_t vision_tokens(const VisionConfig& v) noexcept {
  return patch_grid_height(v) * patch_grid_width(v) + (v.class_token ? 1 : 0);
}
uint32_t most_vision_tokens(const VisionConfig& v) noexcept {
  return std::max(vision_tokens(v), v.max_patches);
}
uint32_t pooled_width(const VisionConfig& v) noexcept {
  return v.attention_pool && v.attention_pool->width != 0 ? v.attention_pool->width : v.transformer.width;
}
uint32_t text_positions(const TextConfig& t) noexcept {
  return t.context_length + (t.pooling == Pooling::appended ? 1 : 0);
}

}  // namespace simdclip
