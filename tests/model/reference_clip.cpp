#include "model/reference_clip.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <functional>
#include <limits>
#include <optional>

#include "kernels/gemm/pack.h"

namespace simdclip::reference {
namespace {

// y = x W^T + b, W [N, K] row-major.
Row linear(const Row& x, const std::vector<float>& w, const std::vector<float>& b) {
  const size_t k = x.size(), n = w.size() / k;
  Row y(n);
  for (size_t i = 0; i < n; ++i) {
    double sum = b.empty() ? 0.0 : static_cast<double>(b[i]);
    for (size_t j = 0; j < k; ++j) sum += x[j] * static_cast<double>(w[i * k + j]);
    y[i] = sum;
  }
  return y;
}

Row layer_norm(const Row& x, const std::vector<float>& gamma, const std::vector<float>& beta, double eps) {
  double mean = 0, variance = 0;
  for (double v : x) mean += v;
  mean /= static_cast<double>(x.size());
  for (double v : x) variance += (v - mean) * (v - mean);
  variance /= static_cast<double>(x.size());
  Row y(x.size());
  for (size_t d = 0; d < x.size(); ++d) {
    y[d] = (x[d] - mean) / std::sqrt(variance + eps) * static_cast<double>(gamma[d]) +
           static_cast<double>(beta[d]);
  }
  return y;
}

double activate(double x, Activation activation) {
  switch (activation) {
    case Activation::gelu: return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
    case Activation::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Activation::quick_gelu: return x / (1 + std::exp(-1.702 * x));
    case Activation::relu: return x < 0 ? 0 : x;
  }
  return x;
}

void add(Row& x, const Row& y) {
  for (size_t d = 0; d < x.size(); ++d) x[d] += y[d];
}

// What is added to the score of a head's key; then it is not divided by sqrt d.
using Bias = std::function<double(size_t head, size_t key)>;

// One query over keys and values that stand in columns [at, at + D) of `rows`; softmax(q k / sqrt d) v, head
// by head.
Row attend(const Row& q, const Rows& rows, size_t keys, size_t k_at, size_t v_at, size_t heads,
           const Bias& bias = {}) {
  const size_t width = q.size(), dim = width / heads;
  Row mixed(width, 0.0);
  for (size_t head = 0; head < heads; ++head) {
    Row weight(keys);
    double highest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (size_t s = 0; s < keys; ++s) {
      for (size_t d = head * dim; d < (head + 1) * dim; ++d) weight[s] += q[d] * rows[s][k_at + d];
      weight[s] = bias ? weight[s] + bias(head, s) : weight[s] / std::sqrt(static_cast<double>(dim));
      highest = std::max(highest, weight[s]);
    }
    for (double& v : weight) sum += v = std::exp(v - highest);
    for (size_t s = 0; s < keys; ++s) {
      for (size_t d = head * dim; d < (head + 1) * dim; ++d) mixed[d] += weight[s] / sum * rows[s][v_at + d];
    }
  }
  return mixed;
}

Row mlp(const ModelFile& file, const std::string& name, const Row& x, Activation activation) {
  Row hidden = linear(x, tensor_values(file, name + ".fc1.weight"), tensor_values(file, name + ".fc1.bias"));
  for (double& v : hidden) v = activate(v, activation);
  return linear(hidden, tensor_values(file, name + ".fc2.weight"), tensor_values(file, name + ".fc2.bias"));
}

Row attention_pool(const ModelFile& file, const AttentionPoolConfig& config, const Rows& x) {
  const std::string pool = "visual.attention_pool";
  const auto get = [&](const std::string& name) { return tensor_values(file, pool + name); };
  Rows kv;
  for (const Row& row : x) kv.push_back(linear(row, get(".kv.weight"), get(".kv.bias")));
  if (config.token_query) {
    const Row q = linear(x[0], get(".q.weight"), get(".q.bias"));
    return attend(q, kv, kv.size(), 0, q.size(), config.heads);
  }
  const auto query = get(".query");
  const Row mixed = attend(Row(query.begin(), query.end()), kv, kv.size(), 0, query.size(), config.heads);
  Row y = linear(mixed, get(".proj.weight"), get(".proj.bias"));
  add(y, mlp(file, pool + ".mlp",
             layer_norm(y, get(".ln.weight"), get(".ln.bias"), static_cast<double>(config.norm_eps)),
             config.activation));
  return y;
}

// A map of one picture: [y][x][channel].
struct Picture {
  size_t height, width;
  Rows pixels;
  const Row& at(size_t y, size_t x) const { return pixels[y * width + x]; }
};

// A residual network from its definition: convolutions as sums over places and channels.
class Residual {
 public:
  Residual(const ModelFile& file, const VisionConfig& config) : file_(file), config_(config) {}

