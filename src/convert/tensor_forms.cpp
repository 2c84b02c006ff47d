// How schema tensors are computed from foreign ones (MapForm): shapes first, values later.
#include <algorithm>
#include <cmath>
#include <utility>

#include "convert/tensor_map.h"
#include "image/resize_grid.h"

namespace simdclip {
namespace {

using Shape = std::vector<uint64_t>;

constexpr float kQuickGelu = 1.702F;
constexpr double kBatchNormEps = 1e-5;  // timm's and torch's
constexpr uint64_t kT5Buckets =
    32;  // T5's relative_attention_num_buckets, half of them for keys behind the query
constexpr double kT5Farthest = 128;   // and relative_attention_max_distance
constexpr uint64_t kKeptPlaces = 20;  // Long-CLIP's: positions that stay as CLIP's (Zhang 2024)

// The values of one source.
std::vector<float> read_whole(const TensorSource& tensors, size_t index) {
  std::vector<float> out(tensors.tensors()[index].elements());
  tensors.read(index, out);
  return out;
}

class Assembler {
 public:
  Assembler(const BoundTensor& bound, const ConvertPlan& plan, const TensorSource& tensors,
            std::vector<float>& out)
      : bound_(bound), plan_(plan), tensors_(tensors), out_(out) {}

  void run() {
    switch (bound_.form) {
      case MapForm::same:
      case MapForm::patches:
      case MapForm::rows:
      case MapForm::head_biases:
      case MapForm::ones_first: stack(); break;
      case MapForm::heads:
      case MapForm::heads_out:
      case MapForm::transposed: stack_transposed(); break;
      case MapForm::query_heads: project_query_in_columns(whole(0)); break;
      case MapForm::filters: filters(); break;
      case MapForm::patch_pixels: patch_pixels(); break;
      case MapForm::zeros: std::fill(out_.begin(), out_.end(), 0.0F); break;
      case MapForm::outer_rows: outer_rows(); break;
      case MapForm::tail_rows: tail_rows(); break;
      case MapForm::query:
      case MapForm::query_in_proj: project_query(whole(0), 1); break;
      case MapForm::query_with_norm: project_query(normalized_query(), 3); break;
      case MapForm::scaled: scale(plan_.text.embedding_scale); break;
      case MapForm::gate: scale(1 / kQuickGelu); break;
      case MapForm::value: scale(kQuickGelu); break;
      case MapForm::text_places: text_places(); break;
      case MapForm::sinusoids: sinusoids(); break;
      case MapForm::long_places: long_places(); break;
      case MapForm::relative_places: relative_places(); break;
      case MapForm::product:
      case MapForm::product_bias: multiply(); break;
      case MapForm::patch_places: patch_places(); break;
      case MapForm::rotary_angles: rotary_angles(); break;
      case MapForm::stem_weight:
      case MapForm::conv_1x1_weight: folded_weight(1); break;
      case MapForm::cell_weight: folded_weight(4); break;
      case MapForm::conv_3x3_weight: folded_weight(9); break;
      case MapForm::stem_bias: stem_bias(); break;
      case MapForm::cells: join_places(whole(0), 4); break;
    }
  }

 private:
  std::vector<float> whole(size_t source) const { return read_whole(tensors_, bound_.sources[source]); }
  uint64_t rows() const { return bound_.spec.shape[0]; }
  uint64_t columns() const { return out_.size() / rows(); }

  void stack() {
    const uint64_t each = out_.size() / bound_.sources.size();
    for (size_t i = 0; i < bound_.sources.size(); ++i)
      tensors_.read(bound_.sources[i], std::span(out_).subspan(i * each, each));
  }

  void stack_transposed() {
    const uint64_t n = rows() / bound_.sources.size(), k = columns();
    for (size_t i = 0; i < bound_.sources.size(); ++i) {
      const std::vector<float> stored = whole(i);  // [K, N]
      float* to = out_.data() + i * n * k;
      for (uint64_t r = 0; r < k; ++r)
        for (uint64_t c = 0; c < n; ++c) to[c * k + r] = stored[r * n + c];
    }
  }

