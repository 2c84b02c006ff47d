#include "format/schema.h"

#include <algorithm>

#include "base/checked.h"
#include "base/fail.h"
#include "kernels/gemm/pack.h"

namespace simdclip {
namespace {

// Collects the tensors of one model in file order.
class Builder {
 public:
  explicit Builder(const ModelConfig& config) : config_(config) {}

  void small(const std::string& name, std::vector<uint64_t> shape) {
    specs_.push_back({name, std::move(shape), Storage::f32});
  }

  void gemm(const std::string& name, uint64_t n, uint64_t k) {
    specs_.push_back({name, {n, k}, gemm_storage(name)});
  }

  void linear(const std::string& name, uint64_t n, uint64_t k) {
    gemm(name + ".weight", n, k);
    small(name + ".bias", {n});
  }

  void norm(const std::string& name, uint64_t width) {
    small(name + ".weight", {width});
    small(name + ".bias", {width});
  }

  void blocks(const std::string& tower, const TransformerConfig& t) {
    const uint64_t d = t.width, m = t.mlp_width;
    for (uint32_t layer = 0; layer < t.layers; ++layer) {
      const std::string block = tower + ".blocks." + std::to_string(layer);
      norm(block + ".ln_1", d);
      linear(block + ".attn.qkv", 3 * d, d);
      if (t.attention_norm) norm(block + ".attn.ln", d);
      linear(block + ".attn.proj", d, d);
      norm(block + ".ln_2", d);
      if (t.gated_mlp) linear(block + ".mlp.gate", m, d);
      linear(block + ".mlp.fc1", m, d);
      if (t.mlp_norm) norm(block + ".mlp.ln", m);
      linear(block + ".mlp.fc2", d, m);
    }
  }

  // tokens: their width; d: the pool's.
  void attention_pool(const AttentionPoolConfig& p, uint64_t tokens, uint64_t d) {
    const std::string pool = "visual.attention_pool";
    if (p.input_norm) norm(pool + ".ln_in", tokens);
    if (p.token_query) {
      linear(pool + ".q", d, tokens);
      linear(pool + ".kv", 2 * d, tokens);
      return;
    }
    small(pool + ".query", {d});
    linear(pool + ".kv", 2 * d, tokens);
    linear(pool + ".proj", d, d);
    if (p.mlp_width == 0) return;
    norm(pool + ".ln", d);
    linear(pool + ".mlp.fc1", p.mlp_width, d);
    linear(pool + ".mlp.fc2", d, p.mlp_width);
  }

  void resnet(const ResNetConfig& r) {
    const uint64_t w = r.width;
    linear("visual.stem.0", w / 2, 9 * 3);
    linear("visual.stem.1", w / 2, 9 * (w / 2));
    linear("visual.stem.2", w, 9 * (w / 2));
    uint64_t inputs = w;
    for (size_t stage = 0; stage < r.blocks.size(); ++stage) {
      const uint64_t planes = w << stage;
      for (uint32_t i = 0; i < r.blocks[stage]; ++i) {
        const std::string block = "visual.blocks." + std::to_string(stage + 1) + "." + std::to_string(i);
        linear(block + ".conv1", planes, inputs);
        linear(block + ".conv2", planes, 9 * planes);
        linear(block + ".conv3", 4 * planes, planes);
        if (i == 0) linear(block + ".shortcut", 4 * planes, inputs);
        inputs = 4 * planes;
      }
    }
  }

  void patches(const VisionConfig& v) {
    const uint64_t d = v.transformer.width, p = v.patch_size;
    if (v.stem_width != 0) {
      linear("visual.stem.0", v.stem_width, uint64_t{3} * 4 * 4);
      linear("visual.stem.1", v.stem_width, uint64_t{4} * v.stem_width);
    }
    gemm("visual.patch_embed.weight", d, v.stem_width != 0 ? uint64_t{4} * v.stem_width : 3 * p * p);
    if (v.patch_bias) small("visual.patch_embed.bias", {d});
    if (v.class_token) small("visual.class_embedding", {d});
  }

  void vision(const VisionConfig& v) {
    const uint64_t d = v.transformer.width;
    if (v.resnet) {
      resnet(*v.resnet);
    } else {
      patches(v);
    }
    small("visual.positional_embedding", {vision_tokens(v), d});
    if (v.rotary)
      small("visual.rotary", {patch_grid_height(v) * patch_grid_width(v), d / v.transformer.heads});
    if (v.pre_norm) norm("visual.ln_pre", d);
    blocks("visual", v.transformer);
    if (v.post_norm) norm("visual.ln_post", v.norm_after_pool ? pooled_width(v) : d);
    if (v.attention_pool) attention_pool(*v.attention_pool, d, pooled_width(v));
    if (v.projection) gemm("visual.proj.weight", config_.embed_dim, pooled_width(v));
    if (v.projection_bias) small("visual.proj.bias", {config_.embed_dim});
  }

