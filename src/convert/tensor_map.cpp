#include "convert/tensor_map.h"

#include <algorithm>
#include <array>

#include "base/fail.h"

namespace simdclip {
namespace {

// '*' stands for the block's number, '@' for the tower's prefix. Of several rows with one target the first
// whose sources are in the file counts.
struct Rule {
  std::string_view target;
  MapForm form;
  std::array<std::string_view, 3> sources;
  std::string_view row_scale = {};  // where the tower has layer scale
};

constexpr Rule kOpenClipVision[] = {
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
};

constexpr Rule kOpenClipText[] = {
    {"text.token_embedding", MapForm::same, {"@token_embedding.weight"}},
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

// Both towers of transformers name their blocks alike.
constexpr Rule kTransformersBlocks[] = {
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

constexpr Rule kTransformersVision[] = {
    {"visual.patch_embed.weight", MapForm::patches, {"@embeddings.patch_embedding.weight"}},
    {"visual.class_embedding", MapForm::same, {"@embeddings.class_embedding"}},
    {"visual.positional_embedding", MapForm::same, {"@embeddings.position_embedding.weight"}},
    {"visual.ln_pre.weight", MapForm::same, {"@pre_layrnorm.weight"}},  // sic
    {"visual.ln_pre.bias", MapForm::same, {"@pre_layrnorm.bias"}},
    {"visual.ln_post.weight", MapForm::same, {"@post_layernorm.weight"}},
    {"visual.ln_post.bias", MapForm::same, {"@post_layernorm.bias"}},
    {"visual.proj.weight", MapForm::same, {"visual_projection.weight"}},
};

constexpr Rule kTransformersText[] = {
    {"text.token_embedding", MapForm::same, {"@embeddings.token_embedding.weight"}},
    {"text.positional_embedding", MapForm::same, {"@embeddings.position_embedding.weight"}},
    {"text.ln_final.weight", MapForm::same, {"@final_layer_norm.weight"}},
    {"text.ln_final.bias", MapForm::same, {"@final_layer_norm.bias"}},
    {"text.proj.weight", MapForm::same, {"text_projection.weight"}},
};

// Tensors that decide nothing here: buffers, and scalars that the plan has read. '?' stands for either
// tower's prefix.
constexpr std::string_view kOpenClipIgnored[] = {"logit_scale",    "logit_bias",       "attn_mask",
                                                 "text.attn_mask", "input_resolution", "context_length",
                                                 "vocab_size"};
constexpr std::string_view kTransformersIgnored[] = {"logit_scale", "vision_model.embeddings.position_ids",
                                                     "text_model.embeddings.position_ids",
                                                     "embeddings.position_ids"};

struct NameTable {
  std::span<const Rule> vision, text, blocks;  // blocks: rows of both towers, named after "TOWER.blocks.*"
  std::span<const std::string_view> ignored;
};

NameTable table_of(Naming naming) {
  if (naming == Naming::transformers)
    return {kTransformersVision, kTransformersText, kTransformersBlocks, kTransformersIgnored};
  return {kOpenClipVision, kOpenClipText, {}, kOpenClipIgnored};
}

std::string expand(std::string_view pattern, std::string_view prefix, std::string_view block) {
  std::string out;
  for (char c : pattern) {
    if (c == '*')
      out += block;
    else if (c == '@')
      out += prefix;
    else
      out += c;
  }
  return out;
}

// "visual.blocks.7.ln_1.weight" -> "visual.blocks.*.ln_1.weight" and "7".
struct Target {
  std::string pattern, block;
};

Target target_of(const std::string& name) {
  const size_t begin = name.find(".blocks.");
  if (begin == std::string::npos) return {name, ""};
  const size_t number = begin + 8, end = name.find('.', number);
  return {name.substr(0, number) + "*" + name.substr(end), name.substr(number, end - number)};
}

class Binder {
 public:
  Binder(const ConvertPlan& plan, const TensorSource& tensors)
      : plan_(plan),
        tensors_(tensors),
        table_(table_of(plan.naming)),
        used_(tensors.tensors().size(), false) {}

  std::vector<BoundTensor> bind() {
    std::vector<BoundTensor> out;
    for (const TensorSpec& spec : schema(plan_.config)) out.push_back(bind_one(spec));
    for (size_t i = 0; i < used_.size(); ++i) {
      const std::string& name = tensors_.tensors()[i].name;
      const auto& ignored = table_.ignored;
      if (used_[i] || std::find(ignored.begin(), ignored.end(), name) != ignored.end()) continue;
      fail(ErrorCode::unsupported, tensors_.path(), ": tensor '", name, "' ",
           shape_string(tensors_.tensors()[i].shape),
           " has no place in this architecture; the file is from another one, or from a newer version");
    }
    return out;
  }

 private:
  bool is_vision(const TensorSpec& spec) const { return spec.name.starts_with("visual."); }

  // The rows for a target: of the tower's own table, and of the table that both towers share.
  std::vector<const Rule*> rules_for(const TensorSpec& spec, const Target& target) const {
    std::vector<const Rule*> out;
    for (const Rule& rule : is_vision(spec) ? table_.vision : table_.text)
      if (rule.target == target.pattern) out.push_back(&rule);
    const size_t star = target.pattern.find(".blocks.*");
    for (const Rule& rule : table_.blocks)
      if (star != std::string::npos && target.pattern.substr(star + 9) == rule.target) out.push_back(&rule);
    if (out.empty())
      fail(ErrorCode::unsupported, tensors_.path(), ": '", spec.name, "' is not known in files of this kind");
    return out;
  }

  BoundTensor bind_one(const TensorSpec& spec) {
    const Target target = target_of(spec.name);
    const auto rules = rules_for(spec, target);
    const std::string& prefix = is_vision(spec) ? plan_.vision_prefix : plan_.text_prefix;
    const Rule* chosen = rules.front();
    for (const Rule* rule : rules)
      if (tensors_.find(expand(rule->sources[0], prefix, target.block))) {
        chosen = rule;
        break;
      }
    BoundTensor bound{spec, chosen->form, {}, {}};
    for (std::string_view source : chosen->sources)
      if (!source.empty())
        bound.sources.push_back(take(expand(source, prefix, target.block), source_shape(spec, *chosen)));
    const bool scaled = is_vision(spec) ? plan_.vision_layer_scale : plan_.text_layer_scale;
    if (scaled && !chosen->row_scale.empty())
      bound.row_scale = take(expand(chosen->row_scale, prefix, target.block), {spec.shape[0]});
    return bound;
  }

  std::vector<uint64_t> source_shape(const TensorSpec& spec, const Rule& rule) const {
    auto shape = spec.shape;
    switch (rule.form) {
      case MapForm::same: break;
      case MapForm::patches: {
        const uint64_t patch = plan_.config.vision->patch_size;
        return {shape[0], 3, patch, patch};
      }
      case MapForm::transposed: std::reverse(shape.begin(), shape.end()); break;
      case MapForm::rows: shape[0] /= 3; break;
    }
    return shape;
  }

  size_t take(const std::string& name, const std::vector<uint64_t>& shape) {
    const auto at = tensors_.find(name);
    if (!at) missing(name, shape);
    const ForeignTensor& tensor = tensors_.tensors()[*at];
    if (tensor.shape != shape)
      fail(ErrorCode::shape_mismatch, tensors_.path(), ": tensor '", name, "' is ",
           shape_string(tensor.shape), ", expected ", shape_string(shape), " for ", plan_.config.name,
           ". The file is damaged or of another architecture");
    const bool real = tensor.type == ForeignType::f32 || tensor.type == ForeignType::f16 ||
                      tensor.type == ForeignType::bf16 || tensor.type == ForeignType::f64;
    if (!real)
      fail(ErrorCode::shape_mismatch, tensors_.path(), ": tensor '", name, "' has elements of type ",
           to_string(tensor.type), ", expected f32, f16, bf16 or f64");
    used_[*at] = true;
    return *at;
  }

  // Names what is missing and, where a tensor of the same shape has a name that nobody knows, that one: it
  // was renamed.
  [[noreturn]] void missing(const std::string& name, const std::vector<uint64_t>& shape) const {
    std::string hint;
    const std::string_view tail =
        std::string_view(name).substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.'));
    for (size_t i = 0; i < used_.size() && hint.empty(); ++i) {
      const ForeignTensor& other = tensors_.tensors()[i];
      const bool alike = other.shape == shape && other.name.ends_with(tail) &&
                         other.name.substr(0, 4) == name.substr(0, 4) && !used_[i];
      if (alike && std::abs(static_cast<long>(other.name.size()) - static_cast<long>(name.size())) < 8 &&
          !expected_somewhere(other.name))
        hint = "; there is '" + other.name + "', which is not known";
    }
    fail(ErrorCode::not_found, tensors_.path(), ": tensor '", name, "' ", shape_string(shape),
         " is missing, ", plan_.config.name, " needs it", hint,
         ". The file is incomplete or of another architecture");
  }

  bool expected_somewhere(const std::string& name) const {
    for (const TensorSpec& spec : schema(plan_.config)) {
      const Target target = target_of(spec.name);
      const std::string& prefix = is_vision(spec) ? plan_.vision_prefix : plan_.text_prefix;
      for (const Rule* rule : rules_for(spec, target))
        for (std::string_view source : rule->sources)
          if (expand(source, prefix, target.block) == name) return true;
    }
    return false;
  }

  const ConvertPlan& plan_;
  const TensorSource& tensors_;
  NameTable table_;
  std::vector<bool> used_;
};

void transpose(const std::vector<float>& from, uint64_t rows, uint64_t columns, std::vector<float>& to) {
  for (uint64_t r = 0; r < rows; ++r)
    for (uint64_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
}

}  // namespace

std::vector<BoundTensor> bind_tensors(const ConvertPlan& plan, const TensorSource& tensors) {
  return Binder(plan, tensors).bind();
}

void assemble(const BoundTensor& bound, const TensorSource& tensors, std::vector<float>& out) {
  uint64_t total = 1;
  for (uint64_t extent : bound.spec.shape) total *= extent;
  out.resize(total);
  if (bound.form == MapForm::transposed) {
    std::vector<float> stored(total);
    tensors.read(bound.sources[0], stored);
    transpose(stored, bound.spec.shape[1], bound.spec.shape[0], out);
  } else {
    const uint64_t each = total / bound.sources.size();
    for (size_t i = 0; i < bound.sources.size(); ++i)
      tensors.read(bound.sources[i], std::span(out).subspan(i * each, each));
  }
  if (!bound.row_scale) return;
  std::vector<float> scale(bound.spec.shape[0]);
  tensors.read(*bound.row_scale, scale);
  const uint64_t row = total / scale.size();
  for (uint64_t i = 0; i < total; ++i) out[i] *= scale[i / row];
}

}  // namespace simdclip