  // [D, P * P * 3] -> [D, 3 * P * P]
  void patch_pixels() {
    const std::vector<float> stored = whole(0);
    const uint64_t k = columns(), pixels = k / 3;
    for (uint64_t d = 0; d < rows(); ++d)
      for (uint64_t i = 0; i < k; ++i) out_[d * k + i % 3 * pixels + i / 3] = stored[d * k + i];
  }

  // [P, P, 3, D] -> [D, 3 * P * P]
  void filters() {
    const std::vector<float> stored = whole(0);
    const uint64_t n = rows(), pixels = columns() / 3;
    for (uint64_t pixel = 0; pixel < pixels; ++pixel)
      for (uint64_t channel = 0; channel < 3; ++channel)
        for (uint64_t d = 0; d < n; ++d)
          out_[d * columns() + channel * pixels + pixel] = stored[(pixel * 3 + channel) * n + d];
  }

  void outer_rows() {
    const uint64_t each = out_.size() / 3;
    std::fill(out_.begin(), out_.end(), 0.0F);
    tensors_.read(bound_.sources[0], std::span(out_).first(each));
    tensors_.read(bound_.sources[1], std::span(out_).last(each));
  }

  void tail_rows() {
    const std::vector<float> all = whole(0);
    std::copy(all.end() - static_cast<std::ptrdiff_t>(out_.size()), all.end(), out_.begin());
  }

  void scale(float factor) {
    tensors_.read(bound_.sources[0], out_);
    for (float& x : out_) x *= factor;
  }

  // W x + b of the sources from `weight` on; more rows than the query has belong to keys and values.
  void project_query(const std::vector<float>& x, size_t weight) {
    const std::vector<float> w = whole(weight), b = whole(weight + 1);
    const uint64_t d = rows();
    for (uint64_t r = 0; r < d; ++r) {
      double sum = b[r];
      for (uint64_t k = 0; k < d; ++k) sum += static_cast<double>(w[r * d + k]) * x[k];
      out_[r] = static_cast<float>(sum);
    }
  }

  // x W + b: W [K, N].
  void project_query_in_columns(const std::vector<float>& x) {
    const std::vector<float> w = whole(1), b = whole(2);
    const uint64_t d = rows();
    for (uint64_t r = 0; r < d; ++r) {
      double sum = b[r];
      for (uint64_t k = 0; k < d; ++k) sum += static_cast<double>(w[k * d + r]) * x[k];
      out_[r] = static_cast<float>(sum);
    }
  }