  Rows places(std::span<const float> pixels) const {
    Picture x{config_.image_height, config_.image_width, {}};
    for (size_t i = 0; i < x.height * x.width; ++i) {
      Row row;
      for (size_t c = 0; c < 3; ++c) row.push_back(static_cast<double>(pixels[c * x.height * x.width + i]));
      x.pixels.push_back(row);
    }
    x = relu(convolve(x, "visual.stem.0", 3, 2));
    x = relu(convolve(x, "visual.stem.1", 3, 1));
    x = average(relu(convolve(x, "visual.stem.2", 3, 1)));
    for (size_t stage = 0; stage < 4; ++stage)
      for (size_t i = 0; i < config_.resnet->blocks[stage]; ++i)
        x = bottleneck(x, "visual.blocks." + std::to_string(stage + 1) + "." + std::to_string(i),
                       stage > 0 && i == 0, i == 0);
    return x.pixels;
  }

 private:
  Picture convolve(const Picture& x, const std::string& name, size_t side, size_t stride) const {
    const auto w = tensor_values(file_, name + ".weight"), b = tensor_values(file_, name + ".bias");
    const size_t channels = x.pixels[0].size(), pad = side / 2;
    Picture y{(x.height - 1) / stride + 1, (x.width - 1) / stride + 1, {}};
    for (size_t i = 0; i < y.height * y.width; ++i) {
      Row sums(b.begin(), b.end());
      for (size_t place = 0; place < side * side; ++place) {
        const size_t row = i / y.width * stride + place / side, column = i % y.width * stride + place % side;
        if (row < pad || row >= x.height + pad || column < pad || column >= x.width + pad) continue;
        const Row& from = x.at(row - pad, column - pad);
        for (size_t n = 0; n < sums.size(); ++n)
          for (size_t c = 0; c < channels; ++c)
            sums[n] += from[c] * static_cast<double>(w[(n * side * side + place) * channels + c]);
      }
      y.pixels.push_back(sums);
    }
    return y;
  }

  static Picture relu(Picture x) {
    for (Row& row : x.pixels)
      for (double& value : row) value = activate(value, Activation::relu);
    return x;
  }

  static Picture average(const Picture& x) {
    Picture y{x.height / 2, x.width / 2, {}};
    for (size_t i = 0; i < y.height * y.width; ++i) {
      Row sum(x.pixels[0].size(), 0.0);
      for (size_t part = 0; part < 4; ++part)
        add(sum, x.at(i / y.width * 2 + part / 2, i % y.width * 2 + part % 2));
      for (double& value : sum) value /= 4;
      y.pixels.push_back(sum);
    }
    return y;
  }

  Picture bottleneck(const Picture& x, const std::string& name, bool halves, bool shortcut) const {
    Picture y = relu(convolve(relu(convolve(x, name + ".conv1", 1, 1)), name + ".conv2", 3, 1));
    if (halves) y = average(y);
    y = convolve(y, name + ".conv3", 1, 1);
    Picture other = halves ? average(x) : x;
    if (shortcut) other = convolve(other, name + ".shortcut", 1, 1);
    for (size_t i = 0; i < y.pixels.size(); ++i) add(y.pixels[i], other.pixels[i]);
    return relu(y);
  }

  const ModelFile& file_;
  const VisionConfig& config_;
};

Rows with_mean_first(Rows places) {
  Row mean(places[0].size(), 0.0);
  for (const Row& row : places) add(mean, row);
  for (double& value : mean) value /= static_cast<double>(places.size());
  places.insert(places.begin(), mean);
  return places;
}

// One stack of blocks over one sequence.
class Stack {
 public:
  // turned_from: the first token that is rotated; places: of the tokens in their text.
  Stack(const ModelFile& file, std::string prefix, const TransformerConfig& config, bool causal,
        std::optional<size_t> turned_from = {}, std::vector<size_t> places = {})
      : file_(file),
        prefix_(std::move(prefix)),
        config_(config),
        causal_(causal),
        turned_from_(turned_from),
        places_(std::move(places)) {}