  void text(const TextConfig& t) {
    const uint64_t d = t.transformer.width;
    // Rows of it are looked up, never multiplied: half the bytes cost nothing but rounding.
    const Storage embedding = config_.precision == Precision::f32 ? Storage::f32 : Storage::bf16;
    specs_.push_back({"text.token_embedding", {t.vocab_size, d}, embedding});
    if (t.pooling == Pooling::appended) small("text.class_embedding", {d});
    small("text.positional_embedding", {text_positions(t), d});
    if (t.transformer.relative_bias)
      small("text.relative_bias", {t.transformer.heads, uint64_t{2} * t.context_length - 1});
    if (t.embedding_norm) norm("text.ln_embed", d);
    blocks("text", t.transformer);
    if (t.final_norm) norm("text.ln_final", d);
    if (t.projection_hidden != 0) gemm("text.proj_in.weight", t.projection_hidden, d);
    if (t.projection)
      gemm("text.proj.weight", config_.embed_dim, t.projection_hidden != 0 ? t.projection_hidden : d);
    if (t.projection_bias) small("text.proj.bias", {config_.embed_dim});
  }

  std::vector<TensorSpec> take() { return std::move(specs_); }

 private:
  Storage gemm_storage(const std::string& name) const {
    switch (config_.precision) {
      case Precision::f32: return Storage::gemm_f32;
      case Precision::bf16: return Storage::gemm_bf16;
      case Precision::int8: break;
    }
    const auto& kept = config_.bf16_weights;
    return std::binary_search(kept.begin(), kept.end(), name) ? Storage::gemm_bf16 : Storage::gemm_int8;
  }

  const ModelConfig& config_;
  std::vector<TensorSpec> specs_;
};

// Bytes of [N, K] padded to whole panels and whole groups of K (kernels/gemm/pack.h), with `per_column` bytes
// more for each column.
std::optional<uint64_t> packed_bytes(const std::vector<uint64_t>& shape, uint64_t element_bytes,
                                     uint64_t per_column) {
  const auto n = checked_round_up(shape[0], kernels::kPanelColumns);
  const auto k = checked_round_up(shape[1], kernels::kGroupBytes / element_bytes);
  if (!n || !k) return std::nullopt;
  const auto row = checked_mul(*k, element_bytes);
  const auto padded_row = row ? checked_add(*row, per_column) : std::nullopt;
  return padded_row ? checked_mul(*n, *padded_row) : std::nullopt;
}

std::optional<uint64_t> checked_stored_bytes(const TensorSpec& spec) {
  switch (spec.storage) {
    case Storage::f32: return checked_bytes(spec.shape, 4);
    case Storage::bf16: return checked_bytes(spec.shape, 2);
    case Storage::gemm_f32: return packed_bytes(spec.shape, 4, 0);
    case Storage::gemm_bf16: return packed_bytes(spec.shape, 2, 0);
    case Storage::gemm_int8: return packed_bytes(spec.shape, 1, kInt8ColumnBytes);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_string(Storage storage) noexcept {
  switch (storage) {
    case Storage::f32: return "f32";
    case Storage::bf16: return "bf16";
    case Storage::gemm_f32: return "gemm_f32";
    case Storage::gemm_bf16: return "gemm_bf16";
    case Storage::gemm_int8: return "gemm_int8";
  }
  return "unknown";
}

std::vector<TensorSpec> schema(const ModelConfig& config) {
  Builder builder(config);
  if (config.vision) builder.vision(*config.vision);
  if (config.text) builder.text(*config.text);
  return builder.take();
}

uint64_t element_count(const TensorSpec& spec) {
  const auto count = checked_bytes(spec.shape, 1);
  if (!count)
    fail(ErrorCode::too_large, "tensor '", spec.name, "' of shape ", shape_string(spec.shape),
         " overflows 64 bits");
  return *count;
}

uint64_t stored_bytes(const TensorSpec& spec) {
  const auto bytes = checked_stored_bytes(spec);
  if (!bytes)
    fail(ErrorCode::too_large, "tensor '", spec.name, "' of shape ", shape_string(spec.shape),
         " overflows 64 bits");
  return *bytes;
}

}  // namespace simdclip
