// Image towers that open_clip takes from timm: vision_cfg names one, timm_table.cpp says what it is made of.
#include "base/fail.h"
#include "convert/plan.h"
#include "convert/timm_table.h"

namespace simdclip {
namespace {

const TimmEntry& find_entry(const JsonObject& cfg, const std::string& name) {
  for (const TimmEntry& entry : timm_table())
    if (entry.name == name) return entry;
  fail(ErrorCode::unsupported, cfg.where(), ": the image tower is timm's '", name, "', which is not known");
}

// EVA02's gate, x * sigmoid(x), becomes quick_gelu by factors in its weights (MapForm::gate).
Activation activation(const JsonObject& facts) {
  const std::string name = facts.text("activation");
  return name == "gelu"        ? Activation::gelu
         : name == "gelu_tanh" ? Activation::gelu_tanh
                               : Activation::quick_gelu;
}

QkvNames qkv_names(const std::string& name) {
  return name == "fused"             ? QkvNames::fused
         : name == "fused_no_k_bias" ? QkvNames::fused_no_k_bias
         : name == "split_no_k_bias" ? QkvNames::split_no_k_bias
                                     : QkvNames::fused_no_bias;
}

TransformerConfig transformer(const JsonObject& facts) {
  TransformerConfig t;
  t.width = facts.count("width");
  t.layers = facts.count("layers");
  t.heads = facts.count("heads");
  t.mlp_width = facts.count("mlp_width");
  t.activation = activation(facts);
  t.norm_eps = static_cast<float>(facts.find_number("norm_eps").value_or(1e-6));
  t.norm = facts.text("norm") == "branch" ? BlockNorm::branch : BlockNorm::before;
  t.gated_mlp = facts.find_bool("gated_mlp").value_or(false);
  t.mlp_norm = facts.find_bool("mlp_norm").value_or(false);
  t.attention_norm = facts.find_bool("attention_norm").value_or(false);
  return t;
}

void read_rotary(const JsonObject& facts, VisionConfig& v, ConvertPlan& plan) {
  const auto rotary = facts.find_object("rotary");
  v.rotary = rotary.has_value();
  if (!rotary) return;
  plan.rotary.temperature = rotary->find_number("temperature").value_or(10000);
  plan.rotary.offset = rotary->find_number("offset").value_or(0);
  plan.rotary.xy = rotary->find_bool("xy").value_or(false);
  const auto reference = rotary->numbers("reference");
  plan.rotary.reference = {static_cast<uint32_t>(reference.at(0)), static_cast<uint32_t>(reference.at(1))};
}

void read_pool(const JsonObject& cfg, const JsonObject& facts, VisionConfig& v) {
  const std::string pool = cfg.find_text("timm_pool").value_or("avg");
  const auto attention = facts.find_object("attention_pool");
  if (pool == "token" && v.class_token) {
    v.pooling = Pooling::first;
  } else if ((pool == "avg" && !attention) || (pool.empty() && !attention && !v.class_token)) {
    v.pooling = Pooling::mean;  // empty: the trunk's own, which without a class token is the mean
  } else if (pool == "map" && attention) {
    v.pooling = Pooling::attention;
    AttentionPoolConfig& p = v.attention_pool.emplace();
    p.heads = attention->count("heads");
    p.mlp_width = attention->count("mlp_width");
    p.activation = activation(*attention);
    p.norm_eps = static_cast<float>(attention->find_number("norm_eps").value_or(1e-6));
  } else {
    fail(ErrorCode::unsupported, cfg.where(), ": timm_pool '", pool, "' is not supported for this tower");
  }
}

// null: the trunk's own classifier, with a bias; none: no projection; linear: open_clip's, behind the trunk.
void read_projection(const JsonObject& cfg, uint32_t embed_dim, VisionConfig& v) {
  const std::string projection = cfg.find_text("timm_proj").value_or("");
  if (projection != "" && projection != "none" && projection != "linear")
    fail(ErrorCode::unsupported, cfg.where(), ": timm_proj '", projection,
         "' is not supported, only null, 'none' and 'linear'");
  v.projection = projection != "none";
  v.projection_bias = projection.empty() || (v.projection && cfg.find_bool("timm_proj_bias").value_or(false));
  if (!v.projection && v.transformer.width != embed_dim)
    fail(ErrorCode::damaged, cfg.where(), ": an image tower without projection of width ",
         v.transformer.width, " cannot give embeddings of ", embed_dim);
}

}  // namespace

VisionConfig read_timm_vision(const JsonObject& cfg, uint32_t embed_dim, ConvertPlan& plan) {
  const std::string name = cfg.text("timm_model_name");
  const Json json = parse_json(find_entry(cfg, name).json, "timm's " + name);
  const JsonObject facts(json, "timm's " + name);
  if (const auto part = facts.find_text("unsupported"))
    fail(ErrorCode::unsupported, cfg.where(), ": the image tower is timm's '", name, "': ", *part,
         " is not supported");
  cfg.refuse_unknown({"image_size", "timm_model_name", "timm_model_pretrained", "timm_pool", "timm_proj",
                      "timm_proj_bias", "timm_drop", "timm_drop_path", "patch_dropout"});
  VisionConfig v;
  v.image_height = v.image_width = cfg.find_count("image_size").value_or(facts.count("image_size"));
  v.patch_size = facts.count("patch_size");
  v.patch_bias = facts.find_bool("patch_bias").value_or(false);
  v.stem_width = facts.find_count("stem_width").value_or(0);
  v.class_token = facts.find_bool("class_token").value_or(false);
  v.pre_norm = facts.find_bool("pre_norm").value_or(false);
  v.transformer = transformer(facts);
  read_pool(cfg, facts, v);
  read_projection(cfg, embed_dim, v);
  read_rotary(facts, v, plan);
  plan.vision.naming = Naming::timm;
  plan.vision.prefix = "visual.trunk.";
  plan.vision.outer_head = cfg.find_text("timm_proj").value_or("") == "linear";
  plan.vision.qkv = qkv_names(facts.text("qkv"));
  plan.vision.layer_scale = facts.find_bool("layer_scale").value_or(false);
  plan.vision.class_position = facts.find_bool("class_position").value_or(true);
  return v;
}

}  // namespace simdclip
