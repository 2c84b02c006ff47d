#include "simdclip/classify.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "apps/text_cache.h"
#include "apps/unit.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr size_t kClassGroup = 1024;

std::string filled(const std::string& pattern, const std::string& name) {
  std::string text = pattern;
  for (size_t at = 0; (at = text.find("{}", at)) != std::string::npos; at += name.size())
    text.replace(at, 2, name);
  return text;
}

// out: [classes, E]. A template at a time over many classes: neighbours share their beginning, which the
// tower makes use of.
void ensemble(const Model& model, std::span<const std::string> classes,
              std::span<const std::string> templates, std::span<float> out, const TextProgress& progress) {
  const size_t width = model.embed_dim(), total = classes.size() * templates.size();
  size_t done = 0;
  std::vector<float> rows;
  std::vector<double> sums;
  for (size_t first = 0; first < classes.size(); first += kClassGroup) {
    const size_t count = std::min(kClassGroup, classes.size() - first);
    rows.resize(count * width);
    sums.assign(count * width, 0);
    for (const std::string& pattern : templates) {
      embed_many_texts(model, count, [&](size_t i) { return filled(pattern, classes[first + i]); }, rows, {});
      for (size_t i = 0; i < rows.size(); ++i) sums[i] += static_cast<double>(rows[i]);
      done += count;
      if (progress) progress(done, total);
    }
    for (size_t c = 0; c < count; ++c) {
      unit_row(std::span<const double>(sums).subspan(c * width, width),
               out.subspan((first + c) * width, width));
    }
  }
}

}  // namespace

std::vector<std::string> plain_template() { return {"a photo of a {}."}; }

struct Classifier::Impl {
  const Model* model;
  std::vector<std::string> classes;
  CachedRows weights;
};

Classifier::Classifier(const Model& model, std::vector<std::string> classes, const ClassifierOptions& options)
    : impl_(std::make_unique<Impl>()) {
  const std::vector<std::string> templates = options.templates.empty() ? plain_template() : options.templates;
  if (classes.empty()) fail(ErrorCode::invalid_argument, "no class name; expected at least one");
  for (const std::string& pattern : templates) {
    if (pattern.find("{}") == std::string::npos) {
      fail(ErrorCode::invalid_argument, "template '", pattern,
           "' has no {}, which stands for the class name: \"a photo of a {}.\"");
    }
  }
  RowKey key("classes", model);
  key.add(classes);
  key.add(templates);
  impl_->model = &model;
  impl_->weights = CachedRows::get(
      options.cache, key, RowType::f32, classes.size(), model.embed_dim(),
      [&](std::span<float> out) { ensemble(model, classes, templates, out, options.progress); });
  impl_->classes = std::move(classes);
}
Classifier::Classifier(Classifier&&) noexcept = default;
Classifier& Classifier::operator=(Classifier&&) noexcept = default;
Classifier::~Classifier() = default;

const std::vector<std::string>& Classifier::classes() const noexcept { return impl_->classes; }
std::span<const float> Classifier::weights() const noexcept { return impl_->weights.f32(); }
bool Classifier::from_cache() const noexcept { return impl_->weights.from_disk(); }

std::vector<Classifier::Score> Classifier::classify(std::span<const float> image, size_t top) const {
  const std::vector<float> logits = impl_->model->logits(image, weights()),
                           probabilities = impl_->model->probabilities(logits);
  std::vector<size_t> order(logits.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const size_t keep = top == 0 ? order.size() : std::min(top, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<ptrdiff_t>(keep), order.end(),
      [&](size_t a, size_t b) { return logits[a] > logits[b] || (logits[a] == logits[b] && a < b); });
  std::vector<Score> out;
  for (size_t i = 0; i < keep; ++i) {
    const size_t c = order[i];
    const double cosine = dot(image, weights().subspan(c * image.size(), image.size()));
    out.push_back({c, static_cast<float>(cosine), logits[c], probabilities[c]});
  }
  return out;
}

Evaluation::Evaluation(size_t classes) : per_class_(classes) {}

void Evaluation::add(size_t truth, std::span<const size_t> ranked) {
  if (truth >= per_class_.size() || ranked.empty()) {
    fail(ErrorCode::invalid_argument, "class ", truth, " of ", per_class_.size(), " with ", ranked.size(),
         " ranked classes");
  }
  const auto best = ranked.first(std::min<size_t>(5, ranked.size()));
  const bool top1 = best[0] == truth, top5 = std::find(best.begin(), best.end(), truth) != best.end();
  for (Count* count : {&all_, &per_class_[truth]}) {
    ++count->pictures;
    count->top1 += top1 ? 1 : 0;
    count->top5 += top5 ? 1 : 0;
  }
  if (!top1) wrong_.push_back({truth, best[0], 1});
}

double Evaluation::mean_per_class_top1() const noexcept {
  double sum = 0;
  size_t seen = 0;
  for (const Count& count : per_class_) {
    if (count.pictures == 0) continue;
    sum += static_cast<double>(count.top1) / static_cast<double>(count.pictures);
    ++seen;
  }
  return seen == 0 ? 0 : sum / static_cast<double>(seen);
}

std::vector<Evaluation::Confusion> Evaluation::confusions() const {
  std::map<std::pair<size_t, size_t>, size_t> counts;
  for (const Confusion& wrong : wrong_) ++counts[{wrong.truth, wrong.predicted}];
  std::vector<Confusion> out;
  for (const auto& [pair, count] : counts) out.push_back({pair.first, pair.second, count});
  std::stable_sort(out.begin(), out.end(),
                   [](const Confusion& a, const Confusion& b) { return a.count > b.count; });
  return out;
}

}  // namespace simdclip
