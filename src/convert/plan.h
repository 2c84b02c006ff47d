// What a checkpoint is to become: the configuration, where each of its tensors comes from, the tokenizer.
// Everything is known and checked before an output exists.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "convert/json_strict.h"
#include "convert/tensor_source.h"
#include "format/config.h"
#include "simdclip/convert.h"

namespace simdclip {

// Whose tensor names a tower has: tables of tensor_names.h.
enum class Naming : uint8_t { open_clip, timm, transformers, bert, m2m, big_vision, t5 };

// How timm's models store queries, keys and values.
enum class QkvNames : uint8_t { fused, fused_no_k_bias, split_no_k_bias, fused_no_bias };

// Facts of a tower's files that the schema does not show.
struct ForeignTower {
  Naming naming = Naming::open_clip;
  std::string prefix;        // "vision_model.", "text.", ... before every name of the tower
  bool layer_scale = false;  // folded into the projections that it scales
  bool outer_head = false;   // the projection is open_clip's, behind a tower of another library
  // timm
  QkvNames qkv = QkvNames::fused;
  bool class_position = true;  // the class token has a position; false: it is zero
  // BERT's and M2M100's embeddings
  uint32_t places = 0, first_place = 0;  // rows of the position table, and the first one that is used
  uint32_t token_types = 0;
  float embedding_scale = 1;
  uint32_t inner_width = 0;  // between the two layers that become the projection (AltCLIP)
};

// Rotary positions as timm's RotaryEmbeddingCat computes them.
struct RotaryPlan {
  double temperature = 10000, offset = 0;
  bool xy = false;                         // the x coordinate's angles first
  std::array<uint32_t, 2> reference = {};  // the grid that coordinates are scaled to: rows, columns
};

// What open_clip's text_cfg says of the tokenizer.
struct OpenClipTokenizer {
  std::string name;        // hf_tokenizer_name; empty: CLIP's own byte pair encoding
  std::string clean;       // tokenizer_kwargs.clean; empty: the tokenizer's default
  bool strip_sep = false;  // tokenizer_kwargs.strip_sep_token: [SEP] is written as 0 (CLIPA)
};

struct ConvertPlan {
  ModelConfig config;
  OpenClipTokenizer open_clip_tokenizer;
  ForeignTower vision, text;
  RotaryPlan rotary;
  // Of the file's positions, where they are resized to another; or 0
  std::array<uint32_t, 2> stored_grid = {};
  // Stable Diffusion, big_vision: what does not begin with it is another part of the file
  std::string only_prefix;
  bool ignore_decoder = false;       // CoCa's text_decoder, which writes captions, is passed over
  bool has_logit_bias = false;       // open_clip's init_logit_bias: the file must hold it
  std::string tower;                 // options.tower: "image", "text" or "" for all
  std::vector<std::byte> tokenizer;  // section of the .sclip file; empty without a text tower
  std::vector<std::string> notes;    // facts that the files did not say and their format does; for people
};

// What SOURCE holds.
struct SourceFiles {
  std::string weights;                                // checkpoint or index
  std::string folder;                                 // "" for a single file
  std::string open_clip_config, transformers_config;  // paths, "" where absent
};

// Errors: not_found, io, unsupported, missing_info.
SourceFiles find_source(const std::string& source);

// options.image_height, image_width, max_patches.
void apply_picture_size(const ConvertOptions& options, ConvertPlan& plan);

// The whole decision. Errors: as convert().
ConvertPlan make_plan(const SourceFiles& files, const TensorSource& tensors, const ConvertOptions& options);

// --- the parts, by layout ---

// open_clip's model_cfg -> config and layer scale of the plan. where: "open_clip_config.json: model_cfg".
void read_open_clip_model(const JsonObject& model_cfg, ConvertPlan& plan);
// timm's image tower of that name; cfg: vision_cfg. Errors: unsupported, naming the part that is not known.
VisionConfig read_timm_vision(const JsonObject& cfg, uint32_t embed_dim, ConvertPlan& plan);
// A text tower that open_clip takes from transformers by name; cfg: text_cfg. Errors: unsupported.
TextConfig read_hf_text(const JsonObject& cfg, uint32_t embed_dim, ConvertPlan& plan);
// The tower of a ModifiedResNet; v has its picture's size. heads: of its attention pool.
void describe_resnet(const ResNetConfig& resnet, uint32_t heads, VisionConfig& v);
// open_clip's preprocess_cfg; std::nullopt: its documented defaults (noted).
PreprocessConfig read_open_clip_preprocess(const JsonObject& cfg);
// text. prefix, logit scale and bias from the tensors; big_vision's names where they are its. Error:
// not_found.
void read_open_clip_tensors(const TensorSource& tensors, ConvertPlan& plan);
// Google's big_vision .npz files: img/..., txt/..., t, b, with or without params/ before them.
bool is_big_vision_file(const TensorSource& tensors);
// hf_tokenizer_name, tokenizer_kwargs and tokenizer_mode of text_cfg -> plan.open_clip_tokenizer.
void read_open_clip_tokenizer_settings(const JsonObject& text_cfg, ConvertPlan& plan);
// The tokenizer that plan.open_clip_tokenizer asks for: CLIP's built-in merges (a merges.txt of the folder
// where the vocabulary is another), or the files of a transformers tokenizer beside the weights. Needs
// plan.config.text->vocab_size and context_length. Errors: missing_info names the file to put there.
void read_open_clip_tokenizer(const SourceFiles& files, ConvertPlan& plan);
// Stable Diffusion's single files: one of their text encoders.
bool is_stable_diffusion_file(const TensorSource& tensors);
void read_stable_diffusion(const TensorSource& tensors, const ConvertOptions& options, ConvertPlan& plan);
// OpenAI's files: architecture from the tensors' shapes, QuickGELU, OpenAI's preprocessing.
bool is_openai_file(const TensorSource& tensors);
void read_openai_model(const TensorSource& tensors, ConvertPlan& plan);
PreprocessConfig openai_preprocess();

void read_transformers(const SourceFiles& files, const TensorSource& tensors, const ConvertOptions& options,
                       ConvertPlan& plan);
// The tokenizer files of the folder, as transformers' AutoTokenizer reads them: by the tokenizer_class of
// tokenizer_config.json, else by the model_type of config.json. Needs plan.config.text->vocab_size and
// context_length.
void read_transformers_tokenizer(const std::string& folder, ConvertPlan& plan);
// preprocessor_config.json or processor_config.json of the folder, for this image size; says max_patches
// where grids vary.
PreprocessConfig read_transformers_preprocess(const std::string& folder, VisionConfig& vision,
                                              const ConvertOptions& options);

// --- shared ---
// options.bf16_weights -> config.bf16_weights: sorted, with the partner of each gate and fc1.
void keep_bf16(const std::vector<std::string>& names, ModelConfig& config);
// The configuration that is written: without the tower that options.tower leaves out.
ModelConfig kept_config(const ConvertPlan& plan);
// Error shape_mismatch where its elements are integers.
void need_real(const TensorSource& tensors, size_t index);
float read_scalar(const TensorSource& tensors,
                  size_t index);  // Error shape_mismatch when it is no single real number
// Of that name. Error not_found: "...; WHOSE has it".
float need_scalar(const TensorSource& tensors, const std::string& name, std::string_view whose);
// How many distinct I the names PREFIX I . ... have: a block that lacks a tensor counts, so that the tensor
// is named.
uint32_t count_blocks(const TensorSource& tensors, std::string_view prefix);
std::array<float, 3> three(const std::vector<double>& values, const std::string& where);
std::string base_name(const std::string& path);
bool is_file(const std::string& path);

}  // namespace simdclip
