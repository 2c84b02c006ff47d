// timm's VisionTransformer and Eva. Which of the tables of queries, keys, values and of the mlp holds is a
// fact of the model (timm_table.cpp): a tensor that is missing is not taken for one that is not there.
#include "convert/tensor_names.h"

namespace simdclip {
namespace {

constexpr NameRule kVision[] = {
    {"visual.patch_embed.weight", MapForm::patches, {"@patch_embed.proj.weight"}},
    {"visual.patch_embed.bias", MapForm::same, {"@patch_embed.proj.bias"}},
    {"visual.class_embedding", MapForm::ones_first, {"@cls_token"}},
    {"visual.ln_pre.weight", MapForm::same, {"@norm_pre.weight"}},
    {"visual.ln_pre.bias", MapForm::same, {"@norm_pre.bias"}},
    {".ln_1.weight", MapForm::same, {"@blocks.*.norm1.weight"}},
    {".ln_1.bias", MapForm::same, {"@blocks.*.norm1.bias"}},
    {".attn.ln.weight", MapForm::same, {"@blocks.*.attn.norm.weight"}},
    {".attn.ln.bias", MapForm::same, {"@blocks.*.attn.norm.bias"}},
    {".attn.proj.weight", MapForm::same, {"@blocks.*.attn.proj.weight"}, "@blocks.*.ls1.gamma"},
    {".attn.proj.bias", MapForm::same, {"@blocks.*.attn.proj.bias"}, "@blocks.*.ls1.gamma"},
    {".ln_2.weight", MapForm::same, {"@blocks.*.norm2.weight"}},
    {".ln_2.bias", MapForm::same, {"@blocks.*.norm2.bias"}},
    {".mlp.ln.weight", MapForm::same, {"@blocks.*.mlp.norm.weight"}},
    {".mlp.ln.bias", MapForm::same, {"@blocks.*.mlp.norm.bias"}},
    {".mlp.fc2.weight", MapForm::same, {"@blocks.*.mlp.fc2.weight"}, "@blocks.*.ls2.gamma"},
    {".mlp.fc2.bias", MapForm::same, {"@blocks.*.mlp.fc2.bias"}, "@blocks.*.ls2.gamma"},
    {"visual.ln_post.weight", MapForm::same, {"@norm.weight"}},
    {"visual.ln_post.bias", MapForm::same, {"@norm.bias"}},
    {"visual.rotary", MapForm::rotary_angles, {}},
    {"visual.attention_pool.query",
     MapForm::query,
     {"@attn_pool.latent", "@attn_pool.q.weight", "@attn_pool.q.bias"}},
    {"visual.attention_pool.kv.weight", MapForm::same, {"@attn_pool.kv.weight"}},
    {"visual.attention_pool.kv.bias", MapForm::same, {"@attn_pool.kv.bias"}},
    {"visual.attention_pool.proj.weight", MapForm::same, {"@attn_pool.proj.weight"}},
    {"visual.attention_pool.proj.bias", MapForm::same, {"@attn_pool.proj.bias"}},
    {"visual.attention_pool.ln.weight", MapForm::same, {"@attn_pool.norm.weight"}},
    {"visual.attention_pool.ln.bias", MapForm::same, {"@attn_pool.norm.bias"}},
    {"visual.attention_pool.mlp.fc1.weight", MapForm::same, {"@attn_pool.mlp.fc1.weight"}},
    {"visual.attention_pool.mlp.fc1.bias", MapForm::same, {"@attn_pool.mlp.fc1.bias"}},
    {"visual.attention_pool.mlp.fc2.weight", MapForm::same, {"@attn_pool.mlp.fc2.weight"}},
    {"visual.attention_pool.mlp.fc2.bias", MapForm::same, {"@attn_pool.mlp.fc2.bias"}},
};

constexpr bool kTurned = true;

constexpr NameRule kFused[] = {
    {".attn.qkv.weight", MapForm::same, {"@blocks.*.attn.qkv.weight"}, {}, kTurned},
    {".attn.qkv.bias", MapForm::same, {"@blocks.*.attn.qkv.bias"}, {}, kTurned},
};

constexpr NameRule kFusedNoKBias[] = {
    {".attn.qkv.weight", MapForm::same, {"@blocks.*.attn.qkv.weight"}, {}, kTurned},
    {".attn.qkv.bias", MapForm::outer_rows, {"@blocks.*.attn.q_bias", "@blocks.*.attn.v_bias"}, {}, kTurned},
};

constexpr NameRule kSplitNoKBias[] = {
    {".attn.qkv.weight",
     MapForm::rows,
     {"@blocks.*.attn.q_proj.weight", "@blocks.*.attn.k_proj.weight", "@blocks.*.attn.v_proj.weight"},
     {},
     kTurned},
    {".attn.qkv.bias",
     MapForm::outer_rows,
     {"@blocks.*.attn.q_proj.bias", "@blocks.*.attn.v_proj.bias"},
     {},
     kTurned},
};

constexpr NameRule kNoBias[] = {
    {".attn.qkv.weight", MapForm::same, {"@blocks.*.attn.qkv.weight"}, {}, kTurned},
    {".attn.qkv.bias", MapForm::zeros, {}},
};

constexpr NameRule kMlp[] = {
    {".mlp.fc1.weight", MapForm::same, {"@blocks.*.mlp.fc1.weight"}},
    {".mlp.fc1.bias", MapForm::same, {"@blocks.*.mlp.fc1.bias"}},
};

constexpr NameRule kGatedMlp[] = {
    {".mlp.gate.weight", MapForm::gate, {"@blocks.*.mlp.fc1_g.weight"}},
    {".mlp.gate.bias", MapForm::gate, {"@blocks.*.mlp.fc1_g.bias"}},
    {".mlp.fc1.weight", MapForm::value, {"@blocks.*.mlp.fc1_x.weight"}},
    {".mlp.fc1.bias", MapForm::value, {"@blocks.*.mlp.fc1_x.bias"}},
};

constexpr NameRule kPlaces[] = {
    {"visual.positional_embedding", MapForm::ones_first, {"@pos_embed"}},
};

constexpr NameRule kPatchPlaces[] = {
    {"visual.positional_embedding", MapForm::patch_places, {"@pos_embed"}},
};

constexpr NameRule kStem[] = {
    {"visual.stem.0.weight",
     MapForm::stem_weight,
     {"@patch_embed.backbone.0.conv.weight", "@patch_embed.backbone.0.bn.weight",
      "@patch_embed.backbone.0.bn.running_var"}},
    {"visual.stem.0.bias",
     MapForm::stem_bias,
     {"@patch_embed.backbone.0.bn.bias", "@patch_embed.backbone.0.bn.running_mean",
      "@patch_embed.backbone.0.bn.weight", "@patch_embed.backbone.0.bn.running_var"}},
    {"visual.stem.1.weight",
     MapForm::cell_weight,
     {"@patch_embed.backbone.1.conv.weight", "@patch_embed.backbone.1.bn.weight",
      "@patch_embed.backbone.1.bn.running_var"}},
    {"visual.stem.1.bias",
     MapForm::stem_bias,
     {"@patch_embed.backbone.1.bn.bias", "@patch_embed.backbone.1.bn.running_mean",
      "@patch_embed.backbone.1.bn.weight", "@patch_embed.backbone.1.bn.running_var"}},
    {"visual.patch_embed.weight", MapForm::cells, {"@patch_embed.backbone.2.conv.weight"}},
    {"visual.patch_embed.bias", MapForm::same, {"@patch_embed.backbone.2.conv.bias"}},
};

// The trunk's own classifier, or open_clip's projection behind it.
constexpr NameRule kHead[] = {
    {"visual.proj.weight", MapForm::same, {"@head.weight"}},
    {"visual.proj.bias", MapForm::same, {"@head.bias"}},
};
constexpr NameRule kOuterHead[] = {
    {"visual.proj.weight", MapForm::same, {"visual.head.proj.weight"}},
    {"visual.proj.bias", MapForm::same, {"visual.head.proj.bias"}},
};

}  // namespace

const NameRules kTimmVision = kVision;
const NameRules kTimmQkvFused = kFused;
const NameRules kTimmQkvFusedNoKBias = kFusedNoKBias;
const NameRules kTimmQkvSplitNoKBias = kSplitNoKBias;
const NameRules kTimmQkvNoBias = kNoBias;
const NameRules kTimmMlp = kMlp;
const NameRules kTimmGatedMlp = kGatedMlp;
const NameRules kTimmPlaces = kPlaces;
const NameRules kTimmPatchPlaces = kPatchPlaces;
const NameRules kTimmStem = kStem;
const NameRules kTimmHead = kHead;
const NameRules kTimmOuterHead = kOuterHead;

}  // namespace simdclip
