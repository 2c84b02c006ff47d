#include "convert/tensor_map.h"

#include <algorithm>
#include <cctype>

#include "base/fail.h"

namespace simdclip {
namespace {

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

// "visual.blocks.7.ln_1.weight" -> "visual.blocks.*.ln_1.weight" and "7"; "visual.blocks.3.0.conv1.weight" ->
// "visual.blocks.*.conv1.weight" and "3.0".
struct Target {
  std::string pattern, block;
};

Target target_of(const std::string& name) {
  const size_t begin = name.find(".blocks.");
  if (begin == std::string::npos) return {name, ""};
  const size_t number = begin + 8;
  size_t end = name.find('.', number);
  while (std::isdigit(static_cast<unsigned char>(name[end + 1])) != 0) end = name.find('.', end + 1);
  return {name.substr(0, number) + "*" + name.substr(end), name.substr(number, end - number)};
}

// An extent of 0 is any.
bool fits(const std::vector<uint64_t>& shape, const std::vector<uint64_t>& wanted) {
  return std::equal(shape.begin(), shape.end(), wanted.begin(), wanted.end(),
                    [](uint64_t found, uint64_t want) { return want == 0 ? found > 0 : found == want; });
}

class Binder {
 public:
  Binder(const ConvertPlan& plan, const TensorSource& tensors)
      : plan_(plan),
        tensors_(tensors),
        vision_(vision_rules(plan)),
        text_(text_rules(plan)),
        used_(tensors.tensors().size(), false),
        single_layer_(tensors.find(plan.vision.prefix + "encoder.layer.0.layer_norm1.weight").has_value()) {}

  std::vector<BoundTensor> bind() {
    std::vector<BoundTensor> out;
    for (const TensorSpec& spec : schema(plan_.config)) out.push_back(bind_one(spec));
    for (size_t i = 0; i < used_.size(); ++i) {
      const std::string& name = tensors_.tensors()[i].name;
      if (used_[i] || is_ignored(plan_, name)) continue;
      fail(ErrorCode::unsupported, tensors_.path(), ": tensor '", name, "' ",
           shape_string(tensors_.tensors()[i].shape),
           " has no place in this architecture; the file is from another one, or from a newer version");
    }
    return out;
  }

 private:
  bool is_vision(const TensorSpec& spec) const { return spec.name.starts_with("visual."); }

  const ForeignTower& tower(const TensorSpec& spec) const {
    return is_vision(spec) ? plan_.vision : plan_.text;
  }

  std::vector<const NameRule*> rules_for(const TensorSpec& spec, const Target& target) const {
    std::vector<const NameRule*> out;
    const size_t star = target.pattern.find(".blocks.*");
    // ".ln_1.weight"
    const std::string in_block = star == std::string::npos ? std::string() : target.pattern.substr(star + 9);
    for (const NameRules& table : is_vision(spec) ? vision_ : text_)
      for (const NameRule& rule : table)
        if (rule.target == target.pattern || (!in_block.empty() && rule.target == in_block))
          out.push_back(&rule);
    if (out.empty())
      fail(ErrorCode::unsupported, tensors_.path(), ": '", spec.name, "' is not known in files of this kind");
    return out;
  }

  BoundTensor bind_one(const TensorSpec& spec) {
    const Target target = target_of(spec.name);
    const NameRule& rule = chosen_rule(rules_for(spec, target), tower(spec).prefix, target.block);
    BoundTensor bound{spec, rule.form, {}, {}, rule.turned && plan_.config.vision->rotary};
    const auto shapes = source_shapes(rule.form, stored_spec(spec, plan_), plan_);
    for (size_t i = 0; i < rule.sources.size() && !rule.sources[i].empty(); ++i)
      bound.sources.push_back(take(expand(rule.sources[i], tower(spec).prefix, target.block), shapes[i]));
    if (tower(spec).layer_scale && !rule.row_scale.empty())
      bound.row_scale = take(expand(rule.row_scale, tower(spec).prefix, target.block), {spec.shape[0]});
    return bound;
  }

  // transformers 5 writes AltCLIP's image tower with "encoder.layer.N", and reads both.
  std::string expand(std::string_view pattern, std::string_view prefix, std::string_view block) const {
    constexpr std::string_view kPlural = "encoder.layers.";
    std::string name = simdclip::expand(pattern, prefix, block);
    if (const size_t at = name.find(kPlural); single_layer_ && at != std::string::npos)
      name.erase(at + kPlural.size() - 2, 1);
    return name;
  }

  // The first rule whose sources are all there; else the first of which one is, so that what is missing is
  // named.
  const NameRule& chosen_rule(const std::vector<const NameRule*>& rules, const std::string& prefix,
                              const std::string& block) const {
    const auto found = [&](std::string_view source) {
      return source.empty() || tensors_.find(expand(source, prefix, block));
    };
    for (const NameRule* rule : rules)
      if (std::all_of(rule->sources.begin(), rule->sources.end(), found)) return *rule;
    for (const NameRule* rule : rules)
      if (found(rule->sources[0])) return *rule;
    return *rules.front();
  }

  size_t take(const std::string& name, const std::vector<uint64_t>& shape) {
    const auto at = tensors_.find(name);
    if (!at) missing(name, shape);
    const ForeignTensor& tensor = tensors_.tensors()[*at];
    if (!fits(tensor.shape, shape))
      fail(ErrorCode::shape_mismatch, tensors_.path(), ": tensor '", name, "' is ",
           shape_string(tensor.shape), ", expected ", shape_string(shape), " for ", plan_.config.name,
           ". The file is damaged or of another architecture");
    need_real(tensors_, *at);
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
      const std::string& prefix = tower(spec).prefix;
      for (const NameRule* rule : rules_for(spec, target))
        for (std::string_view source : rule->sources)
          if (!source.empty() && expand(source, prefix, target.block) == name) return true;
    }
    return false;
  }

  const ConvertPlan& plan_;
  const TensorSource& tensors_;
  std::vector<NameRules> vision_, text_;
  std::vector<bool> used_;
  bool single_layer_;
};

}  // namespace

std::vector<BoundTensor> bind_tensors(const ConvertPlan& plan, const TensorSource& tensors) {
  return Binder(plan, tensors).bind();
}

}  // namespace simdclip
