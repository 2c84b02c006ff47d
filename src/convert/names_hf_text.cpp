// Text towers of transformers' other families: BERT, RoBERTa, XLM-RoBERTa; M2M100 (NLLB).
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

// The projections behind them.
constexpr NameRule kTransformers[] = {
    {"text.proj.weight", MapForm::same, {"text_projection.weight"}},
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
const NameRules kHfTextHead = kTransformers;
const NameRules kHfTextLinear = kLinear;
const NameRules kHfTextMlp = kMlp;

}  // namespace simdclip
