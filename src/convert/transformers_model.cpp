// transformers' folders: config.json of a CLIPModel, MetaClip2Model, ChineseCLIPModel, AltCLIPModel or
// SiglipModel, or of one of CLIP's, MetaCLIP 2's and SigLIP's towers alone. An absent field has the value of
// transformers' own configuration class: its files leave defaults out.
#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "convert/plan.h"

namespace simdclip {
namespace {

constexpr double kPixel = 1.0 / 255.0;

Activation activation(const JsonObject& cfg, const char* otherwise) {
  const std::string name = cfg.find_text("hidden_act").value_or(otherwise);
  if (name == "quick_gelu") return Activation::quick_gelu;
  if (name == "gelu") return Activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  fail(ErrorCode::unsupported, cfg.where(), ": hidden_act '", name,
       "' is not supported, only quick_gelu, gelu, gelu_new and gelu_pytorch_tanh");
}

struct Defaults {
  uint32_t width, mlp_width, layers, heads;
  const char* activation = "quick_gelu";
  double norm_eps = 1e-5;
};
constexpr Defaults kClipVision{768, 3072, 12, 12}, kClipText{512, 2048, 12, 8},
    kSiglip{768, 3072, 12, 12, "gelu_pytorch_tanh", 1e-6}, kChineseText{768, 3072, 12, 12, "gelu", 1e-12},
    kAltText{1024, 4096, 24, 16, "gelu", 1e-5};

TransformerConfig transformer(const JsonObject& cfg, const Defaults& defaults) {
  TransformerConfig t;
  t.width = cfg.find_count("hidden_size").value_or(defaults.width);
  t.mlp_width = cfg.find_count("intermediate_size").value_or(defaults.mlp_width);
  t.layers = cfg.find_count("num_hidden_layers").value_or(defaults.layers);
  t.heads = cfg.find_count("num_attention_heads").value_or(defaults.heads);
  if (t.width % t.heads != 0)
    fail(ErrorCode::damaged, cfg.where(), ": num_attention_heads ", t.heads, " do not divide hidden_size ",
         t.width);
  t.activation = activation(cfg, defaults.activation);
  const double eps = cfg.find_number("layer_norm_eps").value_or(defaults.norm_eps);
  if (!(eps > 0 && eps < 1))
    fail(ErrorCode::damaged, cfg.where(), ": layer_norm_eps should be between 0 and 1, found ", eps);
  t.norm_eps = static_cast<float>(eps);
  return t;
}

VisionConfig read_vision(const JsonObject& cfg, const Defaults& defaults = kClipVision, uint32_t patch = 32) {
  VisionConfig v;
  v.image_height = v.image_width = cfg.find_count("image_size").value_or(224);
  v.patch_size = cfg.find_count("patch_size").value_or(patch);
  v.transformer = transformer(cfg, defaults);
  if (cfg.find_count("num_channels").value_or(3) != 3)
    fail(ErrorCode::unsupported, cfg.where(), ": num_channels should be 3");
  return v;
}

// SigLIP: no class token, its attention pooling head behind post_layernorm, no projection.
VisionConfig read_siglip_vision(const JsonObject& cfg) {
  VisionConfig v = read_vision(cfg, kSiglip, 16);
  if (!cfg.find_bool("vision_use_head").value_or(true))
    fail(ErrorCode::unsupported, cfg.where(),
         ": vision_use_head = false is not supported: such a tower gives no embedding");
  v.class_token = v.pre_norm = v.projection = false;
  v.patch_bias = true;
  v.pooling = Pooling::attention;
  v.attention_pool = AttentionPoolConfig{v.transformer.heads, v.transformer.mlp_width,
                                         v.transformer.activation, v.transformer.norm_eps};
  return v;
}

// SigLIP 2 NaFlex: num_patches positions, a square of them; each picture's own grid. How many patches a
// picture may have is the processor's to say.
VisionConfig read_siglip2_vision(const JsonObject& cfg) {
  VisionConfig v = read_siglip_vision(cfg);
  const uint32_t positions = cfg.find_count("num_patches").value_or(256);
  const auto side = static_cast<uint32_t>(std::lround(std::sqrt(static_cast<double>(positions))));
  if (positions > kMaxTokens || side * side != positions)
    fail(ErrorCode::damaged, cfg.field("num_patches"), ": expected a square number of at most ", kMaxTokens,
         ", found ", positions);
  if (v.patch_size > kMaxImageSide / side)
    fail(ErrorCode::damaged, cfg.where(), ": ", side, " patches of ", v.patch_size, " pixels are more than ",
         kMaxImageSide);
  v.image_height = v.image_width = side * v.patch_size;
  v.max_patches = positions;
  return v;
}

TextConfig read_siglip_text(const JsonObject& cfg) {
  TextConfig x;
  x.vocab_size = cfg.find_count("vocab_size").value_or(32000);
  x.context_length = cfg.find_count("max_position_embeddings").value_or(64);
  x.transformer = transformer(cfg, kSiglip);
  x.causal = false;
  x.pooling = Pooling::last;
  x.projection_bias = true;
  return x;
}

// A BERT whose class token's last state becomes the embedding.
TextConfig read_bert(const JsonObject& cfg, const Defaults& defaults, uint32_t otherwise_pad,
                     ForeignTower& tower) {
  TextConfig x;
  x.transformer = transformer(cfg, defaults);
  x.transformer.norm = BlockNorm::after;
  x.causal = false;
  x.pooling = Pooling::first;
  x.embedding_norm = true;
  x.drop_padding = true;
  const double pad = cfg.find_number("pad_token_id").value_or(otherwise_pad);
  if (!(pad >= 0 && pad < kMaxExtent) || pad != std::floor(pad))
    fail(ErrorCode::damaged, cfg.where(), ": pad_token_id ", pad, " is not in the vocabulary");
  x.pad_id = static_cast<uint32_t>(pad);
  tower.naming = Naming::bert;
  return x;
}

TextConfig read_chinese_text(const JsonObject& cfg, ForeignTower& tower) {
  TextConfig x = read_bert(cfg, kChineseText, 0, tower);
  x.vocab_size = cfg.find_count("vocab_size").value_or(30522);
  x.context_length = cfg.find_count("max_position_embeddings").value_or(512);
  x.final_norm = false;
  tower.places = x.context_length;
  tower.token_types = cfg.find_count("type_vocab_size").value_or(2);
  return x;
}

// AltCLIP's XLM-RoBERTa, whose positions begin behind the padding's; a norm and two layers follow.
TextConfig read_alt_text(const JsonObject& cfg, ForeignTower& tower) {
  TextConfig x = read_bert(cfg, kAltText, 1, tower);
  x.vocab_size = cfg.find_count("vocab_size").value_or(250002);
  x.projection_bias = true;
  tower.places = cfg.find_count("max_position_embeddings").value_or(514);
  tower.first_place = x.pad_id + 1;
  if (tower.places <= tower.first_place)
    fail(ErrorCode::damaged, cfg.where(), ": max_position_embeddings ", tower.places,
         " leaves no position behind pad_token_id ", x.pad_id);
  x.context_length = tower.places - tower.first_place;
  tower.token_types = cfg.find_count("type_vocab_size").value_or(1);
  tower.inner_width = cfg.find_count("project_dim").value_or(768);
  return x;
}

TextConfig read_text(const JsonObject& cfg, bool two_is_an_id = false) {
  TextConfig x;
  x.vocab_size = cfg.find_count("vocab_size").value_or(49408);
  x.context_length = cfg.find_count("max_position_embeddings").value_or(77);
  x.transformer = transformer(cfg, kClipText);
  // Files from before transformers 4.31 say 2, which no vocabulary means: there the largest id is the end of
  // the text.
  const uint32_t eos = cfg.find_count("eos_token_id").value_or(49407);
  const bool largest = eos == 2 && !two_is_an_id;
  x.pooling = largest ? Pooling::argmax_id : Pooling::first_eos;
  if (!largest) x.eos_id = eos;
  if (eos >= x.vocab_size && !largest)
    fail(ErrorCode::damaged, cfg.where(), ": eos_token_id ", eos, " is not in the vocabulary of ",
         x.vocab_size);
  return x;
}

// Old files carry both text_config and text_config_dict; transformers lets the second one win, defaults
// included.
JsonObject tower(const JsonObject& root, const char* key, const char* old_key) {
  return root.has(old_key) ? root.object(old_key) : root.object(key);
}

// A tower alone is saved with or without projection, with or without its own prefix, depending on class and
// version.
std::string prefix_of(const TensorSource& tensors, const std::string& prefix) {
  const auto& all = tensors.tensors();
  const bool used =
      std::any_of(all.begin(), all.end(), [&](const ForeignTensor& t) { return t.name.starts_with(prefix); });
  return used ? prefix : "";
}

bool has_projection(const JsonObject& root, const TensorSource& tensors, const char* tensor) {
  const auto at = root.json().find("architectures");
  if (at != root.json().end() && at->is_array() && at->size() == 1 && at->front().is_string()) {
    const auto name = at->front().get<std::string>();
    for (const std::string family : {"CLIP", "MetaClip2"}) {
      if (name == family + "TextModelWithProjection" || name == family + "VisionModelWithProjection")
        return true;
      if (name == family + "TextModel" || name == family + "VisionModel") return false;
    }
    if (name != "CLIPModel" && name != "MetaClip2Model")
      fail(ErrorCode::unsupported, root.where(), ": architecture '", name, "' is not supported yet");
  }
  return tensors.find(tensor).has_value();
}

void read_logit_scale(const TensorSource& tensors, ModelConfig& config) {
  config.logit_scale =
      static_cast<float>(std::exp(double{need_scalar(tensors, "logit_scale", "such model")}));
}

// The two halves of config.json; one that equals the class's defaults may be absent.
struct Halves {
  Json vision, text;
  explicit Halves(const JsonObject& root)
      : vision(half(root, "vision_config")), text(half(root, "text_config")) {}
  static Json half(const JsonObject& root, const char* key) {
    return root.has(key) ? root.object(key).json() : Json::object();
  }
};

void read_siglip(const JsonObject& root, const TensorSource& tensors, bool naflex, ModelConfig& config) {
  const Halves halves(root);
  const JsonObject vision(halves.vision, root.field("vision_config"));
  config.vision = naflex ? read_siglip2_vision(vision) : read_siglip_vision(vision);
  const JsonObject text(halves.text, root.field("text_config"));
  config.text = read_siglip_text(text);
  config.embed_dim = text.find_count("projection_size").value_or(config.text->transformer.width);
  read_logit_scale(tensors, config);
  config.logit_bias = need_scalar(tensors, "logit_bias", "SiglipModel");
}

// CLIP's image tower beside a BERT.
void read_with_bert(const JsonObject& root, const TensorSource& tensors,
                    TextConfig (*read_bert_text)(const JsonObject&, ForeignTower&), uint32_t otherwise_dim,
                    ConvertPlan& plan) {
  const Halves halves(root);
  plan.config.vision = read_vision(JsonObject(halves.vision, root.field("vision_config")));
  plan.config.text = read_bert_text(JsonObject(halves.text, root.field("text_config")), plan.text);
  plan.config.embed_dim = root.find_count("projection_dim").value_or(otherwise_dim);
  read_logit_scale(tensors, plan.config);
}

[[noreturn]] void refuse_class(const JsonObject& root, const std::string& type) {
  // Jina-CLIP, for one: what its towers compute stands in Python files of its repository.
  const char* own_code =
      root.has("auto_map")
          ? " (auto_map: the model is defined by Python code of its own, which transformers runs "
            "with trust_remote_code and a converter neither reads nor runs): embed with it in Python, or "
            "convert a checkpoint of a class that transformers itself has"
          : "";
  fail(ErrorCode::unsupported, root.where(), ": model_type '", type, "' is not supported", own_code,
       "; altclip, chinese_clip, clip, clip_text_model, clip_vision_model, metaclip_2, "
       "metaclip_2_text_model, metaclip_2_vision_model, siglip, siglip_text_model, siglip_vision_model, "
       "siglip2, "
       "siglip2_text_model and siglip2_vision_model are");
}

void read_towers(const JsonObject& root, const TensorSource& tensors, ConvertPlan& plan) {
  ModelConfig& config = plan.config;
  const std::string type = root.text("model_type");
  if (type == "clip" || type == "metaclip_2") {
    config.vision = read_vision(tower(root, "vision_config", "vision_config_dict"));
    config.text = read_text(tower(root, "text_config", "text_config_dict"), type == "metaclip_2");
    config.embed_dim = root.find_count("projection_dim").value_or(512);
    read_logit_scale(tensors, config);
  } else if (type == "siglip" || type == "siglip2") {
    read_siglip(root, tensors, type == "siglip2", config);
  } else if (type == "siglip_vision_model" || type == "siglip2_vision_model") {
    config.vision = type == "siglip2_vision_model" ? read_siglip2_vision(root) : read_siglip_vision(root);
    config.embed_dim = config.vision->transformer.width;
  } else if (type == "siglip_text_model" || type == "siglip2_text_model") {
    config.text = read_siglip_text(root);
    config.embed_dim = root.find_count("projection_size").value_or(config.text->transformer.width);
  } else if (type == "chinese_clip") {
    read_with_bert(root, tensors, read_chinese_text, 512, plan);
  } else if (type == "altclip") {
    read_with_bert(root, tensors, read_alt_text, 768, plan);
  } else if (type == "clip_vision_model" || type == "metaclip_2_vision_model") {
    config.vision = read_vision(root);
    config.vision->projection = has_projection(root, tensors, "visual_projection.weight");
    config.embed_dim = config.vision->projection ? root.find_count("projection_dim").value_or(512)
                                                 : config.vision->transformer.width;
  } else if (type == "clip_text_model" || type == "metaclip_2_text_model") {
    config.text = read_text(root, type != "clip_text_model");
    config.text->projection = has_projection(root, tensors, "text_projection.weight");
    config.embed_dim = config.text->projection ? root.find_count("projection_dim").value_or(512)
                                               : config.text->transformer.width;
  } else {
    refuse_class(root, type);
  }
}

// --- the picture processor ---

// {"height", "width"}, {"shortest_edge"} or a number (old files).
struct Size {
  uint32_t height = 0, width = 0;
  bool shortest = false;
};

Size read_size(const JsonObject& cfg, const char* key, bool number_is_shortest) {
  const auto at = cfg.json().find(key);
  if (at != cfg.json().end() && at->is_object()) {
    const JsonObject size = cfg.object(key);
    size.refuse_unknown({"height", "width", "shortest_edge"});
    if (size.has("shortest_edge")) return {size.count("shortest_edge"), size.count("shortest_edge"), true};
    return {size.count("height"), size.count("width"), false};
  }
  const uint32_t side = cfg.count(key);
  return {side, side, number_is_shortest};
}

bool is_processor_of(const std::string& type, std::string_view family) {
  for (const char* kind : {"ImageProcessor", "ImageProcessorFast", "ImageProcessorPil", "FeatureExtractor"})
    if (type == std::string(family) + kind) return true;
  return false;
}

bool is_known_processor(const std::string& type) {
  for (const char* family : {"CLIP", "ChineseCLIP", "Siglip"})
    if (is_processor_of(type, family)) return true;
  return false;
}

// Siglip2ImageProcessor: its class's defaults where the file leaves them out.
void read_naflex(const JsonObject& cfg, VisionConfig& vision, PreprocessConfig& p) {
  p.resize = ResizeMode::naflex;
  p.mean = p.std = {0.5F, 0.5F, 0.5F};
  const uint32_t patch = cfg.find_count("patch_size").value_or(16);
  if (patch != vision.patch_size)
    fail(ErrorCode::shape_mismatch, cfg.where(), ": pictures are cut into patches of ", patch,
         ", the model takes ", vision.patch_size);
  vision.max_patches = cfg.find_count("max_num_patches").value_or(256);
}

void require_true(const JsonObject& cfg, const char* key) {
  if (!cfg.find_bool(key).value_or(true))
    fail(ErrorCode::unsupported, cfg.where(), ": ", key, " = false is not supported");
}

void read_geometry(const JsonObject& cfg, const VisionConfig& vision, PreprocessConfig& p) {
  const Size size = read_size(cfg, "size", true);
  const bool crop = cfg.find_bool("do_center_crop").value_or(true);
  p.resize = size.shortest ? ResizeMode::shortest : ResizeMode::squash;
  if (size.shortest && !crop)
    fail(ErrorCode::unsupported, cfg.where(), ": shortest_edge without do_center_crop is not supported");
  Size result = size;
  if (crop && (size.shortest || cfg.has("crop_size"))) result = read_size(cfg, "crop_size", false);
  if (size.height != result.height || size.width != result.width)
    fail(ErrorCode::unsupported, cfg.where(), ": resizing to ", size.height, " and cropping to ",
         result.height, " is not supported; both should be equal");
  if (result.height != vision.image_height || result.width != vision.image_width)
    fail(ErrorCode::shape_mismatch, cfg.where(), ": pictures become ", result.height, " x ", result.width,
         ", the model takes ", vision.image_height, " x ", vision.image_width);
}

}  // namespace

PreprocessConfig read_transformers_preprocess(const std::string& folder, VisionConfig& vision,
                                              const ConvertOptions& options) {
  std::string path = folder + "/preprocessor_config.json";
  const bool nested = !is_file(path);
  if (nested) path = folder + "/processor_config.json";
  if (!is_file(path))
    fail(ErrorCode::missing_info, folder,
         ": no preprocessor_config.json (or processor_config.json): it says how pictures are resized and "
         "normalized. "
         "Download it from where the model comes from");
  const Json json = read_json(path);
  const JsonObject root(json, path);
  const JsonObject cfg = nested ? root.object("image_processor") : root;
  for (const char* key : {"image_processor_type", "feature_extractor_type"}) {
    const bool naflex = vision.max_patches != 0;
    const std::string type =
        cfg.find_text(key).value_or(naflex ? "Siglip2ImageProcessor" : "CLIPImageProcessor");
    if (naflex != is_processor_of(type, "Siglip2") && (naflex || is_known_processor(type)))
      fail(ErrorCode::unsupported, cfg.where(), ": ", key, " '", type,
           "' does not go with this model, whose pictures ",
           naflex ? "keep their shape (NaFlex)" : "have one size");
    if (!naflex && !is_known_processor(type))
      fail(ErrorCode::unsupported, cfg.where(), ": ", key, " '", type,
           "' is not supported, only CLIP's, ChineseCLIP's and SigLIP's");
  }
  PreprocessConfig p;
  const bool naflex = vision.max_patches != 0;
  require_true(cfg, "do_resize");
  if (naflex)
    read_naflex(cfg, vision, p);
  else
    read_geometry(cfg, vision, p);
  const auto resample = cfg.find_number("resample").value_or(naflex ? 2 : 3);
  if (resample != 2 && resample != 3)
    fail(ErrorCode::unsupported, cfg.where(), ": resample ", resample,
         " is not supported, only 2 (bilinear) and 3 (bicubic)");
  p.interpolation = resample == 2 ? Interpolation::bilinear : Interpolation::bicubic;
  require_true(cfg, "do_rescale");
  const double factor = cfg.find_number("rescale_factor").value_or(kPixel);
  if (std::abs(factor - kPixel) > 1e-9)
    fail(ErrorCode::unsupported, cfg.where(), ": rescale_factor ", factor, " is not supported, only 1/255");
  p.convert_rgb_first = cfg.find_bool("do_convert_rgb").value_or(true);
  if (!cfg.find_bool("do_normalize").value_or(true)) {
    p.mean = {0, 0, 0};
    p.std = {1, 1, 1};
    return p;
  }
  if (!naflex && !cfg.has("image_mean") && options.image_mean.empty())
    fail(ErrorCode::missing_info, cfg.where(), ": image_mean is missing; give --image-mean R,G,B");
  if (!naflex && !cfg.has("image_std") && options.image_std.empty())
    fail(ErrorCode::missing_info, cfg.where(), ": image_std is missing; give --image-std R,G,B");
  if (cfg.has("image_mean")) p.mean = three(cfg.numbers("image_mean"), cfg.field("image_mean"));
  if (cfg.has("image_std")) p.std = three(cfg.numbers("image_std"), cfg.field("image_std"));
  return p;
}

namespace {

// diffusers keeps the tokenizer of text_encoder in the folder tokenizer beside it, of text_encoder_2 in
// tokenizer_2.
std::string tokenizer_folder(const std::string& folder) {
  const std::string own = base_name(folder);
  if (!own.starts_with("text_encoder")) return folder;
  for (const char* file : {"tokenizer.json", "vocab.json", "tokenizer_config.json"})
    if (is_file(folder + "/" + file)) return folder;
  const std::string beside = folder + "/../tokenizer" + own.substr(std::string("text_encoder").size());
  return is_file(beside + "/tokenizer_config.json") || is_file(beside + "/vocab.json") ? beside : folder;
}

}  // namespace

void read_transformers(const SourceFiles& files, const TensorSource& tensors, const ConvertOptions& options,
                       ConvertPlan& plan) {
  const Json json = read_json(files.transformers_config);
  const JsonObject root(json, files.transformers_config);
  plan.vision.naming = plan.text.naming = Naming::transformers;
  read_towers(root, tensors, plan);  // may name another
  if (plan.config.vision) {
    plan.vision.prefix = prefix_of(tensors, "vision_model.");
    if (plan.tower != "text") {
      plan.config.preprocess = read_transformers_preprocess(files.folder, *plan.config.vision, options);
      plan.notes.push_back(
          "pictures are prepared as transformers does with backend=\"pil\"; its default torchvision backend "
          "differs by at most 2 of 255 levels, in 0.4 % of the values");
    }
  }
  if (plan.config.text) {
    plan.text.prefix = prefix_of(tensors, plan.text.inner_width != 0 ? "text_model.roberta." : "text_model.");
    if (plan.tower != "image") read_transformers_tokenizer(tokenizer_folder(files.folder), plan);
  }
}

}  // namespace simdclip
