// A CLIP: pictures and texts to vectors of one space.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simdclip/export.h"
#include "simdclip/image.h"

namespace simdclip {

struct ModelOptions {
  unsigned threads = 0;  // 0: the cores this process may use (affinity and cgroup quota)
  // "": SIMDCLIP_ISA, else the best of this CPU; a name forces it or Error isa_unavailable
  std::string isa = {};
  bool verify_checksums = false;  // read every weight once at open
};

// What the model file says; units are pixels, ids and floats.
struct ModelInfo {
  std::string path, name, source, precision;  // precision: "f32" | "bf16" | "int8"
  std::string isa;                            // in force
  unsigned threads = 1;
  size_t embed_dim = 0;
  bool has_image_tower = false, has_text_tower = false;
  size_t image_height = 0, image_width = 0, patch_size = 0;
  // 0: every picture becomes image_height x image_width; else (NaFlex) it keeps its shape and becomes whole
  // patches, at most so many, and image_height x image_width is one such size
  size_t max_patches = 0;
  // Floats of the largest preprocessed picture: 3 * image_height * image_width, or more (NaFlex)
  size_t max_pixels = 0;
  size_t context_length = 0, vocab_size = 0;
  std::string activation;  // "gelu" | "quick_gelu" | "gelu_tanh" | "relu": of the image tower; of the text
                           // tower where there is no other, or where it is a ResNet
  float logit_scale = 1;   // logit = logit_scale * cosine + logit_bias
  std::optional<float> logit_bias;  // set: probabilities are sigmoids; not set: a softmax over the texts
  uint64_t parameters = 0;
  uint64_t fingerprint = 0;  // of all that decides the embeddings: caches keyed by it are safe
  std::string config;        // the file's whole configuration, as JSON
  size_t file_bytes = 0;
  size_t scratch_bytes = 0;  // the most that one call holds beside the file's mapping and its outputs
};

// One tensor of the model file, as the schema names it (docs/format.md).
struct TensorInfo {
  std::string name;             // "visual.blocks.0.attn.qkv.weight"
  std::vector<uint64_t> shape;  // GEMM weights: [outputs, inputs], as torch.nn.Linear stores them
  std::string storage;          // "f32", "bf16", "gemm_f32", "gemm_bf16", "gemm_int8" (packed)
  uint64_t bytes = 0;           // in the file, padding of packed panels included
};

// One const Model is usable from many threads at once; calls share one pool and take turns on it. Moving is
// cheap. Embeddings are float32 [n, embed_dim], row-major, of unit length unless `normalize` is false. The
// bits of a row depend neither on the other rows nor on the number of threads (docs/numerics.md). Every
// function throws Error on bad input; a model is unchanged by an error.
class SIMDCLIP_API Model {
 public:
  // Maps the file: milliseconds, no copy of the weights. Errors: not_found, io, damaged, unsupported,
  // shape_mismatch, isa_unavailable.
  static Model open(const std::string& path, const ModelOptions& options = {});

  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;
  ~Model();

  const ModelInfo& info() const noexcept;
  size_t embed_dim() const noexcept { return info().embed_dim; }
  std::vector<TensorInfo> tensors() const;  // in file order

  // --- pictures ---
  // Encoded files (JPEG, PNG, WebP, ...) in memory, n of them -> out [n, embed_dim].
  void embed_images(std::span<const std::span<const std::byte>> files, std::span<float> out,
                    bool normalize = true) const;
  void embed_images(std::span<const Image> images, std::span<float> out, bool normalize = true) const;
  // Preprocessed pixels [n, 3, image_height, image_width].
  void embed_pixels(std::span<const float> pixels, std::span<float> out, bool normalize = true) const;
  // Preprocessed pictures, each with its own size (NaFlex; of other models image_height x image_width).
  void embed_preprocessed(std::span<const Pixels> pictures, std::span<float> out,
                          bool normalize = true) const;
  std::vector<float> embed_image(const Image& image, bool normalize = true) const;
  std::vector<float> embed_image_file(const std::string& path, bool normalize = true) const;
  // One picture -> [3, height, width]; size: what it became, image_height x image_width but for NaFlex
  // models.
  std::vector<float> preprocess(const Image& image, PixelSize* size = nullptr) const;
  // A picture file -> out: the bits of load_image + preprocess, without holding a whole JPEG picture. out
  // holds info().max_pixels floats; the picture is the first 3 * height * width of them, of the size that is
  // returned.
  PixelSize preprocess_file(const std::string& path, std::span<float> out,
                            const DecodeOptions& options = {}) const;

  // The same of an encoded picture in memory; `name` begins the message of an error.
  PixelSize preprocess_bytes(std::span<const std::byte> bytes, std::span<float> out,
                             const DecodeOptions& options = {}, const std::string& name = "image") const;

  // --- texts ---
  // UTF-8 -> out [n, embed_dim]. Beginnings that texts of one call share (templates of a prompt) are computed
  // once, where the tower is causal; the bits are those of each text alone.
  void embed_texts(std::span<const std::string> texts, std::span<float> out, bool normalize = true) const;
  std::vector<float> embed_text(std::string_view text, bool normalize = true) const;
  // Token ids [n, context_length], padded as the tokenizer pads.
  void embed_ids(std::span<const int32_t> ids, std::span<float> out, bool normalize = true) const;
  // Ids with begin and end tokens, padded to context_length.
  std::vector<int32_t> tokenize(std::string_view text) const;

  // --- scores ---
  // Of one picture's unit vector against n texts' [n, embed_dim], summed in double and in order: the same
  // bits on every machine.
  std::vector<double> cosines(std::span<const float> image, std::span<const float> texts) const;
  // Of one picture's unit vector against n texts' [n, embed_dim]: logit = logit_scale * cosine + logit_bias.
  std::vector<float> logits(std::span<const float> image, std::span<const float> texts) const;
  // Softmax of the logits over the texts, or each logit's sigmoid where the model has a logit bias.
  std::vector<float> probabilities(std::span<const float> logits) const;

 private:
  struct Impl;
  explicit Model(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace simdclip
