#include "tools/common.h"
#include "tools/output.h"

namespace simdclip::tools {
namespace {

std::string hex(uint64_t value) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(value));
  return text;
}

std::string image_size(const ModelInfo& info) {
  if (info.image_height == info.image_width) return std::to_string(info.image_height);
  return "[" + std::to_string(info.image_height) + ", " + std::to_string(info.image_width) + "]";
}

std::string shape_of(const TensorInfo& tensor) {
  return json_list(tensor.shape.size(), [&](size_t i) { return std::to_string(tensor.shape[i]); });
}

std::string tensors_json(const std::vector<TensorInfo>& tensors) {
  std::string out = "[";
  for (const TensorInfo& tensor : tensors) {
    out += (out.size() == 1 ? "\n  {\"name\": " : ",\n  {\"name\": ") + json_string(tensor.name) +
           ", \"shape\": " + shape_of(tensor) + ", \"storage\": " + json_string(tensor.storage) +
           ", \"bytes\": " + std::to_string(tensor.bytes) + "}";
  }
  return out + "]";
}

std::string tensors_table(const std::vector<TensorInfo>& tensors) {
  std::vector<std::vector<std::string>> rows = {{"tensor", "shape", "storage", "bytes"}};
  for (const TensorInfo& tensor : tensors) {
    rows.push_back({tensor.name, shape_of(tensor), tensor.storage, std::to_string(tensor.bytes)});
  }
  return table(rows, {3});
}

std::string as_json(const Model& model) {
  const ModelInfo& info = model.info();
  std::string out;
  const auto add = [&](const char* name, const std::string& value) {
    out += (out.empty() ? "{\"" : ",\n \"") + std::string(name) + "\": " + value;
  };
  const auto number = [&](const char* name, uint64_t value) { add(name, std::to_string(value)); };
  add("path", json_string(info.path));
  add("name", json_string(info.name));
  add("source", json_string(info.source));
  add("precision", json_string(info.precision));
  number("embed_dim", info.embed_dim);
  add("image_size", info.has_image_tower ? image_size(info) : "null");
  add("max_patches", info.max_patches != 0 ? std::to_string(info.max_patches) : "null");
  add("patch_size", info.has_image_tower ? std::to_string(info.patch_size) : "null");
  add("context_length", info.has_text_tower ? std::to_string(info.context_length) : "null");
  add("vocab_size", info.has_text_tower ? std::to_string(info.vocab_size) : "null");
  add("activation", json_string(info.activation));
  add("logit_scale", json_number(info.logit_scale));
  add("logit_bias", info.logit_bias ? json_number(*info.logit_bias) : "null");
  number("parameters", info.parameters);
  number("file_bytes", info.file_bytes);
  number("scratch_bytes", info.scratch_bytes);
  add("fingerprint", json_string(hex(info.fingerprint)));
  add("isa", json_string(info.isa));
  number("threads", info.threads);
  add("config", info.config);
  add("tensors", tensors_json(model.tensors()));
  return out + "}\n";
}

std::string as_table(const ModelInfo& info) {
  std::vector<std::vector<std::string>> rows;
  rows.push_back({"file", shown(info.path) + ", " + human_bytes(static_cast<double>(info.file_bytes))});
  rows.push_back({"name", shown(info.name)});
  rows.push_back({"source", shown(info.source)});
  rows.push_back({"precision", info.precision});
  rows.push_back({"parameters", fixed(static_cast<double>(info.parameters) / 1e6, 1) + " M"});
  rows.push_back({"embedding", std::to_string(info.embed_dim) + " numbers"});
  if (info.has_image_tower) {
    const std::string size =
        info.max_patches != 0
            ? "pictures keep their shape, at most " + std::to_string(info.max_patches)
            : std::to_string(info.image_height) + " x " + std::to_string(info.image_width) + " pixels,";
    rows.push_back({"image tower", size + " patches of " + std::to_string(info.patch_size)});
  }
  if (info.has_text_tower) {
    rows.push_back({"text tower", std::to_string(info.context_length) + " tokens, vocabulary of " +
                                      std::to_string(info.vocab_size)});
  }
  rows.push_back({"activation", info.activation});
  std::string scores = "logit = " + json_number(info.logit_scale) + " * cosine";
  if (info.logit_bias) scores += " + " + json_number(*info.logit_bias);
  rows.push_back({"scores", scores + (info.logit_bias ? ", sigmoid" : ", softmax over the texts")});
  rows.push_back({"memory", "file + " + human_bytes(static_cast<double>(info.scratch_bytes)) + " at most"});
  rows.push_back({"fingerprint", hex(info.fingerprint)});
  rows.push_back({"runs with", info.isa + ", " + std::to_string(info.threads) + " threads"});
  return table(rows);
}

}  // namespace

void info_command(std::vector<std::string> given) {
  ModelArguments model_arguments;
  bool json = false, verify = false, tensors = false;
  Arguments arguments("info", "Show what a model file holds: sizes, precision, memory, scores, tensors.",
                      "  simdclip info\n"
                      "  simdclip info -m b32.sclip --json\n"
                      "  simdclip info -m b32.sclip --tensors\n"
                      "  simdclip info -m b32.sclip --verify\n");
  model_arguments.declare(arguments);
  arguments.flag("--tensors", tensors, "List every tensor: name, shape, how it is stored, bytes in the file");
  arguments.flag("--verify", verify, "Read every weight and compare its checksum");
  arguments.flag("--json", json,
                 "Print one JSON document, the whole configuration and every tensor included");
  arguments.parse(std::move(given));
  ModelOptions options{
      .threads = model_arguments.threads, .isa = model_arguments.isa, .verify_checksums = verify};
  const Model model = Model::open(find_model(model_arguments.model), options);
  if (json) return print(as_json(model));
  print(as_table(model.info()));
  if (tensors) print("\n" + tensors_table(model.tensors()));
}

}  // namespace simdclip::tools
