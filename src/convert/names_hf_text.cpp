// Text towers of transformers' other families: BERT, RoBERTa, XLM-RoBERTa; M2M100 (NLLB); T5's encoder (mT5).
#include "convert/tensor_names.h"

namespace simdclip {
namespace {

constexpr NameRule kBert[] = {
    {"text.token_embedding", MapForm::same, {"@embeddings.word_embeddings.weight"}},
    {"text.positional_embedding",
     MapForm::text_places,
     {"@embeddings.position_embeddings.weight", "@embeddings.token_type_embeddings.weight"}},
    {"text.ln_embed.weight", MapForm::same, {"@embeddings.LayerNorm.weight"}},
    {"text.ln_embed.bias", MapForm::same, {"@embeddings.LayerNorm.bias"}},
    {".attn.qkv.weight",
     MapForm::rows,
     {"@encoder.layer.*.attention.self.query.weight", "@encoder.layer.*.attention.self.key.weight",
      "@encoder.layer.*.attention.self.value.weight"}},
    {".attn.qkv.bias",
     MapForm::rows,
     {"@encoder.layer.*.attention.self.query.bias", "@encoder.layer.*.attention.self.key.bias",
      "@encoder.layer.*.attention.self.value.bias"}},
    {".attn.proj.weight", MapForm::same, {"@encoder.layer.*.attention.output.dense.weight"}},
    {".attn.proj.bias", MapForm::same, {"@encoder.layer.*.attention.output.dense.bias"}},
    {".ln_1.weight", MapForm::same, {"@encoder.layer.*.attention.output.LayerNorm.weight"}},
    {".ln_1.bias", MapForm::same, {"@encoder.layer.*.attention.output.LayerNorm.bias"}},
    {".mlp.fc1.weight", MapForm::same, {"@encoder.layer.*.intermediate.dense.weight"}},
    {".mlp.fc1.bias", MapForm::same, {"@encoder.layer.*.intermediate.dense.bias"}},
    {".mlp.fc2.weight", MapForm::same, {"@encoder.layer.*.output.dense.weight"}},
    {".mlp.fc2.bias", MapForm::same, {"@encoder.layer.*.output.dense.bias"}},
    {".ln_2.weight", MapForm::same, {"@encoder.layer.*.output.LayerNorm.weight"}},
    {".ln_2.bias", MapForm::same, {"@encoder.layer.*.output.LayerNorm.bias"}},
};

constexpr NameRule kM2m[] = {
    {"text.token_embedding", MapForm::scaled, {"@embed_tokens.weight"}},
    {"text.positional_embedding", MapForm::sinusoids, {}},
    {".attn.qkv.weight",
     MapForm::rows,
     {"@layers.*.self_attn.q_proj.weight", "@layers.*.self_attn.k_proj.weight",
      "@layers.*.self_attn.v_proj.weight"}},
    {".attn.qkv.bias",
     MapForm::rows,
     {"@layers.*.self_attn.q_proj.bias", "@layers.*.self_attn.k_proj.bias",
      "@layers.*.self_attn.v_proj.bias"}},
    {".attn.proj.weight", MapForm::same, {"@layers.*.self_attn.out_proj.weight"}},
    {".attn.proj.bias", MapForm::same, {"@layers.*.self_attn.out_proj.bias"}},
    {".ln_1.weight", MapForm::same, {"@layers.*.self_attn_layer_norm.weight"}},
    {".ln_1.bias", MapForm::same, {"@layers.*.self_attn_layer_norm.bias"}},
    {".mlp.fc1.weight", MapForm::same, {"@layers.*.fc1.weight"}},
    {".mlp.fc1.bias", MapForm::same, {"@layers.*.fc1.bias"}},
    {".mlp.fc2.weight", MapForm::same, {"@layers.*.fc2.weight"}},
    {".mlp.fc2.bias", MapForm::same, {"@layers.*.fc2.bias"}},
    {".ln_2.weight", MapForm::same, {"@layers.*.final_layer_norm.weight"}},
    {".ln_2.bias", MapForm::same, {"@layers.*.final_layer_norm.bias"}},
    {"text.ln_final.weight", MapForm::same, {"@layer_norm.weight"}},
    {"text.ln_final.bias", MapForm::same, {"@layer_norm.bias"}},
};

// No layer of it has a bias.
constexpr NameRule kT5[] = {
    {"text.token_embedding", MapForm::same, {"@embed_tokens.weight"}},
    {"text.positional_embedding", MapForm::zeros, {}},
    {"text.relative_bias",
     MapForm::relative_places,
     {"@block.0.layer.0.SelfAttention.relative_attention_bias.weight"}},
    {".attn.qkv.weight",
     MapForm::rows,
     {"@block.*.layer.0.SelfAttention.q.weight", "@block.*.layer.0.SelfAttention.k.weight",
      "@block.*.layer.0.SelfAttention.v.weight"}},
    {".attn.qkv.bias", MapForm::zeros, {}},
    {".attn.proj.weight", MapForm::same, {"@block.*.layer.0.SelfAttention.o.weight"}},
    {".attn.proj.bias", MapForm::zeros, {}},
    {".ln_1.weight", MapForm::same, {"@block.*.layer.0.layer_norm.weight"}},
    {".ln_1.bias", MapForm::zeros, {}},
    {".mlp.gate.weight", MapForm::same, {"@block.*.layer.1.DenseReluDense.wi_0.weight"}},
    {".mlp.gate.bias", MapForm::zeros, {}},
    {".mlp.fc1.weight", MapForm::same, {"@block.*.layer.1.DenseReluDense.wi_1.weight"}},
    {".mlp.fc1.bias", MapForm::zeros, {}},
    {".mlp.fc2.weight", MapForm::same, {"@block.*.layer.1.DenseReluDense.wo.weight"}},
    {".mlp.fc2.bias", MapForm::zeros, {}},
    {".ln_2.weight", MapForm::same, {"@block.*.layer.1.layer_norm.weight"}},
    {".ln_2.bias", MapForm::zeros, {}},
    {"text.ln_final.weight", MapForm::same, {"@final_layer_norm.weight"}},
    {"text.ln_final.bias", MapForm::zeros, {}},
};

// The projections behind them.
constexpr NameRule kTransformers[] = {
    {"text.proj.weight", MapForm::same, {"text_projection.weight"}},
};
// AltCLIP's teacher has a width of its own, between two layers.
constexpr NameRule kAlt[] = {
    {"text.ln_final.weight", MapForm::same, {"text_model.pre_LN.weight"}},
    {"text.ln_final.bias", MapForm::same, {"text_model.pre_LN.bias"}},
    {"text.proj.weight", MapForm::product, {"text_projection.weight", "text_model.transformation.weight"}},
    {"text.proj.bias", MapForm::product_bias, {"text_projection.weight", "text_model.transformation.bias"}},
};
constexpr NameRule kLinear[] = {
    {"text.proj.weight", MapForm::same, {"text.proj.weight"}},
};
constexpr NameRule kMlp[] = {
    {"text.proj_in.weight", MapForm::same, {"text.proj.0.weight"}},
    {"text.proj.weight", MapForm::same, {"text.proj.2.weight"}},
};

}  // namespace

const NameRules kBertText = kBert;
const NameRules kM2mText = kM2m;
const NameRules kT5Text = kT5;
const NameRules kHfTextHead = kTransformers;
const NameRules kAltTextHead = kAlt;
const NameRules kHfTextLinear = kLinear;
const NameRules kHfTextMlp = kMlp;

}  // namespace simdclip
