// Text encoders out of Stable Diffusion's single files: SD 1.x and the first of SDXL are transformers' CLIP
// ViT-L/14, SD 2.x has open_clip's ViT-H/14, the second of SDXL is open_clip's ViT-bigG/14. Which they are is
// a fact of that layout; sizes come from the tensors. Everything else in the file (the UNet, the VAE) is
// passed over.
#include <array>

#include "base/fail.h"
#include "convert/plan.h"
#include "text/tokenizer.h"

namespace simdclip {
namespace {

struct Encoder {
  std::string_view prefix;
  Naming naming;
  std::string_view what;
  bool pooled = false;  // its embedding is used, so its projection is in the file
};
constexpr Encoder kEncoders[] = {
    {"cond_stage_model.transformer.text_model.", Naming::transformers, "SD 1.x"},
    {"cond_stage_model.transformer.", Naming::transformers, "SD 1.x"},
    {"cond_stage_model.model.", Naming::open_clip, "SD 2.x"},
    {"conditioner.embedders.0.transformer.text_model.", Naming::transformers, "SDXL, encoder 1"},
    {"conditioner.embedders.1.model.", Naming::open_clip, "SDXL, encoder 2", true},
};

std::string blocks_of(const Encoder& e) {
  return std::string(e.prefix) +
         (e.naming == Naming::transformers ? "encoder.layers." : "transformer.resblocks.");
}

const std::vector<uint64_t>& shape_of(const TensorSource& tensors, const std::string& name) {
  const auto at = tensors.find(name);
  if (!at)
    fail(ErrorCode::not_found, tensors.path(), ": tensor '", name, "' is missing; a text encoder has it");
  const std::vector<uint64_t>& shape = tensors.tensors()[*at].shape;
  if (shape.size() != 2 || shape[0] == 0 || shape[1] == 0 || shape[0] > kMaxExtent || shape[1] > kMaxExtent)
    fail(ErrorCode::shape_mismatch, tensors.path(), ": tensor '", name, "' is ", shape_string(shape),
         ", expected two extents of at most ", kMaxExtent);
  return shape;
}

// The encoder that is asked for, or the only one.
const Encoder& choose(const TensorSource& tensors, const ConvertOptions& options) {
  std::vector<const Encoder*> found;
  for (const Encoder& e : kEncoders)
    if (count_blocks(tensors, blocks_of(e)) != 0) found.push_back(&e);
  if (found.empty())
    fail(ErrorCode::not_found, tensors.path(), ": no text encoder of a known layout among its tensors");
  if (options.encoder > found.size())
    fail(ErrorCode::invalid_argument, tensors.path(), ": --encoder ", options.encoder, ", but the file has ",
         found.size());
  if (options.encoder != 0) return *found[options.encoder - 1];
  if (found.size() > 1)
    fail(ErrorCode::missing_info, tensors.path(), ": the file has ", found.size(),
         " text encoders (SDXL: 1 is CLIP ViT-L/14, 2 is OpenCLIP ViT-bigG/14); give --encoder 1 or 2");
  return *found.front();
}

}  // namespace

bool is_stable_diffusion_file(const TensorSource& tensors) {
  for (const ForeignTensor& t : tensors.tensors())
    if (t.name.starts_with("cond_stage_model.") || t.name.starts_with("conditioner.embedders.")) return true;
  return false;
}

void read_stable_diffusion(const TensorSource& tensors, const ConvertOptions& options, ConvertPlan& plan) {
  const Encoder& e = choose(tensors, options);
  const bool transformers = e.naming == Naming::transformers;
  const std::string prefix(e.prefix);
  const auto& words = shape_of(
      tensors, prefix + (transformers ? "embeddings.token_embedding.weight" : "token_embedding.weight"));
  const auto& places = shape_of(
      tensors, prefix + (transformers ? "embeddings.position_embedding.weight" : "positional_embedding"));
  TextConfig x;
  x.vocab_size = static_cast<uint32_t>(words[0]);
  x.context_length = static_cast<uint32_t>(places[0]);
  TransformerConfig& t = x.transformer;
  t.width = static_cast<uint32_t>(words[1]);
  t.heads = t.width / 64;  // of both families at every size
  t.layers = count_blocks(tensors, blocks_of(e));
  t.mlp_width = 4 * t.width;
  t.activation = transformers ? Activation::quick_gelu : Activation::gelu;
  plan.config.embed_dim = t.width;
  x.projection = e.pooled || (!transformers && tensors.find(prefix + "text_projection"));
  if (x.projection)
    plan.config.embed_dim = static_cast<uint32_t>(shape_of(tensors, prefix + "text_projection")[1]);
  plan.text.naming = e.naming;
  plan.text.prefix = prefix;
  plan.only_prefix = prefix;
  plan.config.text = x;
  TokenizerConfig tokenizer;
  if (transformers) {
    // SD 1.x, and the first of SDXL, tokenize with CLIPTokenizer
    tokenizer.cleaning = TextCleaning::transformers;
    tokenizer.pad_id = tokenizer.eos_id;  // these encoders see their padding
  }
  plan.config.tokenizer = tokenizer;
  if (x.vocab_size != 49408)
    fail(ErrorCode::unsupported, tensors.path(), ": the text encoder has ", x.vocab_size,
         " tokens, expected CLIP's 49408");
  plan.tokenizer = clip_bpe_builtin_section();
  plan.notes.push_back("the text encoder of a Stable Diffusion file (" + std::string(e.what) + "): " +
                       (transformers ? "QuickGELU, padded with the end token" : "GELU, padded with 0"));
}

}  // namespace simdclip
