// The configuration of a model: numbers and switches, never the name of its family.
// It is stored as JSON inside the .sclip file (docs/format.md); a new family is a new mapping in src/convert
// and, at most, a new switch here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace simdclip {

enum class Precision : uint8_t { f32, bf16, int8 };  // of the GEMM weights; small tensors stay f32
enum class Activation : uint8_t {
  gelu,        // x * Phi(x), by erf
  gelu_tanh,   // its tanh approximation
  quick_gelu,  // x * sigmoid(1.702 x)
  relu,        // max(x, 0)
};
// Where a block's layer norms stand.
enum class BlockNorm : uint8_t {
  before,  // x += f(ln(x)): pre-norm, the rule
  after,   // x = ln(x + f(x)): BERT
  branch,  // x += ln(f(x)): EVA02-E
};
// How one vector is taken from a tower's tokens.
enum class Pooling : uint8_t {
  first,      // token 0 (the class token)
  mean,       // mean of the patch tokens, the class token left out; of a text's tokens
  argmax_id,  // text: the position of the largest id (OpenAI's and open_clip's EOT)
  first_eos,  // text: the first position that holds eos_id (transformers)
  last,       // text: the last position of the context
  attention,  // pictures: one learned query attends to all tokens (SigLIP's MAP head)
  appended,   // text: a class token behind the text (CoCa)
};
enum class ResizeMode : uint8_t {
  shortest,  // shortest side to image_size, then centre crop (torchvision Resize(int) + CenterCrop)
  squash,    // both sides to image_size, the aspect ratio is lost
  naflex,  // to whole patches, as many as max_patches allows, the aspect ratio nearly kept (SigLIP 2 NaFlex)
};
enum class Interpolation : uint8_t { bicubic, bilinear };

// One stack of blocks.
struct TransformerConfig {
  uint32_t width = 0;  // D
  uint32_t layers = 0;
  uint32_t heads = 0;  // H, divides width; head dimension is width / heads
  uint32_t mlp_width = 0;
  Activation activation = Activation::gelu;
  float norm_eps = 1e-5F;
  // In the file only where they differ from what stands here.
  BlockNorm norm = BlockNorm::before;
  bool gated_mlp = false;       // the mlp is fc2(act(gate(x)) * fc1(x))
  bool mlp_norm = false;        // a layer norm before fc2 (EVA02)
  bool attention_norm = false;  // a layer norm before the attention's projection (EVA02)
  bool rms_norm = false;        // its norms divide by the root of the mean square, no mean is taken off (T5)
  // Text: attention adds a bias by the distance of key and query, not scaled (T5)
  bool relative_bias = false;
};

// Attention pooling: x = proj(attention(query, tokens)); x += mlp(ln(x)) (Zhai 2022, "multihead attention
// pooling").
struct AttentionPoolConfig {
  uint32_t heads = 0;      // divides the pool's width
  uint32_t mlp_width = 0;  // 0: no mlp
  Activation activation = Activation::gelu;
  float norm_eps = 1e-5F;
  // In the file only where they differ from what stands here.
  uint32_t width = 0;       // of query, keys and result; 0: the tower's
  bool input_norm = false;  // a layer norm of the tokens before keys and values (CoCa)
  // The query is made of the first token, not learned, and what follows the attention is the tower's
  // projection (OpenAI's AttentionPool2d).
  bool token_query = false;
};

// OpenAI's ModifiedResNet (open_clip/modified_resnet.py): three convolutions and four stages of bottlenecks,
// each convolution with its batch norm folded into it. It makes the tokens that a transformer of no blocks
// hands to the pool: the mean of all places, then the places row by row, each with its position. A place is
// 32 x 32 pixels.
struct ResNetConfig {
  uint32_t width = 0;                   // channels behind the stem; the tokens have 32 times as many
  std::array<uint32_t, 4> blocks = {};  // of each stage
  bool operator==(const ResNetConfig&) const = default;
};

struct VisionConfig {
  uint32_t image_height = 0,
           image_width = 0;  // pixels; patches = floor(height / patch) * floor(width / patch)
  uint32_t patch_size = 0;
  TransformerConfig transformer;
  bool class_token = true;
  bool patch_bias = false;
  bool pre_norm = true;   // ln_pre after the position embedding
  bool post_norm = true;  // ln_post, on the tokens or (norm_after_pool) on the pooled vector; the same where
                          // pooling is first
  bool norm_after_pool = false;
  Pooling pooling = Pooling::first;
  std::optional<AttentionPoolConfig> attention_pool;  // present where pooling is attention
  bool projection = true;                             // [embed_dim, width]
  // In the file only where they differ from what stands here.
  bool projection_bias = false;
  bool rotary = false;  // queries and keys of the patches are rotated by their place (EVA02, PE)
  // Not 0: pictures become grids of at most so many patches (NaFlex); positions are stored for the grid of
  // image_height x image_width and resized to each picture's.
  uint32_t max_patches = 0;
  uint32_t stem_width = 0;  // patches as three steps of 4, 2 and 2 pixels with gelu between (MobileCLIP-B)
  std::optional<ResNetConfig> resnet;  // makes the tokens, the first one too
};

struct TextConfig {
  uint32_t vocab_size = 0;
  uint32_t context_length = 0;
  TransformerConfig transformer;
  bool causal = true;
  Pooling pooling = Pooling::argmax_id;
  uint32_t eos_id = 0;     // used by first_eos
  bool projection = true;  // [embed_dim, width]
  bool projection_bias = false;
  // In the file only where they differ from what stands here.
  bool embedding_norm = false;     // a layer norm of token and position (BERT)
  bool final_norm = true;          // ln_final
  bool drop_padding = false;       // pad_id's tokens are seen by none: they are left out
  uint32_t pad_id = 0;             // used by drop_padding and pooling appended
  uint32_t projection_hidden = 0;  // the projection is [hidden, width], gelu, [embed_dim, hidden]
};