  std::vector<float> normalized_query() const {
    std::vector<float> x = whole(0);
    x.resize(rows());
    const std::vector<float> gamma = whole(1), beta = whole(2);
    double mean = 0, variance = 0;
    for (float v : x) mean += v / static_cast<double>(x.size());
    for (float v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
    const double scale = 1 / std::sqrt(variance + plan_.config.vision->attention_pool->norm_eps);
    for (size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>((x[i] - mean) * scale * gamma[i] + beta[i]);
    return x;
  }

  void text_places() {
    const std::vector<float> table = whole(0), types = whole(1);
    const uint64_t d = columns();
    for (size_t i = 0; i < out_.size(); ++i) out_[i] = table[plan_.text.first_place * d + i] + types[i % d];
  }

  // Vaswani 2017's as M2M100 has them: sines, then cosines; positions begin behind the padding's. In float
  // where the reference is.
  void sinusoids() {
    const uint64_t d = columns(), half = d / 2;
    const auto step = static_cast<float>(-std::log(10000.0) / static_cast<double>(half - 1));
    std::fill(out_.begin(), out_.end(), 0.0F);
    for (uint64_t t = 0; t < rows(); ++t)
      for (uint64_t i = 0; i < half; ++i) {
        const auto frequency =
            static_cast<float>(std::exp(static_cast<double>(static_cast<float>(i) * step)));
        const float angle = static_cast<float>(t + plan_.text.first_place) * frequency;
        out_[t * d + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
        out_[t * d + half + i] = static_cast<float>(std::cos(static_cast<double>(angle)));
      }
  }

  // [32, heads] -> [heads, 2C - 1]: distances below 8 have a bucket each, others share them on a logarithmic
  // scale (Raffel 2020). In float where the reference is.
  void relative_places() {
    const std::vector<float> table = whole(0);
    constexpr uint64_t kHalf = kT5Buckets / 2, kExact = kHalf / 2;
    const uint64_t middle = (columns() - 1) / 2;
    for (uint64_t c = 0; c < columns(); ++c) {
      const uint64_t distance = c > middle ? c - middle : middle - c;
      uint64_t bucket = distance;
      if (distance >= kExact) {
        const float log = std::log(static_cast<float>(distance) / static_cast<float>(kExact));
        const float step = log / static_cast<float>(std::log(kT5Farthest / static_cast<double>(kExact)));
        bucket = kExact + static_cast<uint64_t>(step * static_cast<float>(kHalf - kExact));
        bucket = std::min(bucket, kHalf - 1);
      }
      if (c > middle) bucket += kHalf;
      for (uint64_t head = 0; head < rows(); ++head)
        out_[head * columns() + c] = table[bucket * rows() + head];
    }
  }

  void long_places() {
    tensors_.read(bound_.sources[1], out_);
    const std::vector<float> kept = whole(0);
    std::copy_n(kept.begin(), std::min<uint64_t>(kKeptPlaces, rows()) * columns(), out_.begin());
  }

  // [N, J] x [J, K], or x [J].
  void multiply() {
    const std::vector<float> a = whole(0), b = whole(1);
    const uint64_t inner = a.size() / rows(), width = columns();
    std::vector<double> sums(width);
    for (uint64_t r = 0; r < rows(); ++r) {
      std::fill(sums.begin(), sums.end(), 0.0);
      for (uint64_t j = 0; j < inner; ++j)
        for (uint64_t c = 0; c < width; ++c)
          sums[c] += static_cast<double>(a[r * inner + j]) * b[j * width + c];
      std::copy(sums.begin(), sums.end(), out_.begin() + static_cast<std::ptrdiff_t>(r * width));
    }
  }

  void patch_places() {
    std::fill_n(out_.begin(), columns(), 0.0F);
    tensors_.read(bound_.sources[0], std::span(out_).subspan(columns()));
  }

  // timm's RotaryEmbeddingCat: a quarter of the head's dimension is bands of either coordinate.
  void rotary_angles() {
    const VisionConfig& v = *plan_.config.vision;
    const uint64_t height = patch_grid_height(v), width = patch_grid_width(v), half = columns() / 2,
                   bands = half / 2;
    const auto coordinate = [&](uint64_t at, uint64_t extent, uint32_t reference) {
      const auto x = static_cast<float>(static_cast<double>(at) + plan_.rotary.offset);
      return x / static_cast<float>(extent) * static_cast<float>(reference);
    };
    for (uint64_t y = 0; y < height; ++y)
      for (uint64_t x = 0; x < width; ++x) {
        const float row = coordinate(y, height, plan_.rotary.reference[0]);
        const float column = coordinate(x, width, plan_.rotary.reference[1]);
        float* to = out_.data() + (y * width + x) * columns();
        for (uint64_t i = 0; i < half; ++i) {
          const auto exponent = static_cast<float>(i % bands) / static_cast<float>(bands);
          const auto band = static_cast<float>(1 / std::pow(plan_.rotary.temperature, double{exponent}));
          const bool first = i < bands;
          const float angle = (first == plan_.rotary.xy ? column : row) * band;
          to[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
          to[half + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
        }
      }
  }

  // [N, C, places] -> [N, places * C]: each place with all its channels.
  void join_places(const std::vector<float>& stored, uint64_t places) {
    const uint64_t channels = columns() / places;
    for (uint64_t n = 0; n < rows(); ++n)
      for (uint64_t c = 0; c < channels; ++c)
        for (uint64_t place = 0; place < places; ++place)
          out_[n * columns() + place * channels + c] = stored[(n * channels + c) * places + place];
  }

  static double norm_scale(float gamma, float variance) {
    return gamma / std::sqrt(static_cast<double>(variance) + kBatchNormEps);
  }

  // places: whose inputs are joined (join_places); 1 leaves them as they are.
  void folded_weight(uint64_t places) {
    std::vector<float> w = whole(0);
    const std::vector<float> gamma = whole(1), variance = whole(2);
    for (size_t i = 0; i < w.size(); ++i) {
      const size_t n = i / columns();
      w[i] = static_cast<float>(w[i] * norm_scale(gamma[n], variance[n]));
    }
    join_places(w, places);
  }

  void stem_bias() {
    const std::vector<float> beta = whole(0), mean = whole(1), gamma = whole(2), variance = whole(3);
    for (size_t i = 0; i < out_.size(); ++i)
      out_[i] = static_cast<float>(beta[i] - mean[i] * norm_scale(gamma[i], variance[i]));
  }

  const BoundTensor& bound_;
  const ConvertPlan& plan_;
  const TensorSource& tensors_;
  std::vector<float>& out_;
};

Shape with_rows(Shape shape, uint64_t rows) {
  shape[0] = rows;
  return shape;
}

// Two of a pool's keys and values, or three of queries, keys and values.
uint64_t stacked_parts(const TensorSpec& spec) { return spec.name.find(".kv.") != std::string::npos ? 2 : 3; }

uint64_t heads_of(const TensorSpec& spec, const ConvertPlan& plan) {
  if (spec.name.starts_with("text.")) return plan.config.text->transformer.heads;
  const VisionConfig& v = *plan.config.vision;
  return spec.name.starts_with("visual.attention_pool.") ? v.attention_pool->heads : v.transformer.heads;
}

// Shapes of Flax's layers.
std::vector<Shape> flax_shapes(MapForm form, const TensorSpec& spec, const ConvertPlan& plan) {
  const uint64_t n = spec.shape[0], k = spec.shape.back(), heads = heads_of(spec, plan);
  const uint64_t parts = stacked_parts(spec), head = n / parts / heads;
  switch (form) {
    case MapForm::heads: return std::vector<Shape>(parts, {k, heads, head});
    case MapForm::head_biases: return std::vector<Shape>(parts, {heads, head});
    case MapForm::heads_out: return {{heads, k / heads, n}};
    default: return {{1, 1, n}, {n, heads, n / heads}, {heads, n / heads}};
  }
}

}  // namespace

std::vector<Shape> source_shapes(MapForm form, const TensorSpec& spec, const ConvertPlan& plan) {
  const Shape& shape = spec.shape;
  const uint64_t n = shape[0];
  switch (form) {
    case MapForm::same:
    case MapForm::patch_pixels:
    case MapForm::scaled:
    case MapForm::gate:
    case MapForm::value: return {shape};
    case MapForm::patches: {
      const uint64_t patch = plan.config.vision->patch_size;
      return {{n, 3, patch, patch}};
    }
    case MapForm::transposed: return {{shape[1], n}};
    case MapForm::rows: return std::vector<Shape>(3, with_rows(shape, n / stacked_parts(spec)));
    case MapForm::heads:
    case MapForm::head_biases:
    case MapForm::heads_out:
    case MapForm::query_heads: return flax_shapes(form, spec, plan);
    case MapForm::filters: {
      const uint64_t patch = plan.config.vision->patch_size;
      return {{patch, patch, 3, n}};
    }
    case MapForm::ones_first: return {shape.size() == 1 ? Shape{1, 1, n} : Shape{1, n, shape[1]}};
    case MapForm::zeros:
    case MapForm::sinusoids:
    case MapForm::rotary_angles: return {};
    case MapForm::long_places: return {shape, shape};
    case MapForm::relative_places: return {{kT5Buckets, n}};
    case MapForm::product: return {{n, plan.text.inner_width}, {plan.text.inner_width, shape[1]}};
    case MapForm::product_bias: return {{n, plan.text.inner_width}, {plan.text.inner_width}};
    case MapForm::outer_rows: return {{n / 3}, {n / 3}};
    case MapForm::tail_rows: return {with_rows(shape, n / 2 * 3)};
    case MapForm::query: return {{1, 1, n}, {n, n}, {n}};
    case MapForm::query_in_proj: return {{1, 1, n}, {3 * n, n}, {3 * n}};
    case MapForm::query_with_norm: return {{0, n}, {n}, {n}, {0, n}, {3 * n}};
    case MapForm::text_places: return {{plan.text.places, shape[1]}, {plan.text.token_types, shape[1]}};
    case MapForm::patch_places: return {{1, n - 1, shape[1]}};
    case MapForm::stem_weight: return {{n, 3, 4, 4}, {n}, {n}};
    case MapForm::cell_weight: return {{n, shape[1] / 4, 2, 2}, {n}, {n}};
    case MapForm::conv_1x1_weight: return {{n, shape[1], 1, 1}, {n}, {n}};
    case MapForm::conv_3x3_weight: return {{n, shape[1] / 9, 3, 3}, {n}, {n}};
    case MapForm::stem_bias: return {{n}, {n}, {n}, {n}};
    case MapForm::cells: return {{n, shape[1] / 4, 2, 2}};
  }
  return {};
}

TensorSpec stored_spec(const TensorSpec& spec, const ConvertPlan& plan) {
  TensorSpec stored = spec;
  if (spec.name == "visual.positional_embedding" && plan.stored_grid[0] != 0)
    stored.shape[0] =
        uint64_t{plan.stored_grid[0]} * plan.stored_grid[1] + (plan.config.vision->class_token ? 1 : 0);
  return stored;
}

namespace {

// open_clip's resize_pos_embed and timm's resample_abs_pos_embed: bicubic, antialiased, the class token kept
// apart.
void resize_positions(const ConvertPlan& plan, std::vector<float>& positions) {
  const VisionConfig& v = *plan.config.vision;
  const uint32_t rows = patch_grid_height(v), columns = patch_grid_width(v);
  if (plan.stored_grid == std::array{rows, columns}) return;
  const size_t width = v.transformer.width, lead = v.class_token ? width : 0;
  std::vector<float> out(lead + size_t{rows} * columns * width);
  std::copy_n(positions.begin(), lead, out.begin());
  const GridResize resize(plan.stored_grid[0], plan.stored_grid[1], rows, columns, Interpolation::bicubic);
  resize_grid(resize, std::span(positions).subspan(lead), width, std::span(out).subspan(lead));
  positions = std::move(out);
}

// Rotary models turn channels 2i and 2i + 1 of a head together. Here a pair is i and half + i, so that both
// are read in order: the rows of queries and keys change places, which no product of the two sees.
void pair_halves(const VisionConfig& v, std::vector<float>& rows) {
  const size_t width = v.transformer.width, head = width / v.transformer.heads,
               row = rows.size() / (3 * width);
  std::vector<float> old(head * row);
  for (size_t first = 0; first < 2 * width; first += head) {
    float* to = rows.data() + first * row;
    std::copy_n(to, old.size(), old.begin());
    for (size_t i = 0; i < head; ++i)
      std::copy_n(old.data() + (i % (head / 2) * 2 + i / (head / 2)) * row, row, to + i * row);
  }
}

}  // namespace

void assemble(const BoundTensor& bound, const ConvertPlan& plan, const TensorSource& tensors,
              std::vector<float>& out) {
  BoundTensor stored = bound;
  stored.spec = stored_spec(bound.spec, plan);
  uint64_t total = 1;
  for (uint64_t extent : stored.spec.shape) total *= extent;
  out.resize(total);
  Assembler(stored, plan, tensors, out).run();
  if (bound.spec.name == "visual.positional_embedding" && plan.stored_grid[0] != 0)
    resize_positions(plan, out);
  if (bound.turned) pair_halves(*plan.config.vision, out);
  if (!bound.row_scale) return;
  const std::vector<float> scale = read_whole(tensors, *bound.row_scale);
  const uint64_t row = total / scale.size();
  for (uint64_t i = 0; i < total; ++i) out[i] *= scale[i / row];
}

}  // namespace simdclip
