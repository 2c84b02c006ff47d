// Layers of a tower one kind after another, against what the machine's memory and arithmetic allow.
#include <algorithm>
#include <chrono>
#include <functional>
#include <random>

#include "base/cpu.h"
#include "base/peak.h"
#include "format/model_file.h"
#include "layers/attention.h"
#include "layers/linear.h"
#include "layers/mlp.h"
#include "model/transformer.h"
#include "simdclip/bench.h"

namespace simdclip {
namespace {

constexpr double kSecondsPerLayer = 0.2;
constexpr int kLeastPasses = 3;

// The rows of one micro-batch, cut as Clip cuts the batch.
struct Rows {
  size_t sequences = 0, tokens = 0;  // tokens of each sequence
  size_t patches = 0;                // of all pictures
  size_t all() const { return sequences * tokens; }
};

Rows rows_of(const ModelConfig& config, const BenchOptions& options) {
  Rows rows;
  if (options.text) {
    const TextConfig& t = *config.text;
    rows.tokens = t.causal ? options.tokens : t.context_length;
  } else {
    rows.tokens = vision_tokens(*config.vision);
  }
  const size_t most = std::max<size_t>(1, kMicroBatchRows / rows.tokens);
  rows.sequences = ceil_div(options.batch, ceil_div(options.batch, most));
  if (!options.text) rows.patches = rows.sequences * (rows.tokens - (config.vision->class_token ? 1 : 0));
  return rows;
}

// The layers of one kind: the same tensor of every block.
struct Kind {
  std::string name;                // "attn.qkv"
  std::vector<std::string> names;  // "visual.blocks.0.attn.qkv", ...
  double weight_bytes = 0;         // of one
};

std::vector<Kind> kinds_of(const ModelFile& file, const std::string& tower) {
  std::vector<Kind> kinds;
  // No two convolutions of a residual network are of one kind: the whole tower stands for them.
  if (tower == "visual" && file.config().vision->resnet) return kinds;
  const std::string blocks = tower + ".blocks.", end = ".weight";
  for (size_t i = 0; i < file.specs().size(); ++i) {
    const TensorSpec& spec = file.specs()[i];
    if (!is_gemm(spec.storage) || !spec.name.ends_with(end)) continue;
    const std::string name = spec.name.substr(0, spec.name.size() - end.size());
    std::string kind;
    if (name.starts_with(blocks)) {
      kind = name.substr(name.find('.', blocks.size()) + 1);
    } else if (name == "visual.patch_embed" && tower == "visual") {
      kind = "patch_embed";
    } else {
      continue;  // what runs once for each picture or text is no share of the time
    }
    const auto known =
        std::find_if(kinds.begin(), kinds.end(), [&](const Kind& k) { return k.name == kind; });
    Kind& into = known != kinds.end() ? *known : kinds.emplace_back(Kind{kind, {}, 0});
    into.names.push_back(name);
    into.weight_bytes = static_cast<double>(file.tensor(i).bytes.size());
  }
  return kinds;
}

bool has(const ModelFile& file, const std::string& name) {
  return std::any_of(file.specs().begin(), file.specs().end(),
                     [&](const TensorSpec& spec) { return spec.name == name; });
}

// Seconds of one run(i): the best pass over the layers, as the peak is the best of its runs.
double best_seconds(size_t layers, const std::function<void(size_t)>& run) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point t) {
    return std::chrono::duration<double>(Clock::now() - t).count();
  };
  for (size_t i = 0; i < layers; ++i) run(i);  // pages that nobody has touched yet
  double best = 0;
  const auto begin = Clock::now();
  for (int pass = 0; pass < kLeastPasses || since(begin) < kSecondsPerLayer; ++pass) {
    const auto start = Clock::now();
    for (size_t i = 0; i < layers; ++i) run(i);
    const double seconds = since(start) / static_cast<double>(layers);
    best = pass == 0 ? seconds : std::min(best, seconds);
  }
  return best;
}

// Everything that the layers of one tower need to run outside it.
class Bench {
 public:
  Bench(const ModelFile& file, const TransformerConfig& transformer, const Rows& rows, const Engine& engine,
        bool causal)
      : file_(file), transformer_(transformer), rows_(rows), engine_(engine), causal_(causal) {}

  RooflinePoint linear(const Kind& kind) const {
    std::vector<Linear> layers;
    for (const std::string& name : kind.names) layers.emplace_back(file_, name, has(file_, name + ".bias"));
    const Linear& first = layers.front();
    const size_t m = kind.name == "patch_embed" ? rows_.patches : rows_.all(), k = first.inputs(),
                 n = first.outputs();
    Workspace ws(workspace_floats(m, k) + 2 * workspace_floats(m, n) +
                 operand_workspace_floats(file_.config().precision, m, k));
    const Span2f x = random_rows(ws, m, k), y = ws.take(m, n), residual = random_rows(ws, m, n);
    const Operand operand = first.operand(x, ws, engine_);
    // As Block and Mlp run them: what the next step reads as bf16 is written so, two layers add to the
    // tokens.
    const bool adds = kind.name == "attn.proj" || kind.name == "mlp.fc2";
    const bool rounds = first.takes_bf16(engine_) && (kind.name == "attn.qkv" || kind.name == "mlp.fc1");
    const kernels::Act act = kind.name == "mlp.fc1" ? act_of(transformer_.activation) : kernels::Act::none;
    const auto run = [&](size_t i) {
      if (rounds) {
        layers[i].forward(operand, rows_in<uint16_t>(y), engine_, act);
      } else {
        layers[i].forward(operand, y, engine_, act, adds ? ConstSpan2f(residual) : ConstSpan2f());
      }
    };
    const double in = first.int8() ? 1 : first.multiplies_bf16(engine_) ? 2 : 4;
    const double out = (rounds ? 2 : 4) + (adds ? 4 : 0);
    const double rows = static_cast<double>(m), inputs = static_cast<double>(k),
                 outputs = static_cast<double>(n);
    return {kind.name, 2 * rows * inputs * outputs, kind.weight_bytes + rows * (inputs * in + outputs * out),
            best_seconds(layers.size(), run)};
  }

