// OpenAI's TorchScript archives: the architecture is read from the tensors' shapes, as open_clip's
// build_model_from_openai_state_dict does; QuickGELU and the preprocessing are facts of that format.
// Long-CLIP's files are OpenAI's models with longer texts, whose positions are in two tensors.
#include <cmath>

#include "base/fail.h"
#include "convert/plan.h"

namespace simdclip {
namespace {

const std::vector<uint64_t>& shape_of(const TensorSource& tensors, const char* name, size_t rank) {
  const auto at = tensors.find(name);
  if (!at)
    fail(ErrorCode::not_found, tensors.path(), ": tensor '", name, "' is missing; every OpenAI CLIP has it");
  const auto& shape = tensors.tensors()[*at].shape;
  if (shape.size() != rank)
    fail(ErrorCode::shape_mismatch, tensors.path(), ": tensor '", name, "' is ", shape_string(shape),
         ", expected ", rank, " extents");
  return shape;
}

uint32_t extent(const TensorSource& tensors, const char* name, size_t rank, size_t axis) {
  const uint64_t value = shape_of(tensors, name, rank)[axis];
  if (value == 0 || value > 1U << 20)
    fail(ErrorCode::shape_mismatch, tensors.path(), ": tensor '", name, "' has an extent of ", value,
         ", which no CLIP has");
  return static_cast<uint32_t>(value);
}

uint32_t some_blocks(const TensorSource& tensors, const std::string& prefix) {
  const uint32_t blocks = count_blocks(tensors, prefix);
  if (blocks == 0)
    fail(ErrorCode::not_found, tensors.path(), ": no tensor '", prefix,
         "0...' is there; every OpenAI CLIP has them");
  return blocks;
}

TransformerConfig transformer(uint32_t width, uint32_t layers, const TensorSource& tensors,
                              const char* name) {
  if (width % 64 != 0)
    fail(ErrorCode::shape_mismatch, tensors.path(), ": '", name, "' has a width of ", width,
         ", expected a multiple of 64");
  return {.width = width,
          .layers = layers,
          .heads = width / 64,
          .mlp_width = width * 4,
          .activation = Activation::quick_gelu,
          .norm_eps = 1e-5F};
}

// The side of the square grid that so many positions but one are.
uint32_t grid_side(const TensorSource& tensors, const std::string& name) {
  const uint32_t positions = extent(tensors, name.c_str(), 2, 0);
  const auto side = static_cast<uint32_t>(std::lround(std::sqrt(static_cast<double>(positions) - 1)));
  if (side == 0 || side * side + 1 != positions)
    fail(ErrorCode::shape_mismatch, tensors.path(), ": tensor '", name, "' has ", positions,
         " rows, expected a square number of patches and one");
  return side;
}

VisionConfig vit_tower(const TensorSource& tensors) {
  VisionConfig v;
  v.patch_size = extent(tensors, "visual.conv1.weight", 4, 3);
  v.image_height = v.image_width = v.patch_size * grid_side(tensors, "visual.positional_embedding");
  v.transformer =
      transformer(extent(tensors, "visual.conv1.weight", 4, 0),
                  some_blocks(tensors, "visual.transformer.resblocks."), tensors, "visual.conv1.weight");
  return v;
}

VisionConfig resnet_tower(const TensorSource& tensors) {
  VisionConfig v;
  v.image_height = v.image_width = 32 * grid_side(tensors, "visual.attnpool.positional_embedding");
  ResNetConfig resnet;
  resnet.width = extent(tensors, "visual.layer1.0.conv1.weight", 4, 0);
  for (size_t i = 0; i < resnet.blocks.size(); ++i)
    resnet.blocks[i] = some_blocks(tensors, "visual.layer" + std::to_string(i + 1) + ".");
  const uint64_t width = uint64_t{32} * resnet.width;
  if (resnet.width % 2 != 0 || width > kMaxExtent)
    fail(ErrorCode::shape_mismatch, tensors.path(), ": 'visual.layer1.0.conv1.weight' has ", resnet.width,
         " rows, which no CLIP has");
  describe_resnet(resnet, static_cast<uint32_t>(width / 64), v);
  return v;
}

}  // namespace

bool is_openai_file(const TensorSource& tensors) {
  const bool entries =
      tensors.find("input_resolution") && tensors.find("context_length") && tensors.find("vocab_size");
  if (tensors.find("positional_embedding_res")) return true;
  const SourceFacts facts = tensors.facts();
  // An archive whose own code calls gelu and has none of OpenAI's entries is a trace of another model.
  return entries || (facts.torchscript && !(facts.code_has_erf_gelu && !facts.code_has_sigmoid));
}

void read_openai_model(const TensorSource& tensors, ConvertPlan& plan) {
  const bool resnet = count_blocks(tensors, "visual.layer1.") != 0;
  const VisionConfig v = resnet ? resnet_tower(tensors) : vit_tower(tensors);
  TextConfig x;
  x.context_length = extent(tensors, "positional_embedding", 2, 0);
  x.vocab_size = extent(tensors, "token_embedding.weight", 2, 0);
  x.transformer = transformer(extent(tensors, "ln_final.weight", 1, 0),
                              some_blocks(tensors, "transformer.resblocks."), tensors, "ln_final.weight");
  plan.config.embed_dim = extent(tensors, "text_projection", 2, 1);
  plan.config.vision = v;
  plan.config.text = x;
}

PreprocessConfig openai_preprocess() {
  PreprocessConfig p;
  p.mean = {0.48145466F, 0.4578275F, 0.40821073F};
  p.std = {0.26862954F, 0.26130258F, 0.27577711F};
  return p;
}

}  // namespace simdclip