struct PreprocessConfig {
  ResizeMode resize = ResizeMode::shortest;
  Interpolation interpolation = Interpolation::bicubic;
  // open_clip resizes the decoded mode and then converts to RGB (palette and 1-bit pictures are resized with
  // NEAREST, RGBA premultiplied); transformers converts first.
  bool convert_rgb_first = false;
  std::array<float, 3> mean = {0, 0, 0};
  std::array<float, 3> std = {1, 1, 1};
};

// How words become ids; each kind has its own section in the file (docs/format.md).
enum class TokenizerKind : uint8_t {
  clip_bpe,   // CLIP's byte pair encoding
  unigram,    // SentencePiece unigram: T5, SigLIP, mT5, XLM-RoBERTa
  bpe,        // merges over characters (Gemma, NLLB) or over bytes (RoBERTa, GPT-2)
  wordpiece,  // BERT
};
// What happens to a text before its tokenizer's own normalization.
enum class TextCleaning : uint8_t {
  open_clip,               // ftfy.fix_text, html.unescape twice, collapse white space, strip, lower
  transformers,            // clip_bpe: NFC, white space runs to one space, lower (the fast tokenizer)
  none,                    // nothing: transformers' tokenizers of the other kinds
  open_clip_whitespace,    // as open_clip, the case kept
  open_clip_canonicalize,  // as open_clip, then `_` to a space and ASCII punctuation dropped
  siglip,  // transformers' SiglipTokenizer: lower, ASCII punctuation dropped, white space collapsed
};

// The vocabulary itself is a section of the file, beside this.
struct TokenizerConfig {
  TokenizerKind kind = TokenizerKind::clip_bpe;
  TextCleaning cleaning = TextCleaning::open_clip;
  uint32_t bos_id = 49406, eos_id = 49407, pad_id = 0;
  // Not of clip_bpe, whose texts have both and are padded on the right. In the file only where they differ
  // from what stands here.
  bool add_bos = true;    // bos_id before the text ([CLS], <s>, a language code)
  bool add_eos = true;    // eos_id behind it, kept when the text is cut to the context
  bool pad_left = false;  // pad_id before the text, not behind it
};

struct ModelConfig {
  std::string name;    // for people: "ViT-B-32", or the folder's own; decides nothing
  std::string source;  // what it was converted from, for people
  Precision precision = Precision::f32;
  // int8 files: the GEMM weights that stay bf16, sorted by name; an mlp's gate and fc1 both or neither
  std::vector<std::string> bf16_weights;
  uint32_t embed_dim = 0;
  std::optional<VisionConfig> vision;
  std::optional<TextConfig> text;
  std::optional<PreprocessConfig> preprocess;  // present with vision
  std::optional<TokenizerConfig> tokenizer;    // present with text
  float logit_scale = 1.0F;         // already exponentiated: logits = logit_scale * cosine + logit_bias
  std::optional<float> logit_bias;  // present: scores are sigmoids (SigLIP); absent: softmax over the texts
};

// What a configuration may ask for at most: the guard against files that would make the process allocate
// without bound.
inline constexpr uint32_t kMaxExtent = 1U << 20U;  // widths, vocabulary
inline constexpr uint32_t kMaxTokens = 1U << 16U;  // of one sequence
inline constexpr uint32_t kMaxLayers = 1024;
inline constexpr uint32_t kMaxImageSide = 8192;
inline constexpr uint32_t kMaxPatchSize = 512;
inline constexpr uint32_t kMaxMlpRatio = 64;                 // mlp_width / width
inline constexpr size_t kMaxLabelBytes = 4096;               // of name and source
inline constexpr size_t kMaxConfigBytes = size_t{1} << 20U;  // of JSON

// JSON with every field present (those that came later only where they differ from their default), keys
// sorted, so that equal configurations are equal bytes. Floats have the fewest digits that read back as the
// same float.
std::string to_json(const ModelConfig& config);

// Errors: damaged (no JSON, a field missing, twice there or of the wrong type, a number out of range, nested
// too deep), unsupported (an unknown field or value: a newer writer), too_large (more than 1 MiB). `where`
// begins the message: "model.sclip: config".
ModelConfig config_from_json(std::string_view json, const std::string& where);

// Refuses what no model can be (zero sizes, heads that do not divide the width, extents above 2^20, ...).
// Error: damaged.
void validate(const ModelConfig& config, const std::string& where);

uint32_t patch_grid_height(const VisionConfig& v) noexcept;
uint32_t patch_grid_width(const VisionConfig& v) noexcept;
uint32_t vision_tokens(const VisionConfig& v) noexcept;  // patches plus the class token
uint32_t most_vision_tokens(
    const VisionConfig& v) noexcept;  // of one picture: more than these where grids vary
// Of the vector that is projected: the tower's width, or its attention pool's.
uint32_t pooled_width(const VisionConfig& v) noexcept;
// Rows of the position embedding: the context, and one for an appended class token.
uint32_t text_positions(const TextConfig& t) noexcept;

std::string_view to_string(Precision) noexcept;
std::string_view to_string(Activation) noexcept;
std::string_view to_string(BlockNorm) noexcept;
std::string_view to_string(Pooling) noexcept;
std::string_view to_string(ResizeMode) noexcept;
std::string_view to_string(Interpolation) noexcept;
std::string_view to_string(TokenizerKind) noexcept;
std::string_view to_string(TextCleaning) noexcept;

}  // namespace simdclip
