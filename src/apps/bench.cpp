#include "simdclip/bench.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <vector>

#include "base/cpu.h"
#include "base/fail.h"
#include "base/peak.h"
#include "format/config.h"
#include "layers/resnet.h"

namespace simdclip {
namespace {

constexpr double kWarmUpSeconds = 1;

ModelConfig config_of(const Model& model) { return config_from_json(model.info().config, model.info().path); }

void require(bool present, const Model& model, const char* tower) {
  if (!present) fail(ErrorCode::unsupported, model.info().path, ": this model has no ", tower, " tower");
}

// Blocks over T tokens of which the last block finishes `pooled` (src/model/transformer.h computes no others
// there, if norms stand before).
double block_operations(const TransformerConfig& c, double tokens, double pooled) {
  const double d = c.width, mlp = (c.gated_mlp ? 3.0 : 2.0) * c.mlp_width * d;
  const auto block = [&](double queries) {
    const double projections = tokens * 2 * d * d + queries * (2 * d * d + mlp);
    const double attention = 2 * queries * tokens * d;
    return 2 * (projections + attention);
  };
  return c.layers == 0
             ? 0
             : (c.layers - 1) * block(tokens) + block(c.norm == BlockNorm::before ? pooled : tokens);
}

// The limit that a model of this precision could reach here.
double peak_of(const ModelInfo& info) {
  const Arithmetic arithmetic = info.precision == "int8"   ? Arithmetic::int8
                                : info.precision == "bf16" ? Arithmetic::bf16
                                                           : Arithmetic::f32;
  return measured_peak(parse_isa(info.isa), arithmetic, info.threads);
}

class Timer {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// Inputs of one call. The values do not matter to the time, as long as they are no zeros or denormals.
struct Input {
  std::vector<float> pixels;
  std::vector<int32_t> ids;
};

Input make_input(const Model& model, const BenchOptions& options) {
  const ModelInfo& info = model.info();
  Input input;
  std::minstd_rand random(1);
  if (!options.text) {
    input.pixels.resize(options.batch * 3 * info.image_height * info.image_width);
    std::uniform_real_distribution<float> value(-2, 2);
    for (float& pixel : input.pixels) pixel = value(random);
    return input;
  }
  // An empty text has the begin and end tokens; others go between them. The first token is another one in
  // each text, so that no text shares a beginning with another: every token is computed, as `gflops` counts
  // them.
  const std::vector<int32_t> empty = model.tokenize("");
  const auto end = std::find_if(empty.begin() + 1, empty.end(), [&](int32_t id) { return id != empty[0]; });
  const std::vector<int32_t> sample = model.tokenize("a photo of a cat");
  for (size_t text = 0; text < options.batch; ++text) {
    std::vector<int32_t> ids{static_cast<int32_t>(text % (info.vocab_size / 2))};
    while (ids.size() + 1 < options.tokens) ids.push_back(sample[1 + random() % 4]);
    ids.push_back(end == empty.end() ? empty.back() : *end);
    const int32_t padding = empty.back();
    ids.resize(info.context_length, padding);
    input.ids.insert(input.ids.end(), ids.begin(), ids.end());
  }
  return input;
}

// Keys and values of all tokens, then one query's projections and mlp.
double pool_operations(const AttentionPoolConfig& p, double tokens, double d, double width) {
  return 2 * (tokens * 2 * d * width + 2 * tokens * width + width * width + 2 * p.mlp_width * width);
}

}  // namespace

double image_operations(const Model& model) {
  require(model.info().has_image_tower, model, "image");
  const ModelConfig config = config_of(model);
  const VisionConfig& v = *config.vision;
  if (v.resnet) {
    // Of the pool one query, keys and values of all tokens, and the attention itself; then the projection.
    const double d = v.transformer.width, tokens = vision_tokens(v);
    return resnet_operations(v) + 2 * d * d * (1 + 2 * tokens) + 4 * tokens * d + 2 * d * config.embed_dim;
  }
  const double d = v.transformer.width, tokens = vision_tokens(v), patches = tokens - (v.class_token ? 1 : 0);
  const bool pooled_apart = v.pooling == Pooling::first;
  return 2 * patches * 3 * v.patch_size * v.patch_size * d +
         block_operations(v.transformer, tokens, pooled_apart ? 1 : tokens) +
         (v.attention_pool ? pool_operations(*v.attention_pool, tokens, d, pooled_width(v)) : 0) +
         (v.projection ? 2.0 * pooled_width(v) * config.embed_dim : 0);
}

double text_operations(const Model& model, size_t tokens) {
  require(model.info().has_text_tower, model, "text");
  const ModelConfig config = config_of(model);
  const TextConfig& t = *config.text;
  const double used =
      static_cast<double>(t.causal ? std::min<size_t>(tokens, t.context_length) : t.context_length);
  return block_operations(t.transformer, used, 1) +
         (t.projection ? 2.0 * t.transformer.width * config.embed_dim : 0);
}

BenchResult bench(const Model& model, const BenchOptions& options) {
  const ModelInfo& info = model.info();
  require(options.text ? info.has_text_tower : info.has_image_tower, model, options.text ? "text" : "image");
  if (options.batch == 0) fail(ErrorCode::invalid_argument, "bench: a batch of 0 items");
  if (options.text && (options.tokens < 2 || options.tokens > info.context_length)) {
    fail(ErrorCode::invalid_argument, "bench: texts of ", options.tokens, " tokens, expected 2 to ",
         info.context_length);
  }
  const Input input = make_input(model, options);
  std::vector<float> out(options.batch * info.embed_dim);
  const auto call = [&] {
    if (options.text) {
      model.embed_ids(input.ids, out);
    } else {
      model.embed_pixels(input.pixels, out);
    }
  };
  BenchResult result;
  result.isa = info.isa;
  result.threads = info.threads;
  const Timer warm_up;
  do call();
  while (warm_up.seconds() < std::min(kWarmUpSeconds, options.seconds / 4));
  std::vector<double> times;
  const Timer total;
  double elapsed = 0;
  do {
    const Timer one;
    call();
    times.push_back(one.seconds());
    elapsed = total.seconds();
  } while (elapsed < options.seconds);
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2), times.end());
  result.calls = times.size();
  result.ms = times[times.size() / 2] * 1e3;
  result.items_per_s = static_cast<double>(times.size() * options.batch) / elapsed;
  const double operations = options.text ? text_operations(model, options.tokens) : image_operations(model);
  result.gflops = operations * result.items_per_s * 1e-9;
  result.peak_gflops = peak_of(info);
  result.peak_fraction = result.peak_gflops > 0 ? result.gflops / result.peak_gflops : 0;
  return result;
}

}  // namespace simdclip
