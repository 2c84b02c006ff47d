// open_clip's description of a model (open_clip_config.json, or its table of architectures) -> ModelConfig.
// Every field is known: one that changes the result and is not supported is refused by name, and so is an
// unknown one.
#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "convert/plan.h"

namespace simdclip {
namespace {

// Switches of open_clip's towers that must stand at their default.
constexpr const char* kBlockSwitches[] = {"qk_norm",          "scaled_cosine_attn", "scale_heads",
                                          "scale_attn_inner", "scale_attn",         "scale_fc"};

void refuse_switch(const JsonObject& cfg, const char* key) {
  if (cfg.find_bool(key).value_or(false))
    fail(ErrorCode::unsupported, cfg.where(), ": ", key, " = true is not supported");
}

void refuse_custom_blocks(const JsonObject& cfg) {
  for (const char* key : kBlockSwitches) refuse_switch(cfg, key);
  const std::string type = cfg.find_text("block_type").value_or("default");
  if (type != "default")
    fail(ErrorCode::unsupported, cfg.where(), ": block_type '", type, "' is not supported");
}

Activation activation(const JsonObject& cfg, bool quick_gelu) {
  const auto kwargs = cfg.find_object("act_kwargs");
  if (!kwargs || kwargs->json().empty()) return quick_gelu ? Activation::quick_gelu : Activation::gelu;
  kwargs->refuse_unknown({"approximate"});
  const std::string approximate = kwargs->find_text("approximate").value_or("none");
  if (quick_gelu || (approximate != "none" && approximate != "tanh"))
    fail(ErrorCode::unsupported, kwargs->where(), ": approximate '", approximate, "' is not supported here");
  return approximate == "tanh" ? Activation::gelu_tanh : Activation::gelu;
}

float norm_eps(const JsonObject& cfg) {
  const auto kwargs = cfg.find_object("norm_kwargs");
  if (!kwargs) return 1e-5F;  // torch.nn.LayerNorm's own
  kwargs->refuse_unknown({"eps"});
  const double eps = kwargs->find_number("eps").value_or(1e-5);
  if (!(eps > 0 && eps < 1))
    fail(ErrorCode::damaged, kwargs->where(), ": eps should be between 0 and 1, found ", eps);
  return static_cast<float>(eps);
}

// int(width * mlp_ratio), as Python truncates.
uint32_t mlp_width(const JsonObject& cfg, uint32_t width) {
  const double ratio = cfg.find_number("mlp_ratio").value_or(4.0);
  if (!(ratio > 0 && ratio < 1000))
    fail(ErrorCode::damaged, cfg.where(), ": mlp_ratio should be positive, found ", ratio);
  return static_cast<uint32_t>(width * ratio);
}

void image_size(const JsonObject& cfg, VisionConfig& v) {
  const auto at = cfg.json().find("image_size");
  if (at != cfg.json().end() && at->is_array()) {
    const auto sides = cfg.numbers("image_size");
    if (sides.size() != 2 || !(sides[0] >= 1) || !(sides[1] >= 1) || sides[0] > 65536 || sides[1] > 65536)
      fail(ErrorCode::damaged, cfg.field("image_size"), ": expected one size or [height, width]");
    v.image_height = static_cast<uint32_t>(sides[0]);
    v.image_width = static_cast<uint32_t>(sides[1]);
    return;
  }
  v.image_height = v.image_width = cfg.find_count("image_size").value_or(224);
}

bool is_resnet(const JsonObject& cfg) {
  const auto layers = cfg.json().find("layers");
  return layers != cfg.json().end() && layers->is_array();
}

// A ModifiedResNet: layers is the list of its stages; of the other fields open_clip reads these.
VisionConfig read_resnet(const JsonObject& cfg) {
  cfg.refuse_unknown({"layers", "width", "head_width", "image_size", "patch_size"});
  VisionConfig v;
  image_size(cfg, v);
  ResNetConfig resnet;
  resnet.width = cfg.find_count("width").value_or(64);
  const std::vector<double> stages = cfg.numbers("layers");
  if (stages.size() != resnet.blocks.size())
    fail(ErrorCode::damaged, cfg.field("layers"), ": expected four stages, found ", stages.size());
  for (size_t i = 0; i < stages.size(); ++i) {
    if (!(stages[i] >= 1 && stages[i] <= kMaxLayers) || stages[i] != std::floor(stages[i]))
      fail(ErrorCode::damaged, cfg.field("layers"), ": a stage of ", stages[i], " blocks");
    resnet.blocks[i] = static_cast<uint32_t>(stages[i]);
  }
  const uint64_t width = uint64_t{32} * resnet.width;
  const uint32_t head_width = cfg.find_count("head_width").value_or(64);
  if (width > kMaxExtent || width % head_width != 0)
    fail(ErrorCode::damaged, cfg.where(), ": width ", resnet.width, " cannot be divided into heads of ",
         head_width);
  describe_resnet(resnet, static_cast<uint32_t>(width / head_width), v);
  return v;
}

// CoCa's, whose first query's result is the embedding.
void read_attentional_pool(const JsonObject& cfg, uint32_t embed_dim, VisionConfig& v) {
  const auto at = cfg.json().find("attentional_pool");
  if (at == cfg.json().end() || at->is_null() || *at == false) return;
  if (*at != true)
    fail(ErrorCode::unsupported, cfg.where(), ": attentional_pool ", at->dump(),
         " is not supported, only true");
  if (v.pooling != Pooling::first)
    fail(ErrorCode::unsupported, cfg.where(), ": attentional_pool is supported with pool_type 'tok' only");
  v.pooling = Pooling::attention;
  v.norm_after_pool = true;
  AttentionPoolConfig& pool = v.attention_pool.emplace();
  pool.heads = cfg.find_count("attn_pooler_heads").value_or(8);
  pool.norm_eps = v.transformer.norm_eps;
  pool.width = embed_dim == v.transformer.width ? 0 : embed_dim;
  pool.input_norm = true;
}

VisionConfig read_vision(const JsonObject& cfg, bool quick_gelu, uint32_t embed_dim, bool& layer_scale) {
  if (is_resnet(cfg)) return read_resnet(cfg);
  cfg.refuse_unknown({"layers",
                      "width",
                      "head_width",
                      "mlp_ratio",
                      "patch_size",
                      "image_size",
                      "ls_init_value",
                      "patch_dropout",
                      "attentional_pool",
                      "attn_pooler_queries",
                      "attn_pooler_heads",
                      "no_ln_pre",
                      "pos_embed_type",
                      "final_ln_after_pool",
                      "pool_type",
                      "output_tokens",
                      "act_kwargs",
                      "norm_kwargs",
                      "block_type",
                      "qk_norm",
                      "scaled_cosine_attn",
                      "scale_heads",
                      "scale_attn_inner",
                      "scale_attn",
                      "scale_fc",
                      "timm_model_name",
                      "timm_model_pretrained",
                      "timm_pool",
                      "timm_proj",
                      "timm_proj_bias",
                      "timm_drop",
                      "timm_drop_path"});
  refuse_custom_blocks(cfg);
  VisionConfig v;
  image_size(cfg, v);
  v.patch_size = cfg.count("patch_size");
  TransformerConfig& t = v.transformer;
  t.width = cfg.count("width");
  t.layers = cfg.count("layers");
  const uint32_t head_width = cfg.find_count("head_width").value_or(64);
  t.heads = t.width / head_width;
  if (t.heads == 0 || t.width % t.heads != 0)
    fail(ErrorCode::damaged, cfg.where(), ": width ", t.width, " cannot be divided into heads of ",
         head_width);
  t.mlp_width = mlp_width(cfg, t.width);
  t.activation = activation(cfg, quick_gelu);
  t.norm_eps = norm_eps(cfg);
  layer_scale = cfg.find_number("ls_init_value").has_value();
  v.pre_norm = !cfg.find_bool("no_ln_pre").value_or(false);
  // sin_cos_2d is stored like a learned one
  const std::string position = cfg.find_text("pos_embed_type").value_or("learnable");
  if (position != "learnable" && position != "sin_cos_2d")
    fail(ErrorCode::unsupported, cfg.where(), ": pos_embed_type '", position, "' is not supported");
  const std::string pool = cfg.find_text("pool_type").value_or("tok");
  if (pool != "tok" && pool != "avg")
    fail(ErrorCode::unsupported, cfg.where(), ": pool_type '", pool, "' is not supported");
  v.norm_after_pool = pool == "avg" && cfg.find_bool("final_ln_after_pool").value_or(false);
  v.pooling = pool == "avg" ? Pooling::mean : Pooling::first;
  read_attentional_pool(cfg, embed_dim, v);
  return v;
}

Pooling text_pooling(const JsonObject& cfg) {
  const std::string pool = cfg.find_text("pool_type").value_or("argmax");
  if (pool == "argmax") return Pooling::argmax_id;
  if (pool == "eos") return Pooling::first_eos;
  if (pool == "last") return Pooling::last;
  fail(ErrorCode::unsupported, cfg.where(), ": pool_type '", pool,
       "' is not supported, only argmax, eos and last");
}

uint32_t pad_id(const JsonObject& cfg) {
  const double id = cfg.find_number("pad_id").value_or(0);
  if (!(id >= 0 && id < (1U << 31U)) || id != std::floor(id))
    fail(ErrorCode::damaged, cfg.field("pad_id"), ": expected a token's id");
  return static_cast<uint32_t>(id);
}

TextConfig read_text(const JsonObject& cfg, bool quick_gelu, bool& layer_scale) {
  cfg.refuse_unknown({"context_length",  "vocab_size",       "hf_tokenizer_name",
                      "tokenizer_mode",  "tokenizer_kwargs", "width",
                      "heads",           "layers",           "mlp_ratio",
                      "ls_init_value",   "embed_cls",        "pad_id",
                      "eos_id",          "no_causal_mask",   "final_ln_after_pool",
                      "pool_type",       "proj_bias",        "proj_type",
                      "output_tokens",   "act_kwargs",       "norm_kwargs",
                      "block_type",      "qk_norm",          "scaled_cosine_attn",
                      "scale_heads",     "scale_attn_inner", "scale_attn",
                      "scale_fc",        "hf_model_name",    "hf_model_pretrained",
                      "hf_proj_type",    "hf_pooler_type",   "use_pad_mask",
                      "correct_cls_mask"});
  refuse_switch(cfg, "correct_cls_mask");
  refuse_custom_blocks(cfg);
  TextConfig x;
  x.context_length = cfg.find_count("context_length").value_or(77);
  x.vocab_size = cfg.find_count("vocab_size").value_or(49408);
  TransformerConfig& t = x.transformer;
  t.width = cfg.count("width");
  t.layers = cfg.count("layers");
  t.heads = cfg.count("heads");
  if (t.width % t.heads != 0)
    fail(ErrorCode::damaged, cfg.where(), ": heads ", t.heads, " do not divide width ", t.width);
  t.mlp_width = mlp_width(cfg, t.width);
  t.activation = activation(cfg, quick_gelu);
  t.norm_eps = norm_eps(cfg);
  layer_scale = cfg.find_number("ls_init_value").has_value();
  x.causal = !cfg.find_bool("no_causal_mask").value_or(false);
  x.pooling = text_pooling(cfg);
  if (cfg.find_bool("embed_cls").value_or(false)) {
    x.pooling = Pooling::appended;
    x.pad_id = pad_id(cfg);
  } else if (!x.causal && cfg.find_bool("use_pad_mask").value_or(false)) {
    x.drop_padding = true;  // exact where pads stand behind the text
    x.pad_id = pad_id(cfg);
  }
  if (x.pooling == Pooling::first_eos) x.eos_id = cfg.find_count("eos_id").value_or(2);
  const std::string projection = cfg.find_text("proj_type").value_or("linear");
  if (projection != "linear" && projection != "none")
    fail(ErrorCode::unsupported, cfg.where(), ": proj_type '", projection, "' is not supported");
  x.projection = projection == "linear";
  x.projection_bias = x.projection && cfg.find_bool("proj_bias").value_or(false);
  return x;
}

}  // namespace

void describe_resnet(const ResNetConfig& resnet, uint32_t heads, VisionConfig& v) {
  v.resnet = resnet;
  v.patch_size = 32;
  v.transformer = {
      .width = 32 * resnet.width, .layers = 0, .heads = 1, .mlp_width = 0, .activation = Activation::relu};
  v.pre_norm = v.post_norm = false;
  v.pooling = Pooling::attention;
  AttentionPoolConfig& pool = v.attention_pool.emplace();
  pool.heads = heads;
  pool.token_query = true;
  v.projection_bias = true;
}

void read_open_clip_model(const JsonObject& cfg, ConvertPlan& plan) {
  plan.ignore_decoder = cfg.has("multimodal_cfg");
  plan.has_logit_bias = cfg.has("init_logit_bias");
  const bool quick_gelu = cfg.find_bool("quick_gelu").value_or(false);
  plan.config.embed_dim = cfg.count("embed_dim");
  const uint32_t embed_dim = plan.config.embed_dim;
  const JsonObject vision = cfg.object("vision_cfg"), text = cfg.object("text_cfg");
  plan.config.vision = vision.has("timm_model_name")
                           ? read_timm_vision(vision, embed_dim, plan)
                           : read_vision(vision, quick_gelu, embed_dim, plan.vision.layer_scale);
  plan.config.text = text.has("hf_model_name") ? read_hf_text(text, embed_dim, plan)
                                               : read_text(text, quick_gelu, plan.text.layer_scale);
  read_open_clip_tokenizer_settings(text, plan);
  if (!plan.config.text->projection && plan.config.text->transformer.width != plan.config.embed_dim)
    fail(ErrorCode::damaged, cfg.where(), ": a text tower without projection of width ",
         plan.config.text->transformer.width, " cannot give embeddings of ", plan.config.embed_dim);
  cfg.refuse_unknown({"embed_dim", "quick_gelu", "custom_text", "vision_cfg", "text_cfg", "init_logit_scale",
                      "init_logit_bias", "nonscalar_logit_scale", "output_dict", "multimodal_cfg"});
}

PreprocessConfig read_open_clip_preprocess(const JsonObject& cfg) {
  cfg.refuse_unknown({"size", "mode", "mean", "std", "interpolation", "resize_mode", "fill_color"});
  PreprocessConfig p;
  if (cfg.has("mean")) p.mean = three(cfg.numbers("mean"), cfg.field("mean"));
  if (cfg.has("std")) p.std = three(cfg.numbers("std"), cfg.field("std"));
  const std::string mode = cfg.find_text("mode").value_or("RGB");
  if (mode != "RGB")
    fail(ErrorCode::unsupported, cfg.where(), ": mode '", mode, "' is not supported, only 'RGB'");
  const std::string resize = cfg.find_text("resize_mode").value_or("shortest");
  if (resize != "shortest" && resize != "squash")
    fail(ErrorCode::unsupported, cfg.where(), ": resize_mode '", resize,
         "' is not supported, only 'shortest' and 'squash'");
  p.resize = resize == "squash" ? ResizeMode::squash : ResizeMode::shortest;
  const std::string interpolation = cfg.find_text("interpolation").value_or("bicubic");
  if (interpolation != "bicubic" && interpolation != "bilinear" && interpolation != "random")
    fail(ErrorCode::unsupported, cfg.where(), ": interpolation '", interpolation,
         "' is not supported, only 'bicubic' and 'bilinear'");
  p.interpolation = interpolation == "bilinear"
                        ? Interpolation::bilinear
                        : Interpolation::bicubic;  // random: bicubic when not training
  return p;
}

namespace {

bool any_begins_with(const TensorSource& tensors, std::string_view prefix) {
  const auto& all = tensors.tensors();
  return std::any_of(all.begin(), all.end(),
                     [&](const ForeignTensor& t) { return t.name.starts_with(prefix); });
}

}  // namespace

bool is_big_vision_file(const TensorSource& tensors) {
  return any_begins_with(tensors, "params/img/") || any_begins_with(tensors, "img/");
}

namespace {

void read_big_vision_tensors(const TensorSource& tensors, ConvertPlan& plan) {
  const std::string root = any_begins_with(tensors, "params/img/") ? "params/" : "";
  plan.only_prefix = root;  // an optimizer's state may stand beside
  plan.vision = {.naming = Naming::big_vision, .prefix = root + "img/"};
  plan.text = {.naming = Naming::big_vision, .prefix = root + "txt/"};
  const char* whose = "SigLIP of big_vision";
  plan.config.logit_scale = static_cast<float>(std::exp(double{need_scalar(tensors, root + "t", whose)}));
  plan.config.logit_bias = need_scalar(tensors, root + "b", whose);
}

}  // namespace

void read_open_clip_tensors(const TensorSource& tensors, ConvertPlan& plan) {
  if (is_big_vision_file(tensors)) return read_big_vision_tensors(tensors, plan);
  if (plan.text.naming == Naming::open_clip && any_begins_with(tensors, "text.")) plan.text.prefix = "text.";
  plan.config.logit_scale =
      static_cast<float>(std::exp(double{need_scalar(tensors, "logit_scale", "model of open_clip")}));
  if (plan.has_logit_bias || tensors.find("logit_bias"))
    plan.config.logit_bias = need_scalar(tensors, "logit_bias", "model of open_clip with init_logit_bias");
}

}  // namespace simdclip