  void run(Rows& x) const {
    for (uint32_t i = 0; i < config_.layers; ++i) block(x, prefix_ + ".blocks." + std::to_string(i));
  }

  // The norm of that name, of the stack's kind.
  Rows normed(const Rows& x, const std::string& name) const {
    const auto gamma = get(name + ".weight"), beta = get(name + ".bias");
    Rows y;
    for (const Row& row : x)
      y.push_back(config_.rms_norm ? rms_norm(row, gamma, beta)
                                   : layer_norm(row, gamma, beta, static_cast<double>(config_.norm_eps)));
    return y;
  }

 private:
  std::vector<float> get(const std::string& name) const { return tensor_values(file_, name); }
  void block(Rows& x, const std::string& name) const {
    half(x, name + ".ln_1", [&](const Rows& in) { return attention(in, name); });
    half(x, name + ".ln_2", [&](const Rows& in) {
      Rows out;
      for (const Row& row : in) out.push_back(hidden_mlp(name + ".mlp", row));
      return out;
    });
  }

  // x += f(norm(x)), or x = norm(x + f(x)), or x += norm(f(x)).
  template <typename Part>
  void half(Rows& x, const std::string& norm, const Part& part) const {
    Rows change = part(config_.norm == BlockNorm::before ? normed(x, norm) : x);
    if (config_.norm == BlockNorm::branch) change = normed(change, norm);
    for (size_t t = 0; t < x.size(); ++t) add(x[t], change[t]);
    if (config_.norm == BlockNorm::after) x = normed(x, norm);
  }

  Row hidden_mlp(const std::string& name, const Row& x) const {
    if (!config_.gated_mlp && !config_.mlp_norm) return mlp(file_, name, x, config_.activation);
    const auto product = [&](const char* part, const Row& in) {
      return linear(in, get(name + part + ".weight"), get(name + part + ".bias"));
    };
    Row hidden = product(config_.gated_mlp ? ".gate" : ".fc1", x);
    for (double& v : hidden) v = activate(v, config_.activation);
    if (config_.gated_mlp) {
      const Row value = product(".fc1", x);
      for (size_t i = 0; i < hidden.size(); ++i) hidden[i] *= value[i];
    }
    return product(".fc2", config_.mlp_norm ? normed({hidden}, name + ".ln")[0] : hidden);
  }

  Row rms_norm(const Row& x, const std::vector<float>& gamma, const std::vector<float>& beta) const {
    double squares = 0;
    for (double v : x) squares += v * v / static_cast<double>(x.size());
    Row y;
    for (size_t i = 0; i < x.size(); ++i)
      y.push_back(x[i] / std::sqrt(squares + static_cast<double>(config_.norm_eps)) * double{gamma[i]} +
                  double{beta[i]});
    return y;
  }

  // Channels i and half + i of each head as a complex number, turned by the patch's angle.
  void rotate(Row& x, size_t at, size_t token) const {
    if (!turned_from_ || token < *turned_from_) return;
    const size_t dim = config_.width / config_.heads, half = dim / 2;
    const auto table = get("visual.rotary");
    const float* angles = table.data() + (token - *turned_from_) * dim;
    for (size_t pair = 0; pair < config_.width / 2; ++pair) {
      const size_t first = at + pair / half * dim + pair % half;
      const std::complex<double> turn(double{angles[pair % half]}, double{angles[pair % half + half]});
      const std::complex<double> turned = std::complex<double>(x[first], x[first + half]) * turn;
      x[first] = turned.real();
      x[first + half] = turned.imag();
    }
  }

