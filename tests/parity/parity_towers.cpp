// The converter and the towers without a tokenizer, for models.py: what open_clip's model_cfg becomes, whether the
// names and shapes of a checkpoint fit it, and what the towers make of pixels and ids.
//
//   parity_towers plan MODEL_CFG.json
//   parity_towers schema MODEL_CFG.json WEIGHTS
//   parity_towers run MODEL_CFG.json WEIGHTS MODEL.sclip PIXELS.npy IDS.npy IMAGES.f32 TEXTS.f32
#include <fstream>
#include <iostream>

#include "base/cpu.h"
#include "convert/plan.h"
#include "convert/tensor_map.h"
#include "format/model_writer.h"
#include "model/text_tower.h"
#include "model/vision_tower.h"
#include "support/npy.h"
#include "text/tokenizer.h"

namespace simdclip {
namespace {

class NoTensors : public TensorSource {
 public:
  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t, std::span<float>) const override {}

 private:
  std::string path_;
  std::vector<ForeignTensor> tensors_;
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

void write_model(const ConvertPlan& plan, const TensorSource& tensors, const std::string& path) {
  ModelWriter writer(path, plan.config, plan.tokenizer);
  std::vector<float> values;
  for (const BoundTensor& bound : bind_tensors(plan, tensors)) {
    assemble(bound, plan, tensors, values);
    writer.write(bound.spec, values);
  }
  writer.commit();
}

void save(const std::string& path, const std::vector<float>& values) {
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()),
             static_cast<std::streamsize>(values.size() * sizeof(float)));
}

// Runs all pictures, a micro-batch at a time.
std::vector<float> embed_pixels(const ModelFile& file, const Engine& engine, const std::vector<float>& pixels) {
  const size_t width = file.config().embed_dim;
  const VisionTower tower(file, *file.config().vision, width);
  Workspace ws(tower.workspace_floats(engine.pool.size()));
  const size_t picture = tower.pixels_per_picture(), n = pixels.size() / picture;
  std::vector<float> out(n * width);
  for (size_t first = 0; first < n;) {
    const size_t count = std::min(tower.micro_batch(), n - first);
    std::vector<Pixels> some;
    for (size_t i = first; i < first + count; ++i)
      some.push_back({std::span(pixels).subspan(i * picture, picture), {tower.config().image_height, tower.config().image_width}});
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

int run(const std::vector<std::string>& arguments) {
  if (arguments.at(0) == "plan") {
    plan_of(arguments.at(1), NoTensors());
    return 0;
  }
  const auto tensors = open_checkpoint(arguments.at(2));
  ConvertPlan plan = plan_of(arguments.at(1), *tensors);
  bind_tensors(plan, *tensors);
  if (arguments.at(0) == "schema") return 0;
  write_model(plan, *tensors, arguments.at(3));
  ThreadPool pool(2);
  const Engine engine{kernels::select_kernels(default_isa()), pool};
  const ModelFile file = ModelFile::open(arguments.at(3));
  save(arguments.at(6), embed_pixels(file, engine, tests::read_npy<float>(arguments.at(4)).values));
  save(arguments.at(7), embed_ids(file, engine, tests::read_npy<int32_t>(arguments.at(5))));
  return 0;
}

}  // namespace
}  // namespace simdclip

int main(int argc, char** argv) {
  try {
    return simdclip::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
