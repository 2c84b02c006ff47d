#include "convert/tensor_names.h"

#include <algorithm>

namespace simdclip {
namespace {

// After the tower's prefix, or as they are.
constexpr std::string_view kIgnored[] = {
    "logit_scale",
    "logit_bias",
    "attn_mask",
    "text.attn_mask",
    "input_resolution",
    "context_length",
    "vocab_size",
    "embeddings.position_ids",
    "embeddings.token_type_ids",
    "embed_positions.weights",
    "patch_embed.backbone.0.bn.num_batches_tracked",
    "patch_embed.backbone.1.bn.num_batches_tracked",
    "t",  // big_vision's logit scale and bias
    "b",
    "params/t",
    "params/b",
};

NameRules timm_qkv(QkvNames names) {
  switch (names) {
    case QkvNames::fused: return kTimmQkvFused;
    case QkvNames::fused_no_k_bias: return kTimmQkvFusedNoKBias;
    case QkvNames::split_no_k_bias: return kTimmQkvSplitNoKBias;
    case QkvNames::fused_no_bias: break;
  }
  return kTimmQkvNoBias;
}

NameRules hf_head(const ConvertPlan& plan) {
  if (!plan.text.outer_head) return plan.text.inner_width != 0 ? kAltTextHead : kHfTextHead;
  return plan.config.text->projection_hidden != 0 ? kHfTextMlp : kHfTextLinear;
}

}  // namespace

std::vector<NameRules> vision_rules(const ConvertPlan& plan) {
  if (!plan.config.vision) return {};
  const VisionConfig& v = *plan.config.vision;
  switch (plan.vision.naming) {
    case Naming::timm: {
      std::vector<NameRules> out = {timm_qkv(plan.vision.qkv),
                                    v.transformer.gated_mlp ? kTimmGatedMlp : kTimmMlp,
                                    plan.vision.class_position ? kTimmPlaces : kTimmPatchPlaces};
      if (v.stem_width != 0) out.push_back(kTimmStem);
      out.push_back(plan.vision.outer_head ? kTimmOuterHead : kTimmHead);
      out.push_back(kTimmVision);
      return out;
    }
    case Naming::transformers:
      if (v.max_patches != 0) return {kTransformersPatchPixels, kTransformersVision, kTransformersBlocks};
      return {kTransformersVision, kTransformersBlocks};
    case Naming::big_vision: return {kBigVisionVision};
    case Naming::open_clip:
    case Naming::bert:
    case Naming::m2m:
    case Naming::t5: break;
  }
  return {v.resnet ? kOpenClipResNet : kOpenClipVision};
}

std::vector<NameRules> text_rules(const ConvertPlan& plan) {
  if (!plan.config.text) return {};
  switch (plan.text.naming) {
    case Naming::transformers:
      return {kTransformersText, kTransformersBlocks,
              plan.config.text->projection_bias ? kTransformersHead : kTransformersProjection};
    case Naming::bert: return {kBertText, hf_head(plan)};
    case Naming::m2m: return {kM2mText, hf_head(plan)};
    case Naming::big_vision: return {kBigVisionText};
    case Naming::t5: return {kT5Text, hf_head(plan)};
    case Naming::open_clip:
    case Naming::timm: break;
  }
  return {kOpenClipText};
}

bool is_ignored(const ConvertPlan& plan, std::string_view name) {
  if (!plan.only_prefix.empty() && !name.starts_with(plan.only_prefix)) return true;
  if (plan.ignore_decoder && name.starts_with("text_decoder.")) return true;
  // Batch norms count what they were trained on.
  if (plan.config.vision && plan.config.vision->resnet && name.starts_with("visual.") &&
      name.ends_with(".num_batches_tracked"))
    return true;
  const auto known = [](std::string_view tail) {
    return std::find(std::begin(kIgnored), std::end(kIgnored), tail) != std::end(kIgnored);
  };
  if (known(name)) return true;
  for (const std::string& prefix : {plan.vision.prefix, plan.text.prefix})
    if (!prefix.empty() && name.starts_with(prefix) && known(name.substr(prefix.size()))) return true;
  return false;
}

}  // namespace simdclip
