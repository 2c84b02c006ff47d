#include "model/clip.h"

#include <algorithm>

#include "base/cpu.h"
#include "base/fail.h"
#include "image/preprocess.h"
#include "model/text_order.h"

namespace simdclip {
namespace {

Isa chosen_isa(const ModelOptions& options) {
  return options.isa.empty() ? default_isa() : parse_isa(options.isa);
}

// Each micro-batch that runs at once has a workspace; with more threads than this, all of them share one.
constexpr size_t kMaxLanes = 16;

unsigned chosen_threads(const ModelOptions& options) {
  return options.threads == 0 ? usable_cores() : options.threads;
}

}  // namespace

class Clip::Lease {
 public:
  explicit Lease(const Clip& clip) : clip_(clip), ws_(clip.take_workspace()) {}
  ~Lease() { clip_.return_workspace(std::move(ws_)); }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  Workspace& operator*() const noexcept { return *ws_; }

 private:
  const Clip& clip_;
  std::unique_ptr<Workspace> ws_;
};

Clip::Clip(const std::string& path, const ModelOptions& options)
    : file_(ModelFile::open(path)),
      pool_(chosen_threads(options)),
      engine_{kernels::select_kernels(chosen_isa(options)), pool_, nullptr} {
  const ModelConfig& config = file_.config();
  if (options.verify_checksums) file_.verify();
  if (config.vision) {
    vision_.emplace(file_, *config.vision, config.embed_dim);
    workspace_floats_ = vision_->workspace_floats(pool_.size());
  }
  if (config.text) {
    text_.emplace(file_, *config.text, config.embed_dim);
    workspace_floats_ =
        std::max(workspace_floats_, text_->workspace_floats(pool_.size()) +
                                        workspace_floats(text_->micro_batch_rows(), config.embed_dim));
    tokenizer_ = make_tokenizer(*config.tokenizer, config.text->vocab_size, config.text->context_length,
                                file_.tokenizer(), path);
  }
  describe(std::string(to_string(engine_.kernels.isa)), pool_.size());
}

void Clip::describe(const std::string& isa, unsigned threads) {
  const ModelConfig& config = file_.config();
  info_.path = file_.path();
  info_.name = config.name;
  info_.source = config.source;
  info_.precision = to_string(config.precision);
  info_.config = to_json(config);
  info_.isa = isa;
  info_.threads = threads;
  info_.embed_dim = config.embed_dim;
  if (config.vision) {
    info_.has_image_tower = true;
    info_.image_height = config.vision->image_height;
    info_.image_width = config.vision->image_width;
    info_.patch_size = config.vision->patch_size;
    if (!config.text || !config.vision->resnet)
      info_.activation = to_string(config.vision->transformer.activation);
    info_.max_patches = config.vision->max_patches;
    info_.max_pixels = most_floats(target_size(*config.vision));
    info_.scratch_bytes = pictures_at_once() * info_.max_pixels * sizeof(float);
  }
  if (config.text) {
    info_.has_text_tower = true;
    info_.context_length = config.text->context_length;
    info_.vocab_size = config.text->vocab_size;
    if (info_.activation.empty()) info_.activation = to_string(config.text->transformer.activation);
  }
  info_.logit_scale = config.logit_scale;
  info_.logit_bias = config.logit_bias;
  info_.parameters = file_.parameters();
  info_.fingerprint = file_.fingerprint();
  info_.file_bytes = file_.file_size();
  info_.scratch_bytes += lanes() * workspace_floats_ * sizeof(float);
}

const VisionTower& Clip::vision() const {
  if (!vision_)
    fail(ErrorCode::unsupported, file_.path(),
         ": this model has no image tower; convert a checkpoint that has one");
  return *vision_;
}

size_t Clip::lanes() const noexcept { return pool_.size() <= kMaxLanes ? pool_.size() : 1; }

size_t Clip::pictures_at_once() const {
  return std::max<size_t>(lanes() * vision().micro_batch(), pool_.size());
}

const TextTower& Clip::text() const {
  if (!text_)
    fail(ErrorCode::unsupported, file_.path(),
         ": this model has no text tower; convert a checkpoint that has one");
  return *text_;
}

const Tokenizer& Clip::tokenizer() const {
  text();
  return *tokenizer_;
}

std::unique_ptr<Workspace> Clip::take_workspace() const {
  {
    const std::lock_guard lock(shelf_mutex_);
    if (!shelf_.empty()) {
      auto ws = std::move(shelf_.back());
      shelf_.pop_back();
      return ws;
    }
  }
  return std::make_unique<Workspace>(workspace_floats_);
}

void Clip::return_workspace(std::unique_ptr<Workspace> ws) const noexcept {
  const std::lock_guard lock(shelf_mutex_);
  // What one call needs is kept for the next; what concurrent calls needed beside it is freed, so that memory
  // stays bounded.
  if (shelf_.capacity() == 0) shelf_.reserve(lanes());
  if (shelf_.size() < lanes()) shelf_.push_back(std::move(ws));
}

void Clip::check_size(const Pixels& picture, size_t i) const {
  const VisionConfig& v = vision().config();
  const auto [height, width] = picture.size;
  if (picture.values.size() != size_t{3} * height * width)
    fail(ErrorCode::invalid_argument, "picture ", i, " of ", height, " x ", width, " has ",
         picture.values.size(), " values, expected ", size_t{3} * height * width);
  if (v.max_patches == 0 && (height != v.image_height || width != v.image_width))
    fail(ErrorCode::invalid_argument, "picture ", i, " is ", height, " x ", width, ", the model takes ",
         v.image_height, " x ", v.image_width);
  if (v.max_patches == 0) return;
  if (height == 0 || width == 0 || height % v.patch_size != 0 || width % v.patch_size != 0 ||
      patches_of(picture.size, v) > most_vision_tokens(v))
    fail(ErrorCode::invalid_argument, "picture ", i, " is ", height, " x ", width, ", the model takes 1 to ",
         most_vision_tokens(v), " whole patches of ", v.patch_size, " x ", v.patch_size);
}

void Clip::embed_pixels(std::span<const float> pixels, std::span<float> out, bool normalize,
                        const Engine& engine) const {
  const size_t picture = vision().pixels_per_picture();
  const PixelSize size = {vision().config().image_height, vision().config().image_width};
  std::vector<Pixels> pictures(pixels.size() / picture);
  for (size_t i = 0; i < pictures.size(); ++i) pictures[i] = {pixels.subspan(i * picture, picture), size};
  embed_preprocessed(pictures, out, normalize, engine);
}

void Clip::embed_preprocessed(std::span<const Pixels> pictures, std::span<float> out, bool normalize,
                              const Engine& engine) const {
  const VisionTower& tower = vision();
  const size_t width = tower.embed_dim(), n = pictures.size();
  for (size_t i = 0; i < n; ++i) check_size(pictures[i], i);
  // Even micro-batches: 5 pictures at most 4 at a time run as 3 + 2.
  size_t rounds = ceil_div(n, tower.micro_batch());
  const auto run = [&](size_t round, const Engine& on) {
    const size_t first = n * round / rounds, count = n * (round + 1) / rounds - first;
    embed_micro_batch(pictures.subspan(first, count), {out.data() + first * width, count, width, width},
                      normalize, on);
  };
  // A probe sees one layer at a time.
  if (rounds == 1 || lanes() == 1 || engine.probe != nullptr) {
    for (size_t round = 0; round < rounds; ++round) run(round, engine);
    return;
  }
  rounds = std::min(n, ceil_div(rounds, lanes()) * lanes());
  ThreadPool alone(1);
  const Engine lane{engine.kernels, alone};
  engine.pool.parallel_for(rounds, [&](size_t round) { run(round, lane); });
}

void Clip::embed_micro_batch(std::span<const Pixels> pictures, Span2f rows, bool normalize,
                             const Engine& engine) const {
  const Lease ws(*this);
  vision().forward(pictures, rows, *ws, engine);
  if (normalize) engine.kernels.l2_normalize_f32(rows.data, rows.rows, rows.cols, rows.stride);
}

void Clip::embed_id_lists(std::span<const std::span<const int32_t>> texts, std::span<float> out,
                          bool normalize, const Engine& engine) const {
  const TextTower& tower = text();
  const std::vector<OrderedText> order = order_texts(tower.config(), texts);
  // A probe sees one layer at a time.
  const size_t side_by_side = engine.probe == nullptr ? lanes() : 1;
  const std::vector<size_t> starts = text_batches(order, tower.micro_batch_rows(), side_by_side);
  const size_t batches = starts.size() - 1;
  const auto run = [&](size_t batch, const Engine& on) {
    embed_text_batch(texts, std::span(order).subspan(starts[batch], starts[batch + 1] - starts[batch]), out,
                     normalize, on);
  };
  if (batches <= 1 || side_by_side == 1) {
    for (size_t batch = 0; batch < batches; ++batch) run(batch, engine);
    return;
  }
  ThreadPool alone(1);
  const Engine lane{engine.kernels, alone};
  engine.pool.parallel_for(batches, [&](size_t batch) { run(batch, lane); });
}

void Clip::embed_text_batch(std::span<const std::span<const int32_t>> texts,
                            std::span<const OrderedText> order, std::span<float> out, bool normalize,
                            const Engine& engine) const {
  const size_t width = text().embed_dim();
  std::vector<std::span<const int32_t>> ids;
  std::vector<size_t> shared;
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t skipped = i == 0 ? 0 : order[i].shared;
    if (skipped == order[i].length) continue;  // the same text again
    ids.push_back(texts[order[i].text]);
    shared.push_back(skipped);
  }
  const Lease ws(*this);
  const Workspace::Scope scope(*ws);
  const Span2f part = (*ws).take(ids.size(), width);  // [n, E]
  text().forward(ids, shared, part, *ws, engine);
  if (normalize) engine.kernels.l2_normalize_f32(part.data, part.rows, width, part.stride);
  size_t row = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i > 0 && order[i].shared != order[i].length) ++row;
    std::copy_n(part.row(row), width, out.data() + order[i].text * width);
  }
}

}  // namespace simdclip
