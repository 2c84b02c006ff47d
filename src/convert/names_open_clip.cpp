// OpenAI's and open_clip's own towers.
#include "convert/tensor_names.h"

namespace simdclip {
namespace {

constexpr NameRule kVision[] = {
    {"visual.patch_embed.weight", MapForm::patches, {"visual.conv1.weight"}},
    {"visual.class_embedding", MapForm::same, {"visual.class_embedding"}},
    {"visual.positional_embedding", MapForm::same, {"visual.positional_embedding"}},
    {"visual.ln_pre.weight", MapForm::same, {"visual.ln_pre.weight"}},
    {"visual.ln_pre.bias", MapForm::same, {"visual.ln_pre.bias"}},
    {"visual.blocks.*.ln_1.weight", MapForm::same, {"visual.transformer.resblocks.*.ln_1.weight"}},
    {"visual.blocks.*.ln_1.bias", MapForm::same, {"visual.transformer.resblocks.*.ln_1.bias"}},
    {"visual.blocks.*.attn.qkv.weight",
     MapForm::same,
     {"visual.transformer.resblocks.*.attn.in_proj_weight"}},
    {"visual.blocks.*.attn.qkv.bias", MapForm::same, {"visual.transformer.resblocks.*.attn.in_proj_bias"}},
    {"visual.blocks.*.attn.proj.weight",
     MapForm::same,
     {"visual.transformer.resblocks.*.attn.out_proj.weight"},
     "visual.transformer.resblocks.*.ls_1.gamma"},
    {"visual.blocks.*.attn.proj.bias",
     MapForm::same,
     {"visual.transformer.resblocks.*.attn.out_proj.bias"},
     "visual.transformer.resblocks.*.ls_1.gamma"},
    {"visual.blocks.*.ln_2.weight", MapForm::same, {"visual.transformer.resblocks.*.ln_2.weight"}},
    {"visual.blocks.*.ln_2.bias", MapForm::same, {"visual.transformer.resblocks.*.ln_2.bias"}},
    {"visual.blocks.*.mlp.fc1.weight", MapForm::same, {"visual.transformer.resblocks.*.mlp.c_fc.weight"}},
    {"visual.blocks.*.mlp.fc1.bias", MapForm::same, {"visual.transformer.resblocks.*.mlp.c_fc.bias"}},
    {"visual.blocks.*.mlp.fc2.weight",
     MapForm::same,
     {"visual.transformer.resblocks.*.mlp.c_proj.weight"},
     "visual.transformer.resblocks.*.ls_2.gamma"},
    {"visual.blocks.*.mlp.fc2.bias",
     MapForm::same,
     {"visual.transformer.resblocks.*.mlp.c_proj.bias"},
     "visual.transformer.resblocks.*.ls_2.gamma"},
    {"visual.ln_post.weight", MapForm::same, {"visual.ln_post.weight"}},
    {"visual.ln_post.bias", MapForm::same, {"visual.ln_post.bias"}},
    {"visual.proj.weight", MapForm::transposed, {"visual.proj"}},
    // CoCa's attentional pooler: of its 256 queries the first one's result is the embedding.
    {"visual.attention_pool.ln_in.weight", MapForm::same, {"visual.attn_pool.ln_k.weight"}},
    {"visual.attention_pool.ln_in.bias", MapForm::same, {"visual.attn_pool.ln_k.bias"}},
    {"visual.attention_pool.query",
     MapForm::query_with_norm,
     {"visual.attn_pool.query", "visual.attn_pool.ln_q.weight", "visual.attn_pool.ln_q.bias",
      "visual.attn_pool.attn.q_proj_weight", "visual.attn_pool.attn.in_proj_bias"}},
    // One weight for all three where the pool is as wide as the tower.
    {"visual.attention_pool.query",
     MapForm::query_with_norm,
     {"visual.attn_pool.query", "visual.attn_pool.ln_q.weight", "visual.attn_pool.ln_q.bias",
      "visual.attn_pool.attn.in_proj_weight", "visual.attn_pool.attn.in_proj_bias"}},
    {"visual.attention_pool.kv.weight",
     MapForm::rows,
     {"visual.attn_pool.attn.k_proj_weight", "visual.attn_pool.attn.v_proj_weight"}},
    {"visual.attention_pool.kv.weight", MapForm::tail_rows, {"visual.attn_pool.attn.in_proj_weight"}},
    {"visual.attention_pool.kv.bias", MapForm::tail_rows, {"visual.attn_pool.attn.in_proj_bias"}},
    {"visual.attention_pool.proj.weight", MapForm::same, {"visual.attn_pool.attn.out_proj.weight"}},
    {"visual.attention_pool.proj.bias", MapForm::same, {"visual.attn_pool.attn.out_proj.bias"}},
};

constexpr NameRule kText[] = {
    {"text.token_embedding", MapForm::same, {"@token_embedding.weight"}},
    {"text.class_embedding", MapForm::same, {"@cls_emb"}},
    {"text.positional_embedding",
     MapForm::long_places,
     {"@positional_embedding", "@positional_embedding_res"}},
    {"text.positional_embedding", MapForm::same, {"@positional_embedding"}},
    {"text.blocks.*.ln_1.weight", MapForm::same, {"@transformer.resblocks.*.ln_1.weight"}},
    {"text.blocks.*.ln_1.bias", MapForm::same, {"@transformer.resblocks.*.ln_1.bias"}},
    {"text.blocks.*.attn.qkv.weight", MapForm::same, {"@transformer.resblocks.*.attn.in_proj_weight"}},
    {"text.blocks.*.attn.qkv.bias", MapForm::same, {"@transformer.resblocks.*.attn.in_proj_bias"}},
    {"text.blocks.*.attn.proj.weight",
     MapForm::same,
     {"@transformer.resblocks.*.attn.out_proj.weight"},
     "@transformer.resblocks.*.ls_1.gamma"},
    {"text.blocks.*.attn.proj.bias",
     MapForm::same,
     {"@transformer.resblocks.*.attn.out_proj.bias"},
     "@transformer.resblocks.*.ls_1.gamma"},
    {"text.blocks.*.ln_2.weight", MapForm::same, {"@transformer.resblocks.*.ln_2.weight"}},
    {"text.blocks.*.ln_2.bias", MapForm::same, {"@transformer.resblocks.*.ln_2.bias"}},
    {"text.blocks.*.mlp.fc1.weight", MapForm::same, {"@transformer.resblocks.*.mlp.c_fc.weight"}},
    {"text.blocks.*.mlp.fc1.bias", MapForm::same, {"@transformer.resblocks.*.mlp.c_fc.bias"}},
    {"text.blocks.*.mlp.fc2.weight",
     MapForm::same,
     {"@transformer.resblocks.*.mlp.c_proj.weight"},
     "@transformer.resblocks.*.ls_2.gamma"},
    {"text.blocks.*.mlp.fc2.bias",
     MapForm::same,
     {"@transformer.resblocks.*.mlp.c_proj.bias"},
     "@transformer.resblocks.*.ls_2.gamma"},
    {"text.ln_final.weight", MapForm::same, {"@ln_final.weight"}},
    {"text.ln_final.bias", MapForm::same, {"@ln_final.bias"}},
    {"text.proj.weight", MapForm::transposed, {"@text_projection"}},
    {"text.proj.weight", MapForm::same, {"@text_projection.weight"}},  // with proj_bias it is a Linear
    {"text.proj.bias", MapForm::same, {"@text_projection.bias"}},
};

}  // namespace

const NameRules kOpenClipVision = kVision;
const NameRules kOpenClipText = kText;

}  // namespace simdclip
