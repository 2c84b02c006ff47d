// The converter and the towers without a tokenizer, for models.py: what open_clip's model_cfg becomes,
// whether the names and shapes of a checkpoint fit it, and what the towers make of pixels and ids.
//
//   parity_towers plan MODEL_CFG.json
//   parity_towers schema MODEL_CFG.json WEIGHTS
//   parity_towers write MODEL_CFG.json WEIGHTS MODEL.sclip LAYERS WORDS PRECISION
//   parity_towers isa
//   parity_towers embed MODEL.sclip PIXELS.npy|- IDS.npy|- IMAGES.f32 TEXTS.f32
//
// LAYERS and WORDS: the most blocks of a tower and words of a vocabulary, for weights that were cut to them.
#include <algorithm>
#include <fstream>
#include <iostream>

#include "base/cpu.h"
#include "convert/plan.h"
#include "convert/tensor_map.h"
#include "model/text_tower.h"
#include "model/vision_tower.h"
#include "support/npy.h"
#include "text/tokenizer.h"

namespace simdclip {
namespace {

// What every model of open_clip has, beside its towers.
class NoTensors : public TensorSource {
 public:
  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t, std::span<float> out) const override { std::fill(out.begin(), out.end(), 0.0F); }

 private:
  std::string path_;
  std::vector<ForeignTensor> tensors_ = {{"logit_bias", ForeignType::f32, {}},
                                         {"logit_scale", ForeignType::f32, {}}};
};

ConvertPlan plan_of(const std::string& config, const TensorSource& tensors) {
  ConvertPlan plan;
  plan.config.name = config;
  const Json json = read_json(config);
  read_open_clip_model(JsonObject(json, config), plan);
  read_open_clip_tensors(tensors, plan);
  plan.config.preprocess = PreprocessConfig{};
  TokenizerConfig tokenizer;  // no text is read here
  tokenizer.bos_id = tokenizer.eos_id = tokenizer.pad_id = 0;
  plan.config.tokenizer = tokenizer;
  plan.tokenizer = clip_bpe_builtin_section();
  validate(plan.config, config);
  return plan;
}

void cut(ConvertPlan& plan, uint32_t layers, uint32_t words) {
  ModelConfig& config = plan.config;
  for (TransformerConfig* tower : {&config.vision->transformer, &config.text->transformer})
    tower->layers = std::min(tower->layers, layers);
  config.text->vocab_size = std::min(config.text->vocab_size, words);
}

void save(const std::string& path, const std::vector<float>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(float)));
}

// Runs all pictures, a micro-batch at a time.
std::vector<float> embed_pixels(const ModelFile& file, const Engine& engine,
                                const std::vector<float>& pixels) {
  const size_t width = file.config().embed_dim;
  const VisionTower tower(file, *file.config().vision, width);
  Workspace ws(tower.workspace_floats(engine.pool.size()));
  const size_t picture = tower.pixels_per_picture(), n = pixels.size() / picture;
  std::vector<float> out(n * width);
  for (size_t first = 0; first < n;) {
    const size_t count = std::min(tower.micro_batch(), n - first);
    std::vector<Pixels> some;
    for (size_t i = first; i < first + count; ++i)
      some.push_back({std::span(pixels).subspan(i * picture, picture),
                      {tower.config().image_height, tower.config().image_width}});
    tower.forward(some, {out.data() + first * width, count, width, width}, ws, engine);
    first += count;
  }
  return out;
}

std::vector<float> embed_ids(const ModelFile& file, const Engine& engine, const tests::Npy<int32_t>& ids) {
  const size_t width = file.config().embed_dim, n = ids.shape[0], context = ids.shape[1];
  const TextTower tower(file, *file.config().text, width);
  Workspace ws(tower.workspace_floats(engine.pool.size()));
  std::vector<float> out(n * width);
  for (size_t i = 0; i < n; ++i) {
    const std::span<const int32_t> text = std::span(ids.values).subspan(i * context, context);
    tower.forward({&text, 1}, {}, {out.data() + i * width, 1, width, width}, ws, engine);
  }
  return out;
}

void embed(const std::vector<std::string>& arguments) {
  ThreadPool pool(2);
  const Engine engine{kernels::select_kernels(default_isa()), pool};
  const ModelFile file = ModelFile::open(arguments.at(1));
  const std::string &pixels = arguments.at(2), &ids = arguments.at(3);
  if (pixels != "-") save(arguments.at(4), embed_pixels(file, engine, tests::read_npy<float>(pixels).values));
  if (ids != "-") save(arguments.at(5), embed_ids(file, engine, tests::read_npy<int32_t>(ids)));
}

void run(const std::vector<std::string>& arguments) {
  const std::string& command = arguments.at(0);
  if (command == "embed") {
    embed(arguments);
    return;
  }
  if (command == "isa") {
    std::cout << to_string(default_isa()) << '\n';
    return;
  }
  if (command == "plan") {
    plan_of(arguments.at(1), NoTensors());
    return;
  }
  const auto tensors = open_checkpoint(arguments.at(2));
  ConvertPlan plan = plan_of(arguments.at(1), *tensors);
  if (command == "schema") {
    bind_tensors(plan, *tensors);
    return;
  }
  cut(plan, static_cast<uint32_t>(std::stoul(arguments.at(4))),
      static_cast<uint32_t>(std::stoul(arguments.at(5))));
  const std::string& precision = arguments.at(6);
  plan.config.precision = precision == "int8"   ? Precision::int8
                          : precision == "bf16" ? Precision::bf16
                                                : Precision::f32;
  write_plan(plan, bind_tensors(plan, *tensors), *tensors, arguments.at(3), {});
}

}  // namespace
}  // namespace simdclip

int main(int argc, char** argv) {
  try {
    simdclip::run({argv + 1, argv + argc});
    return 0;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