  RooflinePoint attention(const std::string& any_qkv) const {
    return Linear(file_, any_qkv, has(file_, any_qkv + ".bias")).takes_bf16(engine_)
               ? attention_of<uint16_t>()
               : attention_of<float>();
  }

 private:
  template <typename Element>
  RooflinePoint attention_of() const {
    const size_t m = rows_.all(), d = transformer_.width, head_dim = d / transformer_.heads;
    Workspace ws(workspace_floats(m, 3 * d) + workspace_floats(m, d) +
                 attention_workspace_floats(rows_.tokens, head_dim, engine_.pool.size()));
    const Span2f floats = random_rows(ws, m, 3 * d);
    const Span2<Element> out = rows_in<Element>(ws.take(m, d));
    Span2<Element> qkv = rows_in<Element>(floats);
    if constexpr (sizeof(Element) == 2) {
      for (size_t r = 0; r < m; ++r) std::fill_n(qkv.row(r), 3 * d, uint16_t{0x3f80});  // 1.0
    }
    std::vector<size_t> starts(rows_.sequences + 1);
    for (size_t i = 0; i < starts.size(); ++i) starts[i] = i * rows_.tokens;
    const AttentionShape shape{
        transformer_.heads, head_dim, causal_, {}, file_.config().precision == Precision::int8};
    const auto run = [&](size_t) {
      multi_head_attention<Element>(shape, {starts}, {},
                                    {qkv.sub_cols(0, d), qkv.sub_cols(d, d), qkv.sub_cols(2 * d, d), out}, ws,
                                    engine_);
    };
    const double rows = static_cast<double>(m), tokens = static_cast<double>(rows_.tokens),
                 width = static_cast<double>(d);
    return {"attention", 4 * rows * tokens * width, 4 * rows * width * sizeof(Element), best_seconds(1, run)};
  }

  static Span2f random_rows(Workspace& ws, size_t m, size_t n) {
    const Span2f x = ws.take(m, n);
    std::minstd_rand random(1);
    std::uniform_real_distribution<float> value(-1, 1);
    for (size_t r = 0; r < m; ++r) std::generate_n(x.row(r), n, [&] { return value(random); });
    return x;
  }

  const ModelFile& file_;
  const TransformerConfig& transformer_;
  Rows rows_;
  const Engine& engine_;
  bool causal_;
};

// One call of the tower: its weights once for each micro-batch, pixels or token vectors, embeddings.
RooflinePoint whole_tower(const ModelFile& file, const std::string& tower, const Rows& rows,
                          const BenchOptions& options, const BenchResult& result) {
  double weights = 0;
  for (size_t i = 0; i < file.specs().size(); ++i) {
    const std::string& name = file.specs()[i].name;
    if (name.starts_with(tower + ".") && name != "text.token_embedding")
      weights += static_cast<double>(file.tensor(i).bytes.size());
  }
  const ModelConfig& config = file.config();
  const double rounds = static_cast<double>(ceil_div(options.batch, rows.sequences));
  const double batch = static_cast<double>(options.batch);
  const double input = options.text ? static_cast<double>(rows.tokens) * config.text->transformer.width
                                    : 3.0 * config.vision->image_height * config.vision->image_width;
  const double seconds = result.ms * 1e-3;
  const double operations = result.gflops / result.items_per_s * 1e9 * batch;
  return {"whole tower", operations, weights * rounds + 4 * batch * (input + config.embed_dim), seconds};
}

}  // namespace

double Roofline::limit(double intensity) const noexcept {
  return std::min(peak_gflops, bandwidth_gb * intensity);
}

Roofline roofline(const Model& model, const BenchOptions& options, const BenchResult& result) {
  const ModelInfo& info = model.info();
  const ModelFile file = ModelFile::open(info.path);
  const ModelConfig& config = file.config();
  ThreadPool pool(info.threads);
  const Engine engine{kernels::select_kernels(parse_isa(info.isa)), pool};
  const Rows rows = rows_of(config, options);
  const TransformerConfig& transformer = options.text ? config.text->transformer : config.vision->transformer;
  const std::string tower = options.text ? "text" : "visual";
  const Bench bench(file, transformer, rows, engine, options.text && config.text->causal);
  Roofline roofline;
  roofline.peak_gflops = result.peak_gflops;
  roofline.bandwidth_gb = measured_bandwidth(info.threads);
  for (const Kind& kind : kinds_of(file, tower)) {
    roofline.points.push_back(bench.linear(kind));
    if (kind.name == "attn.qkv") roofline.points.push_back(bench.attention(kind.names.front()));
  }
  roofline.points.push_back(whole_tower(file, tower, rows, options, result));
  return roofline;
}

}  // namespace simdclip
