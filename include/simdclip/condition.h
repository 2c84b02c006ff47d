// Text conditioning for image generators: prompts to the tensors that Stable Diffusion 1.x, 2.x, XL, 3 and
// FLUX take from their CLIP text towers (docs/applications.md). T5, which SD 3 and FLUX have besides, is not
// part of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "simdclip/export.h"
#include "simdclip/model.h"

namespace simdclip {

// How a prompt's weights are written and applied. The three are incompatible with each other.
enum class PromptDialect {
  plain,    // no weights; cut at the context, as diffusers does
  a1111,    // (x) 1.1, [x] 1/1.1, (x:1.3), nested ones multiply, BREAK; z * w, then rescaled to the old mean;
            // chunks of 75
  comfyui,  // (x) 1.1, (x:1.3) replaces the outer weight; (z - z_empty) * w + z_empty; chunks of 75
  compel,   // x+ 1.1, x- 0.9, (x y)1.3, .attend(1.3); as comfyui, and below 1 blended with the prompt without
            // x (Downweight); ("x", "y").and(), .blend(); long prompts as LongPrompts says
};
// "plain", "a1111", "comfyui", "compel"; anything else is Error invalid_argument.
SIMDCLIP_API PromptDialect parse_prompt_dialect(const std::string& name);

// What "the prompt without x" is where compel weighs x below 1: compel's DownweightMode. mask, its default: x
// stays in its place, but no token attends to it. remove: it is left out, and what follows moves up.
enum class Downweight { mask, remove };

// compel's truncate_long_prompts: a prompt longer than the context is cut, its default; or it becomes chunks
// of 75 tokens at most that end with a sentence, else a phrase, else a word (its
// SplitLongTextMode.SENTENCES).
enum class LongPrompts { cut, chunks };

// A piece of a prompt with its weight, as the dialect's parser gives them. Errors: invalid_argument (what
// compel refuses or a tensor cannot hold, see parse_compel; several prompts in one, which parse_compel
// gives).
struct WeightedText {
  std::string text;
  double weight = 1;
  bool chunk_break = false;  // a1111's BREAK
  friend bool operator==(const WeightedText&, const WeightedText&) = default;
};
SIMDCLIP_API std::vector<WeightedText> parse_prompt(const std::string& prompt, PromptDialect dialect);

// compel's prompts: parts that .and() puts one behind the other. A part is one prompt or, made by .blend(),
// the weighted sum of several.
struct CompelPart {
  double weight = 1;                               // as comfyui applies one, to all of the part's tokens
  std::vector<std::vector<WeightedText>> prompts;  // at least one
  std::vector<double> shares;                      // of the prompts; their sum is 1 but for no_normalize
};
// Errors: invalid_argument: .swap(), which needs an attention processor inside the generator's U-Net: no
// tensor holds it, and diffusers has none; LoRAs, which are loaded into the pipeline; wrong numbers of
// weights; .and() and .blend() of a part of a prompt.
SIMDCLIP_API std::vector<CompelPart> parse_compel(const std::string& prompt);

struct ConditionOptions {
  PromptDialect dialect = PromptDialect::plain;
  unsigned clip_skip = 1;         // 1: the last block's states, 2: the last but one's, ... as A1111 counts
  bool final_norm = true;         // ln_final on the states
  bool pad_with_end = true;       // padding is the end token, else 0
  unsigned comma_backtrack = 20;  // a1111: a chunk's end moves back to a comma at most so many tokens away
  Downweight downweight = Downweight::mask;     // compel
  LongPrompts long_prompts = LongPrompts::cut;  // compel
};

struct Conditioning {
  size_t tokens = 0, width = 0;  // tokens: 77 for each chunk
  std::vector<float> states;     // [tokens, width]
  // [embed_dim]: the first chunk's end token, ln_final, projection; not normalised. compel: that of the
  // prompt with its marks, as compel's own.
  std::vector<float> pooled;
  std::vector<float> pooled_state;  // [width]: the first chunk's, before the projection
  std::vector<int32_t> ids;         // [tokens]; -1 - k: vector k of an embedding
  std::vector<float> weights;       // [tokens]
};

// A model's text tower as an encoder of prompts. Usable from many threads at once.
class SIMDCLIP_API PromptEncoder {
 public:
  // Errors: as Model::open; unsupported (no causal text tower).
  static PromptEncoder open(const std::string& path, const ModelOptions& options = {});
  PromptEncoder(PromptEncoder&&) noexcept;
  PromptEncoder& operator=(PromptEncoder&&) noexcept;
  ~PromptEncoder();

  size_t width() const noexcept;
  size_t layers() const noexcept;
  size_t embed_dim() const noexcept;

  // A textual-inversion file (.pt, .bin, .safetensors): its vectors [n, width()] stand wherever a prompt says
  // `name` (comfyui: embedding:name). Of files with several tensors clip_l, clip_g or whichever has this
  // width is taken. Returns n. Errors: not_found, io, damaged, unsupported (nothing of this width in it).
  size_t add_embedding(const std::string& name, const std::string& path);

  // Errors: invalid_argument (clip_skip beyond the layers, a prompt that the dialect refuses).
  Conditioning encode(const std::string& prompt, const ConditionOptions& options = {}) const;

 private:
  struct Impl;
  explicit PromptEncoder(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

// What a generator's pipeline in diffusers takes.
struct NamedTensor {
  std::string name;
  std::vector<size_t> shape;
  std::vector<float> values;
};
// target: sd1, sd2 (one encoder), sdxl, sd3 (two: CLIP-L, bigG), flux (one). prompt_embeds [1, 77 n, D], and
// where the target has them pooled_prompt_embeds [1, P]; the same with negative_ in front. Both prompts get
// as many chunks, filled up with empty ones. clip_skip 0: the target's own layer. Errors: invalid_argument.
SIMDCLIP_API std::vector<NamedTensor> condition(const std::string& target,
                                                std::span<const PromptEncoder* const> encoders,
                                                const std::string& prompt, const std::string& negative,
                                                PromptDialect dialect, unsigned clip_skip = 0,
                                                Downweight downweight = Downweight::mask,
                                                LongPrompts long_prompts = LongPrompts::cut);

// One .safetensors file; appears whole or not at all. Error io.
SIMDCLIP_API void write_safetensors(const std::string& path, std::span<const NamedTensor> tensors);

}  // namespace simdclip