  Rows attention(const Rows& x, const std::string& name) const {
    const auto w = get(name + ".attn.qkv.weight"), b = get(name + ".attn.qkv.bias");
    const auto wo = get(name + ".attn.proj.weight"), bo = get(name + ".attn.proj.bias");
    Rows qkv, out;
    for (const Row& row : x) {
      qkv.push_back(linear(row, w, b));
      for (const size_t at : {size_t{0}, size_t{config_.width}}) rotate(qkv.back(), at, qkv.size() - 1);
    }
    const auto table = config_.relative_bias ? get("text.relative_bias") : std::vector<float>();
    const size_t columns = table.size() / config_.heads;
    for (size_t t = 0; t < x.size(); ++t) {
      const Row q(qkv[t].begin(), qkv[t].begin() + config_.width);
      Bias bias;
      if (config_.relative_bias)
        bias = [&](size_t head, size_t key) {
          return double{table[head * columns + (columns - 1) / 2 + places_[key] - places_[t]]};
        };
      const size_t keys = causal_ ? t + 1 : x.size();
      Row mixed = attend(q, qkv, keys, config_.width, 2 * config_.width, config_.heads, bias);
      if (config_.attention_norm) mixed = normed({mixed}, name + ".attn.ln")[0];
      out.push_back(linear(mixed, wo, bo));
    }
    return out;
  }

