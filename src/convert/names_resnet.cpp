// OpenAI's ModifiedResNet. '*' is "STAGE.BLOCK".
#include "convert/tensor_names.h"

namespace simdclip {
namespace {

constexpr NameRule kResNet[] = {
    {"visual.stem.0.weight",
     MapForm::conv_3x3_weight,
     {"visual.conv1.weight", "visual.bn1.weight", "visual.bn1.running_var"}},
    {"visual.stem.0.bias",
     MapForm::stem_bias,
     {"visual.bn1.bias", "visual.bn1.running_mean", "visual.bn1.weight", "visual.bn1.running_var"}},
    {"visual.stem.1.weight",
     MapForm::conv_3x3_weight,
     {"visual.conv2.weight", "visual.bn2.weight", "visual.bn2.running_var"}},
    {"visual.stem.1.bias",
     MapForm::stem_bias,
     {"visual.bn2.bias", "visual.bn2.running_mean", "visual.bn2.weight", "visual.bn2.running_var"}},
    {"visual.stem.2.weight",
     MapForm::conv_3x3_weight,
     {"visual.conv3.weight", "visual.bn3.weight", "visual.bn3.running_var"}},
    {"visual.stem.2.bias",
     MapForm::stem_bias,
     {"visual.bn3.bias", "visual.bn3.running_mean", "visual.bn3.weight", "visual.bn3.running_var"}},
    {"visual.blocks.*.conv1.weight",
     MapForm::conv_1x1_weight,
     {"visual.layer*.conv1.weight", "visual.layer*.bn1.weight", "visual.layer*.bn1.running_var"}},
    {"visual.blocks.*.conv1.bias",
     MapForm::stem_bias,
     {"visual.layer*.bn1.bias", "visual.layer*.bn1.running_mean", "visual.layer*.bn1.weight",
      "visual.layer*.bn1.running_var"}},
    {"visual.blocks.*.conv2.weight",
     MapForm::conv_3x3_weight,
     {"visual.layer*.conv2.weight", "visual.layer*.bn2.weight", "visual.layer*.bn2.running_var"}},
    {"visual.blocks.*.conv2.bias",
     MapForm::stem_bias,
     {"visual.layer*.bn2.bias", "visual.layer*.bn2.running_mean", "visual.layer*.bn2.weight",
      "visual.layer*.bn2.running_var"}},
    {"visual.blocks.*.conv3.weight",
     MapForm::conv_1x1_weight,
     {"visual.layer*.conv3.weight", "visual.layer*.bn3.weight", "visual.layer*.bn3.running_var"}},
    {"visual.blocks.*.conv3.bias",
     MapForm::stem_bias,
     {"visual.layer*.bn3.bias", "visual.layer*.bn3.running_mean", "visual.layer*.bn3.weight",
      "visual.layer*.bn3.running_var"}},
    {"visual.blocks.*.shortcut.weight",
     MapForm::conv_1x1_weight,
     {"visual.layer*.downsample.0.weight", "visual.layer*.downsample.1.weight",
      "visual.layer*.downsample.1.running_var"}},
    {"visual.blocks.*.shortcut.bias",
     MapForm::stem_bias,
     {"visual.layer*.downsample.1.bias", "visual.layer*.downsample.1.running_mean",
      "visual.layer*.downsample.1.weight", "visual.layer*.downsample.1.running_var"}},
    {"visual.positional_embedding", MapForm::same, {"visual.attnpool.positional_embedding"}},
    {"visual.attention_pool.q.weight", MapForm::same, {"visual.attnpool.q_proj.weight"}},
    {"visual.attention_pool.q.bias", MapForm::same, {"visual.attnpool.q_proj.bias"}},
    {"visual.attention_pool.kv.weight",
     MapForm::rows,
     {"visual.attnpool.k_proj.weight", "visual.attnpool.v_proj.weight"}},
    {"visual.attention_pool.kv.bias",
     MapForm::rows,
     {"visual.attnpool.k_proj.bias", "visual.attnpool.v_proj.bias"}},
    {"visual.proj.weight", MapForm::same, {"visual.attnpool.c_proj.weight"}},
    {"visual.proj.bias", MapForm::same, {"visual.attnpool.c_proj.bias"}},
};

}  // namespace

const NameRules kOpenClipResNet = kResNet;

}  // namespace simdclip
