// transformers' CLIP and SigLIP.
#include "convert/tensor_names.h"

namespace simdclip {
namespace {

constexpr NameRule kBlocks[] = {
    {".ln_1.weight", MapForm::same, {"@encoder.layers.*.layer_norm1.weight"}},
    {".ln_1.bias", MapForm::same, {"@encoder.layers.*.layer_norm1.bias"}},
    {".attn.qkv.weight",
     MapForm::rows,
     {"@encoder.layers.*.self_attn.q_proj.weight", "@encoder.layers.*.self_attn.k_proj.weight",
      "@encoder.layers.*.self_attn.v_proj.weight"}},
    {".attn.qkv.bias",
     MapForm::rows,
     {"@encoder.layers.*.self_attn.q_proj.bias", "@encoder.layers.*.self_attn.k_proj.bias",
      "@encoder.layers.*.self_attn.v_proj.bias"}},
    {".attn.proj.weight", MapForm::same, {"@encoder.layers.*.self_attn.out_proj.weight"}},
    {".attn.proj.bias", MapForm::same, {"@encoder.layers.*.self_attn.out_proj.bias"}},
    {".ln_2.weight", MapForm::same, {"@encoder.layers.*.layer_norm2.weight"}},
    {".ln_2.bias", MapForm::same, {"@encoder.layers.*.layer_norm2.bias"}},
    {".mlp.fc1.weight", MapForm::same, {"@encoder.layers.*.mlp.fc1.weight"}},
    {".mlp.fc1.bias", MapForm::same, {"@encoder.layers.*.mlp.fc1.bias"}},
    {".mlp.fc2.weight", MapForm::same, {"@encoder.layers.*.mlp.fc2.weight"}},
    {".mlp.fc2.bias", MapForm::same, {"@encoder.layers.*.mlp.fc2.bias"}},
};

constexpr NameRule kVision[] = {
    {"visual.patch_embed.weight", MapForm::patches, {"@embeddings.patch_embedding.weight"}},
    {"visual.class_embedding", MapForm::same, {"@embeddings.class_embedding"}},
    {"visual.positional_embedding", MapForm::same, {"@embeddings.position_embedding.weight"}},
    {"visual.ln_pre.weight", MapForm::same, {"@pre_layrnorm.weight"}},  // sic
    {"visual.ln_pre.bias", MapForm::same, {"@pre_layrnorm.bias"}},
    {"visual.ln_post.weight", MapForm::same, {"@post_layernorm.weight"}},
    {"visual.ln_post.bias", MapForm::same, {"@post_layernorm.bias"}},
    {"visual.proj.weight", MapForm::same, {"visual_projection.weight"}},
    {"visual.patch_embed.bias", MapForm::same, {"@embeddings.patch_embedding.bias"}},
    // SigLIP's pooling head.
    {"visual.attention_pool.query",
     MapForm::query_in_proj,
     {"@head.probe", "@head.attention.in_proj_weight", "@head.attention.in_proj_bias"}},
    {"visual.attention_pool.kv.weight", MapForm::tail_rows, {"@head.attention.in_proj_weight"}},
    {"visual.attention_pool.kv.bias", MapForm::tail_rows, {"@head.attention.in_proj_bias"}},
    {"visual.attention_pool.proj.weight", MapForm::same, {"@head.attention.out_proj.weight"}},
    {"visual.attention_pool.proj.bias", MapForm::same, {"@head.attention.out_proj.bias"}},
    {"visual.attention_pool.ln.weight", MapForm::same, {"@head.layernorm.weight"}},
    {"visual.attention_pool.ln.bias", MapForm::same, {"@head.layernorm.bias"}},
    {"visual.attention_pool.mlp.fc1.weight", MapForm::same, {"@head.mlp.fc1.weight"}},
    {"visual.attention_pool.mlp.fc1.bias", MapForm::same, {"@head.mlp.fc1.bias"}},
    {"visual.attention_pool.mlp.fc2.weight", MapForm::same, {"@head.mlp.fc2.weight"}},
    {"visual.attention_pool.mlp.fc2.bias", MapForm::same, {"@head.mlp.fc2.bias"}},
};

// Siglip2Model's patches come as vectors of pixels.
constexpr NameRule kPatchPixels[] = {
    {"visual.patch_embed.weight", MapForm::patch_pixels, {"@embeddings.patch_embedding.weight"}},
};

constexpr NameRule kText[] = {
    {"text.token_embedding", MapForm::same, {"@embeddings.token_embedding.weight"}},
    {"text.positional_embedding", MapForm::same, {"@embeddings.position_embedding.weight"}},
    {"text.ln_final.weight", MapForm::same, {"@final_layer_norm.weight"}},
    {"text.ln_final.bias", MapForm::same, {"@final_layer_norm.bias"}},
};

constexpr NameRule kProjection[] = {
    {"text.proj.weight", MapForm::same, {"text_projection.weight"}},
};

// SigLIP's.
constexpr NameRule kHead[] = {
    {"text.proj.weight", MapForm::same, {"@head.weight"}},
    {"text.proj.bias", MapForm::same, {"@head.bias"}},
};

}  // namespace

const NameRules kTransformersBlocks = kBlocks;
const NameRules kTransformersVision = kVision;
const NameRules kTransformersPatchPixels = kPatchPixels;
const NameRules kTransformersText = kText;
const NameRules kTransformersProjection = kProjection;
const NameRules kTransformersHead = kHead;

}  // namespace simdclip
