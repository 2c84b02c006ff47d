#include "convert/plan.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <sstream>

#include "base/fail.h"
#include "convert/arch_table.h"
#include "convert/tensor_map.h"

namespace simdclip {
namespace {

const ArchEntry* find_arch(std::string_view name) {
  for (const ArchEntry& entry : arch_table())
    if (entry.name == name) return &entry;
  return nullptr;
}

ConvertPlan plan_of_arch(const ArchEntry& arch) {
  const std::string where = "architecture " + std::string(arch.name);
  const Json json = parse_json(arch.json, where);
  ConvertPlan plan;
  read_open_clip_model(JsonObject(json, where), plan);
  plan.config.name = arch.name;
  return plan;
}

// Whether the tensors are those of that architecture; only names and shapes are looked at.
bool fits(const ArchEntry& arch, const TensorSource& tensors) {
  try {
    ConvertPlan plan = plan_of_arch(arch);
    read_open_clip_tensors(tensors, plan);
    bind_tensors(plan, tensors);
    return true;
  } catch (const Error&) {
    return false;
  }
}

std::string candidates(const TensorSource& tensors) {
  std::string out;
  for (const ArchEntry& arch : arch_table())
    if (fits(arch, tensors)) out += (out.empty() ? "" : ", ") + std::string(arch.name);
  return out;
}

std::string suggestions(std::string_view name) {
  std::string out;
  for (const std::string& known : convertible_archs())
    if (known.starts_with(name.substr(0, std::min<size_t>(name.size(), 5))))
      out += (out.empty() ? "" : ", ") + known;
  return out.empty() ? "ViT-B-32, ViT-B-16, ViT-L-14, ViT-H-14, ..." : out;
}

bool has_prefix(const TensorSource& tensors, std::string_view prefix) {
  const auto& all = tensors.tensors();
  return std::any_of(all.begin(), all.end(),
                     [&](const ForeignTensor& t) { return t.name.starts_with(prefix); });
}

// transformers' names, whole models and towers alone.
bool has_transformers_names(const TensorSource& tensors) {
  return has_prefix(tensors, "vision_model.") || has_prefix(tensors, "text_model.") ||
         has_prefix(tensors, "embeddings.");
}

// --- open_clip_config.json ---

void plan_open_clip_folder(const SourceFiles& files, const TensorSource& tensors,
                           const ConvertOptions& options, ConvertPlan& plan) {
  const Json json = read_json(files.open_clip_config);
  const JsonObject root(json, files.open_clip_config);
  read_open_clip_model(root.object("model_cfg"), plan);
  const auto preprocess = root.find_object("preprocess_cfg");
  const auto need = [&](const char* field, const std::vector<float>& given, const char* option) {
    if (given.empty() && !(preprocess && preprocess->has(field)))
      fail(ErrorCode::missing_info, files.open_clip_config, ": preprocess_cfg does not say ", field,
           "; give ", option, " R,G,B");
  };
  need("mean", options.image_mean, "--image-mean");
  need("std", options.image_std, "--image-std");
  if (preprocess)
    plan.config.preprocess = read_open_clip_preprocess(*preprocess);
  else
    plan.config.preprocess = PreprocessConfig{};
  read_open_clip_tensors(tensors, plan);
  if (plan.tower != "image") read_open_clip_tokenizer(files, plan);
}

// --- one file, or a folder without a description ---

bool equal(const PreprocessConfig& a, const PreprocessConfig& b) {
  return a.resize == b.resize && a.interpolation == b.interpolation && a.mean == b.mean && a.std == b.std;
}

std::string shown(const PreprocessConfig& p) {
  std::ostringstream out;
  out << to_string(p.interpolation) << ", " << to_string(p.resize) << ", mean " << p.mean[0] << ','
      << p.mean[1] << ',' << p.mean[2] << ", std " << p.std[0] << ',' << p.std[1] << ',' << p.std[2];
  return out.str();
}

// Pretrained tags of one architecture that take pictures in the same way.
struct TagGroup {
  PreprocessConfig preprocess;
  bool quick_gelu = false;
  std::vector<std::string> tags;
  std::string names(size_t most) const {
    std::string out;
    for (size_t i = 0; i < std::min(most, tags.size()); ++i) out += (i == 0 ? "" : ", ") + tags[i];
    return out + (tags.size() > most ? ", ..." : "");
  }
};

std::vector<TagGroup> tag_groups(const ArchEntry& arch) {
  std::vector<TagGroup> out;
  for (const Json& one : parse_json(arch.preprocess, "architecture " + std::string(arch.name))) {
    TagGroup group;
    group.tags = one.at("tags").get<std::vector<std::string>>();
    group.quick_gelu = one.at("quick_gelu").get<bool>();
    Json cfg = one;
    cfg.erase("tags");
    cfg.erase("quick_gelu");
    group.preprocess = read_open_clip_preprocess(JsonObject(cfg, std::string(arch.name)));
    out.push_back(std::move(group));
  }
  return out;
}

bool has_quick_gelu(const ArchEntry& arch) {
  return parse_json(arch.json, std::string(arch.name)).value("quick_gelu", false);
}

const TagGroup& group_of_tag(const ArchEntry& arch, const std::vector<TagGroup>& groups,
                             const std::string& tag) {
  std::string known;
  for (const TagGroup& group : groups) {
    if (std::find(group.tags.begin(), group.tags.end(), tag) == group.tags.end()) {
      known += (known.empty() ? "" : ", ") + group.names(group.tags.size());
      continue;
    }
    if (group.quick_gelu != has_quick_gelu(arch))
      fail(ErrorCode::invalid_argument, "--tag ", tag, ": these weights were trained ",
           group.quick_gelu ? "with QuickGELU; give --arch " + std::string(arch.name) + "-quickgelu"
                            : "without QuickGELU; give --arch without -quickgelu");
    return group;
  }
  fail(ErrorCode::invalid_argument, "--tag '", tag, "' is not one of open_clip's for --arch ", arch.name,
       ": ", known.empty() ? "it has none" : known);
}

// What the architecture's pretrained weights were trained with; asked for where they differ.
PreprocessConfig arch_preprocess(const ArchEntry& arch, const ConvertOptions& options) {
  std::vector<TagGroup> groups = tag_groups(arch);
  if (!options.tag.empty()) return group_of_tag(arch, groups, options.tag).preprocess;
  // Weights with the other activation belong to the architecture's other name.
  std::erase_if(groups, [&](const TagGroup& group) { return group.quick_gelu != has_quick_gelu(arch); });
  if (groups.empty()) return openai_preprocess();  // open_clip's default
  for (TagGroup& group : groups) {                 // what is given anyway cannot differ
    if (options.image_mean.size() == 3)
      std::copy_n(options.image_mean.begin(), 3, group.preprocess.mean.begin());
    if (options.image_std.size() == 3)
      std::copy_n(options.image_std.begin(), 3, group.preprocess.std.begin());
  }
  const PreprocessConfig first = groups.front().preprocess;
  std::string ways;
  for (const TagGroup& group : groups) ways += "; " + shown(group.preprocess) + ": " + group.names(4);
  if (options.tower != "text" && std::any_of(groups.begin(), groups.end(),
                                             [&](const TagGroup& g) { return !equal(g.preprocess, first); }))
    fail(ErrorCode::missing_info, "--arch ", arch.name,
         ": open_clip's weights of this architecture take pictures in "
         "different ways; give --tag TAG with the one that these weights are, or were trained as",
         ways);
  return first;
}

void plan_arch(const SourceFiles& files, const TensorSource& tensors, const ConvertOptions& options,
               ConvertPlan& plan) {
  const ArchEntry* arch = find_arch(options.arch);
  if (arch == nullptr)
    fail(ErrorCode::invalid_argument, "--arch '", options.arch,
         "' is not a name of open_clip's; for example: ", suggestions(options.arch));
  const std::string tower = plan.tower;
  plan = plan_of_arch(*arch);
  plan.tower = tower;
  plan.config.preprocess = arch_preprocess(*arch, options);
  const std::string whose = !options.tag.empty()        ? "those of open_clip's " + options.tag
                            : tag_groups(*arch).empty() ? "OpenAI's mean and std, open_clip's default"
                                                        : "those of open_clip's weights";
  plan.notes.push_back("pictures are prepared for --arch " + options.arch + " with " + whose + " (" +
                       shown(*plan.config.preprocess) +
                       "); give --image-mean and --image-std where these weights were trained with others");
  read_open_clip_tensors(tensors, plan);
  if (plan.tower != "image") read_open_clip_tokenizer(files, plan);
}

void plan_openai(const SourceFiles& files, const TensorSource& tensors, ConvertPlan& plan) {
  read_openai_model(tensors, plan);
  plan.config.preprocess = openai_preprocess();
  plan.notes.push_back(std::string(tensors.find("positional_embedding_res") ? "a Long-CLIP" : "an OpenAI") +
                       " file: QuickGELU, OpenAI's mean and std");
  read_open_clip_tensors(tensors, plan);
  if (plan.tower != "image") read_open_clip_tokenizer(files, plan);
}

[[noreturn]] void ask(const SourceFiles& files, const TensorSource& tensors) {
  if (has_transformers_names(tensors))
    fail(ErrorCode::missing_info, files.weights,
         ": a checkpoint with transformers' tensor names needs its config.json, preprocessor_config.json and "
         "tokenizer "
         "files; give the folder that holds them all");
  if (!has_prefix(tensors, "visual.") && !is_big_vision_file(tensors))
    fail(ErrorCode::unsupported, files.weights, ": no CLIP: its ", tensors.tensors().size(),
         " tensors have neither open_clip's nor transformers' names (first: '",
         tensors.tensors().empty() ? std::string() : tensors.tensors().front().name, "')");
  const std::string names = candidates(tensors);
  if (names.empty())
    fail(ErrorCode::missing_info, files.weights,
         ": the file does not say its architecture, and its tensors fit none of open_clip's that are "
         "supported; "
         "give the folder with open_clip_config.json, or --arch NAME to see what does not fit");
  fail(ErrorCode::missing_info, files.weights,
       ": the file does not say its architecture (the activation is not in it); give --arch NAME. Its "
       "tensors fit: ",
       names);
}

void apply_overrides(const ConvertOptions& options, ConvertPlan& plan) {
  const auto set = [&](const std::vector<float>& given, std::array<float, 3>& value, const char* option) {
    if (given.empty()) return;
    if (given.size() != 3)
      fail(ErrorCode::invalid_argument, option, " takes three numbers, found ", given.size());
    for (float number : given)
      if (!std::isfinite(number)) fail(ErrorCode::invalid_argument, option, " takes three finite numbers");
    if (plan.config.preprocess) std::copy(given.begin(), given.end(), value.begin());
  };
  PreprocessConfig unused;
  PreprocessConfig& p = plan.config.preprocess ? *plan.config.preprocess : unused;
  set(options.image_mean, p.mean, "--image-mean");
  set(options.image_std, p.std, "--image-std");
}

Precision precision_of(const std::string& name) {
  if (name == "f32") return Precision::f32;
  if (name == "bf16") return Precision::bf16;
  if (name == "int8") return Precision::int8;
  fail(ErrorCode::invalid_argument, "--precision '", name, "' is not known; expected f32, bf16 or int8");
}

std::string stem(const std::string& path) {
  const std::string name = base_name(path);
  const size_t dot = name.rfind('.');
  return dot == std::string::npos || dot == 0 ? name : name.substr(0, dot);
}

}  // namespace

// A gate and the fc1 beside it multiply the same rows: with one, both stay.
void keep_bf16(const std::vector<std::string>& names, ModelConfig& config) {
  std::vector<std::string>& kept = config.bf16_weights;
  kept = names;
  const std::string ends[] = {".mlp.gate.weight", ".mlp.fc1.weight"};
  for (const std::string& name : names) {
    for (size_t i = 0; i < 2; ++i) {
      if (!name.ends_with(ends[i])) continue;
      const bool gated = name.starts_with("visual.") ? config.vision && config.vision->transformer.gated_mlp
                                                     : config.text && config.text->transformer.gated_mlp;
      if (gated && name.find(".blocks.") != name.npos)
        kept.push_back(name.substr(0, name.size() - ends[i].size()) + ends[1 - i]);
    }
  }
  std::sort(kept.begin(), kept.end());
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
}

void need_real(const TensorSource& tensors, size_t index) {
  const ForeignTensor& tensor = tensors.tensors()[index];
  const bool real = tensor.type == ForeignType::f32 || tensor.type == ForeignType::f16 ||
                    tensor.type == ForeignType::bf16 || tensor.type == ForeignType::f64;
  if (!real)
    fail(ErrorCode::shape_mismatch, tensors.path(), ": tensor '", tensor.name, "' has elements of type ",
         to_string(tensor.type), ", expected f32, f16, bf16 or f64");
}

float read_scalar(const TensorSource& tensors, size_t index) {
  const ForeignTensor& tensor = tensors.tensors()[index];
  need_real(tensors, index);
  if (tensor.elements() != 1)
    fail(ErrorCode::shape_mismatch, tensors.path(), ": tensor '", tensor.name, "' is ",
         shape_string(tensor.shape), ", expected one number");
  float value = 0;
  tensors.read(index, {&value, 1});
  if (!std::isfinite(value))
    fail(ErrorCode::damaged, tensors.path(), ": tensor '", tensor.name, "' is not a finite number");
  return value;
}

float need_scalar(const TensorSource& tensors, const std::string& name, std::string_view whose) {
  const auto at = tensors.find(name);
  if (!at)
    fail(ErrorCode::not_found, tensors.path(), ": tensor '", name, "' is missing; every ", whose, " has it");
  return read_scalar(tensors, *at);
}

uint32_t count_blocks(const TensorSource& tensors, std::string_view prefix) {
  std::set<std::string, std::less<>> blocks;
  for (const ForeignTensor& tensor : tensors.tensors()) {
    const std::string_view name = tensor.name;
    if (name.starts_with(prefix))
      blocks.emplace(name.substr(prefix.size(), name.find('.', prefix.size()) - prefix.size()));
  }
  return static_cast<uint32_t>(blocks.size());
}

std::array<float, 3> three(const std::vector<double>& values, const std::string& where) {
  if (values.size() != 3) fail(ErrorCode::damaged, where, ": expected 3 numbers, found ", values.size());
  return {static_cast<float>(values[0]), static_cast<float>(values[1]), static_cast<float>(values[2])};
}

std::vector<std::string> convertible_archs() {
  std::vector<std::string> out;
  for (const ArchEntry& entry : arch_table()) {
    try {
      plan_of_arch(entry);
      out.emplace_back(entry.name);
    } catch (const Error&) {
      continue;  // a family that this version does not know
    }
  }
  return out;
}

ModelConfig kept_config(const ConvertPlan& plan) {
  ModelConfig config = plan.config;
  if (plan.tower == "image") {
    config.text.reset();
    config.tokenizer.reset();
  } else if (plan.tower == "text") {
    config.vision.reset();
    config.preprocess.reset();
  }
  return config;
}

ConvertPlan make_plan(const SourceFiles& files, const TensorSource& tensors, const ConvertOptions& options) {
  const Precision precision = precision_of(options.precision);
  ConvertPlan plan;
  plan.tower = options.tower;
  if (!plan.tower.empty() && plan.tower != "image" && plan.tower != "text")
    fail(ErrorCode::invalid_argument, "--tower '", plan.tower, "' is not known; expected image or text");
  plan.config.name = files.folder.empty() ? stem(files.weights) : base_name(files.folder);
  const bool described = !files.open_clip_config.empty() || !files.transformers_config.empty();
  if (!options.tag.empty() && options.arch.empty())
    fail(ErrorCode::invalid_argument, "--tag goes with --arch NAME");
  if (!options.arch.empty()) {
    if (described)
      fail(ErrorCode::invalid_argument, files.folder, ": the folder says its architecture (",
           base_name(files.open_clip_config.empty() ? files.transformers_config : files.open_clip_config),
           "); leave --arch away, or give the checkpoint file alone");
    plan_arch(files, tensors, options, plan);
  } else if (!files.transformers_config.empty() &&
             (files.open_clip_config.empty() || has_transformers_names(tensors))) {
    read_transformers(files, tensors, options, plan);
  } else if (!files.open_clip_config.empty()) {
    plan_open_clip_folder(files, tensors, options, plan);
  } else if (is_stable_diffusion_file(tensors)) {
    read_stable_diffusion(tensors, options, plan);
  } else if (has_prefix(tensors, "visual.") && is_openai_file(tensors)) {
    plan_openai(files, tensors, plan);
  } else {
    ask(files, tensors);
  }
  plan.config.precision = precision;
  keep_bf16(options.bf16_weights, plan.config);
  plan.config.source = base_name(files.weights);
  apply_overrides(options, plan);
  apply_picture_size(options, plan);
  const bool image = plan.tower != "text", text = plan.tower != "image";
  if (!plan.tower.empty() && !((image && plan.config.vision) || (text && plan.config.text)))
    fail(ErrorCode::invalid_argument, files.weights, ": --tower ", plan.tower, ", but the files have no ",
         plan.tower, " tower");
  validate(kept_config(plan), files.weights);
  return plan;
}

}  // namespace simdclip
