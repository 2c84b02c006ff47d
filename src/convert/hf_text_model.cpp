// Text towers that open_clip takes from transformers by name. Its files do not hold their configurations, so
// the names that open_clip's architectures use stand here with what their configuration files say.
#include <array>

#include "base/fail.h"
#include "convert/plan.h"

namespace simdclip {
namespace {

struct HfText {
  std::string_view name;
  Naming naming;
  uint32_t vocab_size, width, layers, heads, mlp_width;
  uint32_t places;          // rows of the position table, two of which stand before the first token's
  std::string_view pooler;  // open_clip's default for the family
};

constexpr HfText kTexts[] = {
    {"roberta-base", Naming::bert, 50265, 768, 12, 12, 3072, 514, "mean_pooler"},
    {"xlm-roberta-base", Naming::bert, 250002, 768, 12, 12, 3072, 514, "mean_pooler"},
    {"xlm-roberta-large", Naming::bert, 250002, 1024, 24, 16, 4096, 514, "mean_pooler"},
    {"facebook/nllb-200-distilled-600M", Naming::m2m, 256206, 1024, 12, 16, 4096, 1026, "cls_pooler"},
    {"facebook/nllb-200-distilled-1.3B", Naming::m2m, 256206, 1024, 24, 16, 8192, 1026, "cls_pooler"},
    {"google/mt5-base", Naming::t5, 250112, 768, 12, 12, 2048, 0, "mean_pooler"},
    {"google/mt5-xl", Naming::t5, 250112, 2048, 24, 32, 5120, 0, "mean_pooler"},
};

constexpr uint32_t kPad = 1;    // of all but T5; positions begin behind it
constexpr uint32_t kT5Pad = 0;  // whose positions are distances

const HfText& find_text_model(const JsonObject& cfg, const std::string& name) {
  for (const HfText& text : kTexts)
    if (text.name == name || name == "FacebookAI/" + std::string(text.name)) return text;
  fail(ErrorCode::unsupported, cfg.where(), ": the text tower is transformers' '", name,
       "', which is not supported");
}

void read_pooler(const JsonObject& cfg, const HfText& text, TextConfig& x) {
  const std::string pooler = cfg.find_text("hf_pooler_type").value_or(std::string(text.pooler));
  if (pooler == "mean_pooler") {
    x.pooling = Pooling::mean;
  } else if (pooler == "cls_last_hidden_state_pooler" ||
             (pooler == "cls_pooler" && text.naming == Naming::m2m)) {
    x.pooling = Pooling::first;
  } else {
    fail(ErrorCode::unsupported, cfg.where(), ": hf_pooler_type '", pooler,
         "' is not supported for this text tower");
  }
}

void read_projection(const JsonObject& cfg, uint32_t embed_dim, TextConfig& x) {
  const std::string projection = cfg.find_text("hf_proj_type").value_or("mlp");
  if (projection != "mlp" && projection != "linear")
    fail(ErrorCode::unsupported, cfg.where(), ": hf_proj_type '", projection,
         "' is not supported, only 'mlp' and 'linear'");
  if (projection == "mlp") x.projection_hidden = (x.transformer.width + embed_dim) / 2;
}

}  // namespace

TextConfig read_hf_text(const JsonObject& cfg, uint32_t embed_dim, ConvertPlan& plan) {
  const HfText& text = find_text_model(cfg, cfg.text("hf_model_name"));
  cfg.refuse_unknown({"hf_model_name", "hf_model_pretrained", "hf_tokenizer_name", "hf_proj_type",
                      "hf_pooler_type", "context_length", "vocab_size", "width", "heads", "layers",
                      "output_tokens", "tokenizer_kwargs", "tokenizer_mode"});
  const bool m2m = text.naming == Naming::m2m, t5 = text.naming == Naming::t5, bert = !m2m && !t5;
  TextConfig x;
  x.vocab_size = text.vocab_size;
  x.context_length = cfg.find_count("context_length").value_or(77);
  TransformerConfig& t = x.transformer;
  t = {text.width, text.layers, text.heads, text.mlp_width, m2m ? Activation::relu : Activation::gelu, 1e-5F};
  if (bert) t.norm = BlockNorm::after;
  if (t5) {
    t.activation = Activation::gelu_tanh;
    t.norm_eps = 1e-6F;
    t.gated_mlp = t.rms_norm = t.relative_bias = true;
  }
  x.causal = false;
  x.drop_padding = true;
  x.pad_id = t5 ? kT5Pad : kPad;
  x.embedding_norm = bert;
  x.final_norm = !bert;
  if (!t5 && x.context_length > text.places - kPad - 1)
    fail(ErrorCode::damaged, cfg.where(), ": context_length ", x.context_length,
         " is longer than the text tower's ", text.places - kPad - 1, " positions");
  read_pooler(cfg, text, x);
  read_projection(cfg, embed_dim, x);
  plan.text.naming = text.naming;
  plan.text.outer_head = true;
  plan.text.prefix = "text.transformer.";
  plan.text.places = text.places;
  plan.text.first_place = kPad + 1;
  plan.text.token_types = 1;
  plan.text.embedding_scale = m2m ? 32 : 1;  // the square root of the width
  return x;
}

}  // namespace simdclip
