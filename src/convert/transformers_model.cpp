// transformers' CLIP folders: config.json of a CLIPModel, or of one of its towers with or without projection.
// An absent field has the value of transformers' own configuration class: its files leave defaults out.
#include <algorithm>
#include <cmath>

#include "base/fail.h"
#include "convert/plan.h"

namespace simdclip {
namespace {

constexpr double kPixel = 1.0 / 255.0;

Activation activation(const JsonObject& cfg) {
  const std::string name = cfg.find_text("hidden_act").value_or("quick_gelu");
  if (name == "quick_gelu") return Activation::quick_gelu;
  if (name == "gelu") return Activation::gelu;
  if (name == "gelu_new" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  fail(ErrorCode::unsupported, cfg.where(), ": hidden_act '", name,
       "' is not supported, only quick_gelu, gelu, gelu_new and gelu_pytorch_tanh");
}

struct Defaults {
  uint32_t width, mlp_width, layers, heads;
};

TransformerConfig transformer(const JsonObject& cfg, const Defaults& defaults) {
  TransformerConfig t;
  t.width = cfg.find_count("hidden_size").value_or(defaults.width);
  t.mlp_width = cfg.find_count("intermediate_size").value_or(defaults.mlp_width);
  t.layers = cfg.find_count("num_hidden_layers").value_or(defaults.layers);
  t.heads = cfg.find_count("num_attention_heads").value_or(defaults.heads);
  if (t.width % t.heads != 0)
    fail(ErrorCode::damaged, cfg.where(), ": num_attention_heads ", t.heads, " do not divide hidden_size ",
         t.width);
  t.activation = activation(cfg);
  const double eps = cfg.find_number("layer_norm_eps").value_or(1e-5);
  if (!(eps > 0 && eps < 1))
    fail(ErrorCode::damaged, cfg.where(), ": layer_norm_eps should be between 0 and 1, found ", eps);
  t.norm_eps = static_cast<float>(eps);
  return t;
}

VisionConfig read_vision(const JsonObject& cfg) {
  VisionConfig v;
  v.image_height = v.image_width = cfg.find_count("image_size").value_or(224);
  v.patch_size = cfg.find_count("patch_size").value_or(32);
  v.transformer = transformer(cfg, {768, 3072, 12, 12});
  if (cfg.find_count("num_channels").value_or(3) != 3)
    fail(ErrorCode::unsupported, cfg.where(), ": num_channels should be 3");
  return v;
}

TextConfig read_text(const JsonObject& cfg) {
  TextConfig x;
  x.vocab_size = cfg.find_count("vocab_size").value_or(49408);
  x.context_length = cfg.find_count("max_position_embeddings").value_or(77);
  x.transformer = transformer(cfg, {512, 2048, 12, 8});
  // Files from before transformers 4.31 say 2, which no vocabulary means: there the largest id is the end of
  // the text.
  const uint32_t eos = cfg.find_count("eos_token_id").value_or(49407);
  x.pooling = eos == 2 ? Pooling::argmax_id : Pooling::first_eos;
  if (eos != 2) x.eos_id = eos;
  if (eos >= x.vocab_size && eos != 2)
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
    if (name == "CLIPTextModelWithProjection" || name == "CLIPVisionModelWithProjection") return true;
    if (name == "CLIPTextModel" || name == "CLIPVisionModel") return false;
    if (name != "CLIPModel")
      fail(ErrorCode::unsupported, root.where(), ": architecture '", name, "' is not supported yet");
  }
  return tensors.find(tensor).has_value();
}

void read_towers(const JsonObject& root, const TensorSource& tensors, ConvertPlan& plan) {
  ModelConfig& config = plan.config;
  const std::string type = root.text("model_type");
  if (type == "clip") {
    config.vision = read_vision(tower(root, "vision_config", "vision_config_dict"));
    config.text = read_text(tower(root, "text_config", "text_config_dict"));
    config.embed_dim = root.find_count("projection_dim").value_or(512);
    const auto scale = tensors.find("logit_scale");
    if (!scale)
      fail(ErrorCode::not_found, tensors.path(), ": tensor 'logit_scale' is missing; every CLIPModel has it");
    config.logit_scale = static_cast<float>(std::exp(double{read_scalar(tensors, *scale)}));
  } else if (type == "clip_vision_model") {
    config.vision = read_vision(root);
    config.vision->projection = has_projection(root, tensors, "visual_projection.weight");
    config.embed_dim = config.vision->projection ? root.find_count("projection_dim").value_or(512)
                                                 : config.vision->transformer.width;
  } else if (type == "clip_text_model") {
    config.text = read_text(root);
    config.text->projection = has_projection(root, tensors, "text_projection.weight");
    config.embed_dim = config.text->projection ? root.find_count("projection_dim").value_or(512)
                                               : config.text->transformer.width;
  } else {
    fail(ErrorCode::unsupported, root.where(), ": model_type '", type,
         "' is not supported yet; clip, clip_text_model and clip_vision_model are");
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

void require_true(const JsonObject& cfg, const char* key) {
  if (!cfg.find_bool(key).value_or(true))
    fail(ErrorCode::unsupported, cfg.where(), ": ", key, " = false is not supported");
}

void read_geometry(const JsonObject& cfg, const VisionConfig& vision, PreprocessConfig& p) {
  require_true(cfg, "do_resize");
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

PreprocessConfig read_transformers_preprocess(const std::string& folder, const VisionConfig& vision,
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
    const std::string type = cfg.find_text(key).value_or("CLIPImageProcessor");
    if (type != "CLIPImageProcessor" && type != "CLIPImageProcessorFast" && type != "CLIPImageProcessorPil" &&
        type != "CLIPFeatureExtractor")
      fail(ErrorCode::unsupported, cfg.where(), ": ", key, " '", type, "' is not supported, only CLIP's");
  }
  PreprocessConfig p;
  read_geometry(cfg, vision, p);
  const auto resample = cfg.find_number("resample").value_or(3);
  if (resample != 2 && resample != 3)
    fail(ErrorCode::unsupported, cfg.where(), ": resample ", resample,
         " is not supported, only 2 (bilinear) and 3 (bicubic)");
  p.interpolation = resample == 2 ? Interpolation::bilinear : Interpolation::bicubic;
  require_true(cfg, "do_rescale");
  const double factor = cfg.find_number("rescale_factor").value_or(kPixel);
  if (std::abs(factor - kPixel) > 1e-9)
    fail(ErrorCode::unsupported, cfg.where(), ": rescale_factor ", factor, " is not supported, only 1/255");
  p.convert_rgb_first = cfg.find_bool("do_convert_rgb").value_or(true);
  if (!cfg.find_bool("do_normalize").value_or(true)) return p;  // mean 0, std 1
  if (!cfg.has("image_mean") && options.image_mean.empty())
    fail(ErrorCode::missing_info, cfg.where(), ": image_mean is missing; give --image-mean R,G,B");
  if (!cfg.has("image_std") && options.image_std.empty())
    fail(ErrorCode::missing_info, cfg.where(), ": image_std is missing; give --image-std R,G,B");
  if (cfg.has("image_mean")) p.mean = three(cfg.numbers("image_mean"), cfg.field("image_mean"));
  if (cfg.has("image_std")) p.std = three(cfg.numbers("image_std"), cfg.field("image_std"));
  return p;
}

void read_transformers(const SourceFiles& files, const TensorSource& tensors, const ConvertOptions& options,
                       ConvertPlan& plan) {
  const Json json = read_json(files.transformers_config);
  const JsonObject root(json, files.transformers_config);
  plan.vision.naming = plan.text.naming = Naming::transformers;
  read_towers(root, tensors, plan);
  if (plan.config.vision) {
    plan.vision.prefix = prefix_of(tensors, "vision_model.");
    plan.config.preprocess = read_transformers_preprocess(files.folder, *plan.config.vision, options);
    plan.notes.push_back(
        "pictures are prepared as transformers does with backend=\"pil\"; its default torchvision backend "
        "differs by at most 2 of 255 levels, in 0.4 % of the values");
  }
  if (plan.config.text) {
    plan.text.prefix = prefix_of(tensors, "text_model.");
    read_transformers_tokenizer(files.folder, plan);
  }
}

}  // namespace simdclip