  const ModelFile& file_;
  std::string prefix_;
  TransformerConfig config_;
  bool causal_;
  std::optional<size_t> turned_from_;
  std::vector<size_t> places_;
};

}  // namespace

std::vector<float> tensor_values(const ModelFile& file, const std::string& name) {
  const TensorView view = file.tensor(name);
  size_t elements = 1;
  for (uint64_t extent : view.spec->shape) elements *= extent;
  std::vector<float> values(elements);
  std::vector<uint16_t> bits;
  switch (view.spec->storage) {
    case Storage::f32: std::copy_n(view.f32(), elements, values.begin()); break;
    case Storage::gemm_f32:
      kernels::unpack_b_f32(view.f32(), view.spec->shape[0], view.spec->shape[1], values.data());
      break;
    case Storage::gemm_int8: {
      // weight(n, k) = scale(n) * q(n, k); packed as [panel][k / 4][16 columns][4].
      const Int8Weights weights = int8_weights(view);
      const size_t k = view.spec->shape[1], panel = kernels::panel_bytes(k, 1);
      for (size_t i = 0; i < elements; ++i) {
        const size_t row = i / k, column = i % k;
        const int8_t q = weights.packed[row / 16 * panel + column / 4 * 64 + row % 16 * 4 + column % 4];
        values[i] = weights.scales[row] * static_cast<float>(q);
      }
      break;
    }
    default:
      bits.resize(elements);
      if (view.spec->storage == Storage::bf16) {
        std::copy_n(reinterpret_cast<const uint16_t*>(view.bytes.data()), elements, bits.begin());
      } else {
        kernels::unpack_b_bf16(reinterpret_cast<const uint16_t*>(view.bytes.data()), view.spec->shape[0],
                               view.spec->shape[1], bits.data());
      }
      for (size_t i = 0; i < elements; ++i) values[i] = kernels::from_bf16(bits[i]);
  }
  return values;
}

namespace {

// The tokens of a picture before their positions.
Rows patch_tokens(const ModelFile& file, std::span<const float> pixels) {
  const VisionConfig& v = *file.config().vision;
  const size_t p = v.patch_size, across = patch_grid_width(v), down = patch_grid_height(v);
  const auto kernel = tensor_values(file, "visual.patch_embed.weight");
  const auto bias = v.patch_bias ? tensor_values(file, "visual.patch_embed.bias") : std::vector<float>();
  Rows x;
  if (v.class_token) {
    const auto token = tensor_values(file, "visual.class_embedding");
    x.emplace_back(token.begin(), token.end());
  }
  for (size_t patch = 0; patch < across * down; ++patch) {
    Row values;
    for (size_t c = 0; c < 3; ++c) {
      for (size_t y = 0; y < p; ++y) {
        for (size_t z = 0; z < p; ++z) {
          const size_t row = patch / across * p + y, column = patch % across * p + z;
          values.push_back(static_cast<double>(pixels[(c * v.image_height + row) * v.image_width + column]));
        }
      }
    }
    x.push_back(linear(values, kernel, bias));
  }
  return x;
}

}  // namespace

Row embed_pixels(const ModelFile& file, std::span<const float> pixels) {
  const VisionConfig& v = *file.config().vision;
  Rows x = v.resnet ? with_mean_first(Residual(file, v).places(pixels)) : patch_tokens(file, pixels);
  const auto positions = tensor_values(file, "visual.positional_embedding");
  const double eps = static_cast<double>(v.transformer.norm_eps);
  for (size_t t = 0; t < x.size(); ++t) {
    for (size_t d = 0; d < x[t].size(); ++d) x[t][d] += static_cast<double>(positions[t * x[t].size() + d]);
    if (v.pre_norm)
      x[t] = layer_norm(x[t], tensor_values(file, "visual.ln_pre.weight"),
                        tensor_values(file, "visual.ln_pre.bias"), eps);
  }
  const size_t lead = v.class_token ? 1 : 0;
  Stack(file, "visual", v.transformer, false, v.rotary ? std::optional(lead) : std::nullopt).run(x);
  const auto ln_post = [&](Row& row) {
    row = layer_norm(row, tensor_values(file, "visual.ln_post.weight"),
                     tensor_values(file, "visual.ln_post.bias"), eps);
  };
  if (v.post_norm && !v.norm_after_pool) std::for_each(x.begin(), x.end(), ln_post);
  Row pooled = x[0];
  if (v.pooling == Pooling::mean) {
    std::fill(pooled.begin(), pooled.end(), 0.0);
    for (size_t t = lead; t < x.size(); ++t) add(pooled, x[t]);
    for (double& value : pooled) value /= static_cast<double>(x.size() - lead);
  }
  if (v.pooling == Pooling::attention) pooled = attention_pool(file, *v.attention_pool, x);
  if (v.post_norm && v.norm_after_pool) ln_post(pooled);
  if (!v.projection) return pooled;
  return linear(pooled, tensor_values(file, "visual.proj.weight"),
                v.projection_bias ? tensor_values(file, "visual.proj.bias") : std::vector<float>());
}

Row embed_ids(const ModelFile& file, std::span<const int32_t> ids) {
  const TextConfig& t = *file.config().text;
  const size_t width = t.transformer.width;
  const auto table = tensor_values(file, "text.token_embedding"),
             positions = tensor_values(file, "text.positional_embedding");
  Rows x;
  std::vector<size_t> places;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (t.drop_padding && ids[i] == static_cast<int32_t>(t.pad_id)) continue;
    const size_t place = t.drop_padding && !t.transformer.relative_bias ? places.size() : i;
    places.push_back(place);
    Row row(width);
    for (size_t d = 0; d < width; ++d) {
      row[d] = static_cast<double>(table[static_cast<size_t>(ids[i]) * width + d]) +
               static_cast<double>(positions[place * width + d]);
    }
    x.push_back(row);
  }
  const auto eps = static_cast<double>(t.transformer.norm_eps);
  const auto norm_all = [&](const std::string& name) {
    for (Row& row : x)
      row = layer_norm(row, tensor_values(file, name + ".weight"), tensor_values(file, name + ".bias"), eps);
  };
  if (t.embedding_norm) norm_all("text.ln_embed");
  const Stack stack(file, "text", t.transformer, t.causal, {}, places);
  stack.run(x);
  size_t pooled = 0;
  if (t.pooling == Pooling::argmax_id) {
    for (size_t i = 1; i < ids.size(); ++i) pooled = ids[i] > ids[pooled] ? i : pooled;
  } else if (t.pooling == Pooling::first_eos) {
    while (pooled < ids.size() && ids[pooled] != static_cast<int32_t>(t.eos_id)) ++pooled;
    if (pooled == ids.size()) pooled = 0;
  } else if (t.pooling == Pooling::last) {
    pooled = ids.size() - 1;
  }
  if (t.final_norm) x = stack.normed(x, "text.ln_final");
  Row normed = x[pooled];
  if (t.pooling == Pooling::mean) {
    normed.assign(width, 0.0);
    for (const Row& row : x) add(normed, row);
    for (double& value : normed) value /= static_cast<double>(x.size());
  }
  if (!t.projection) return normed;
  if (t.projection_hidden != 0) {
    normed = linear(normed, tensor_values(file, "text.proj_in.weight"), {});
    for (double& value : normed) value = activate(value, Activation::gelu);
  }
  return linear(normed, tensor_values(file, "text.proj.weight"),
                t.projection_bias ? tensor_values(file, "text.proj.bias") : std::vector<float>());
}

double cosine(std::span<const float> a, const Row& b) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t d = 0; d < b.size(); ++d) {
    ab += static_cast<double>(a[d]) * b[d];
    aa += static_cast<double>(a[d]) * static_cast<double>(a[d]);
    bb += b[d] * b[d];
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace simdclip::reference
