// clip_interrogator.py of clip-interrogator 0.6.0 names the steps; where it does something odd, so does this.
#include "simdclip/interrogate.h"

#include <algorithm>
#include <unordered_set>

#include "apps/label_table.h"
#include "apps/unit.h"
#include "base/fail.h"
#include "base/thread_pool.h"

namespace simdclip {
namespace {

// Rows of several tables one after another.
struct Merged {
  std::vector<const LabelTable*> tables;

  Estimates estimates(std::span<const float> image) const {
    Estimates all;
    for (const LabelTable* table : tables) all.append(table->estimates(image));
    return all;
  }
  size_t size() const {
    size_t sum = 0;
    for (const LabelTable* table : tables) sum += table->size();
    return sum;
  }
  float score(std::span<const float> image, size_t i) const {
    const LabelTable& table = table_of(i);
    return table.score(image, i);
  }
  const std::string& label(size_t i) const {
    const LabelTable& table = table_of(i);
    return table.labels()[i];
  }

 private:
  // The table of entry i, which becomes its row there.
  const LabelTable& table_of(size_t& i) const {
    size_t t = 0;
    for (; i >= tables[t]->size(); ++t) i -= tables[t]->size();
    return *tables[t];
  }
};

}  // namespace

struct Interrogator::Impl {
  const Model* model;
  InterrogatorOptions options;
  LabelTable artists, flavors, mediums, movements, trendings, negative;
  int32_t pad = 0, eos = 0;

  Merged merged() const { return {{&artists, &flavors, &mediums, &movements, &trendings}}; }

  // LabelTable.rank: a list longer than a chunk keeps the best of each chunk only, and orders those by
  // similarity whatever `reverse` says.
  std::vector<std::string> rank(const Merged& table, std::span<const float> image, size_t count,
                                bool reverse = false) const {
    const Estimates estimates = table.estimates(image);
    const size_t size = table.size();
    const auto exact = [&](size_t i) { return table.score(image, i); };
    std::vector<std::string> out;
    if (size <= options.chunk_size) {
      for (const Ranked& top : exact_top(estimates, 0, size, count, reverse, exact))
        out.push_back(table.label(top.index));
      return out;
    }
    const size_t chunks = (size + options.chunk_size - 1) / options.chunk_size,
                 keep = options.chunk_size / chunks;
    std::vector<size_t> kept;
    std::vector<float> kept_scores;
    std::vector<std::vector<Ranked>> best(chunks);
    ThreadPool pool(model->info().threads);
    pool.parallel_for(chunks, [&](size_t chunk) {
      const size_t first = chunk * options.chunk_size, entries = std::min(options.chunk_size, size - first);
      best[chunk] = exact_top(estimates, first, entries, keep, reverse, exact);
    });
    for (const auto& chunk : best) {
      for (const Ranked& top : chunk) {
        kept.push_back(top.index);
        kept_scores.push_back(top.score);
      }
    }
    for (const size_t i : top_indices(kept_scores, count)) out.push_back(table.label(kept[i]));
    return out;
  }
  std::vector<std::string> rank(const LabelTable& table, std::span<const float> image, size_t count,
                                bool reverse = false) const {
    return rank(Merged{{&table}}, image, count, reverse);
  }

  std::vector<double> similarities(std::span<const float> image,
                                   const std::vector<std::string>& prompts) const {
    std::vector<float> rows(prompts.size() * image.size());
    embed_many_texts(*model, prompts.size(), [&](size_t i) { return prompts[i]; }, rows, {});
    std::vector<double> out;
    for (size_t i = 0; i < prompts.size(); ++i)
      out.push_back(dot(image, std::span<const float>(rows).subspan(i * image.size(), image.size())));
    return out;
  }

  // _prompt_at_max_len: no padding is left.
  bool full(const std::string& text) const {
    const std::vector<int32_t> ids = model->tokenize(text);
    return pad != eos ? ids.back() != pad : ids.size() < 2 || ids[ids.size() - 2] != eos;
  }
  std::string truncated(const std::string& text) const {
    size_t end = text.find(", ");
    if (end == std::string::npos) return text;
    std::string out = text.substr(0, end);
    while (end != std::string::npos) {
      const size_t begin = end + 2;
      end = text.find(", ", begin);
      const std::string part = text.substr(begin, end == std::string::npos ? end : end - begin);
      if (full(out + part)) break;
      out += ", " + part;
    }
    return out;
  }

  std::string classic(std::span<const float> image, const std::string& caption, size_t flavor_count) const {
    const auto first = [&](const LabelTable& table) { return rank(table, image, 1)[0]; };
    const std::string medium = first(mediums), artist = first(artists), trending = first(trendings),
                      movement = first(movements);
    std::string prompt = caption + (caption.starts_with(medium) ? " " : ", " + medium + " ") + artist + ", " +
                         trending + ", " + movement;
    for (const std::string& flavor : rank(flavors, image, flavor_count)) prompt += ", " + flavor;
    return truncated(prompt);
  }

  struct Chain {
    std::string prompt;
    double similarity;
  };
  // The best continuation of `prompt`; an empty prompt is continued by nothing but the phrase.
  std::pair<size_t, double> rank_top(std::span<const float> image, const std::string& prompt,
                                     const std::vector<std::string>& phrases, bool reverse) const {
    std::vector<std::string> prompts;
    for (const std::string& phrase : phrases)
      prompts.push_back(prompt.empty() ? phrase : prompt + ", " + phrase);
    const std::vector<double> s = similarities(image, prompts);
    const auto found = reverse ? std::min_element(s.begin(), s.end()) : std::max_element(s.begin(), s.end());
    return {static_cast<size_t>(found - s.begin()), *found};
  }

  std::string chain(std::span<const float> image, const std::vector<std::string>& given, Chain best,
                    size_t min_count, size_t max_count, bool reverse) const {
    std::vector<std::string> phrases;  // a set in the reference
    std::unordered_set<std::string> seen;
    for (const std::string& phrase : given) {
      if (seen.insert(phrase).second) phrases.push_back(phrase);
    }
    const auto take = [&](size_t i) { phrases.erase(phrases.begin() + static_cast<ptrdiff_t>(i)); };
    if (best.prompt.empty() && !phrases.empty()) {
      const auto [i, similarity] = rank_top(image, {}, phrases, reverse);
      best = {phrases[i], similarity};  // not negated by the reference either
      take(i);
    }
    Chain current = best;
    for (size_t step = 0; step < max_count && !phrases.empty(); ++step) {
      const auto [i, plain] = rank_top(image, current.prompt, phrases, reverse);
      const Chain next{current.prompt + ", " + phrases[i], reverse ? -plain : plain};
      if (next.similarity > best.similarity) best = next;
      if (!(next.similarity > current.similarity || step < min_count)) break;
      current = next;
      if (full(current.prompt)) break;
      take(i);
    }
    return best.prompt;
  }
};

Interrogator::Interrogator(const Model& model, InterrogatorLists lists, const InterrogatorOptions& options)
    : impl_(std::make_unique<Impl>()) {
  if (options.chunk_size == 0)
    fail(ErrorCode::invalid_argument,
         "chunk_size is 0, expected the number of entries ranked at once (2048)");
  impl_->model = &model;
  impl_->options = options;
  const std::vector<int32_t> empty = model.tokenize("");
  impl_->pad = empty.back();
  impl_->eos = empty.size() > 1 ? empty[1] : empty[0];
  const auto make = [&](const std::string& name, std::vector<std::string>& labels, bool needed = true) {
    if (labels.empty() && needed)
      fail(ErrorCode::invalid_argument, "the list of ", name,
           " is empty; an interrogator ranks entries of it");
    const auto progress = [&](size_t done, size_t total) {
      if (options.progress) options.progress(name, done, total);
    };
    return LabelTable(
        model, name, std::move(labels), [](const std::string& label) { return label; }, options.cache,
        progress, true);
  };
  impl_->artists = make("artists", lists.artists);
  impl_->flavors = make("flavors", lists.flavors);
  impl_->mediums = make("mediums", lists.mediums);
  impl_->movements = make("movements", lists.movements);
  impl_->trendings = make("trendings", lists.trendings);
  impl_->negative = make("negative", lists.negative, false);
}
Interrogator::Interrogator(Interrogator&&) noexcept = default;
Interrogator& Interrogator::operator=(Interrogator&&) noexcept = default;
Interrogator::~Interrogator() = default;

std::string Interrogator::classic(std::span<const float> image, const std::string& caption) const {
  return impl_->classic(image, caption, 3);
}

std::string Interrogator::fast(std::span<const float> image, const std::string& caption) const {
  std::string prompt = caption;
  for (const std::string& top : impl_->rank(impl_->merged(), image, impl_->options.max_flavors))
    prompt += ", " + top;
  return impl_->truncated(prompt);
}

std::string Interrogator::negative(std::span<const float> image) const {
  const Impl& s = *impl_;
  std::vector<std::string> phrases = s.rank(s.flavors, image, s.options.intermediate_count, true);
  phrases.insert(phrases.end(), s.negative.labels().begin(), s.negative.labels().end());
  return s.chain(image, phrases, {{}, 0}, 8, s.options.max_flavors, true);
}

std::string Interrogator::best(std::span<const float> image, const std::string& caption) const {
  const Impl& s = *impl_;
  const std::vector<std::string> phrases = s.rank(s.merged(), image, s.options.intermediate_count);
  const std::string chained = s.chain(image, phrases, {caption, similarity(image, caption)},
                                      s.options.min_flavors, s.options.max_flavors, false);
  const std::vector<std::string> candidates = {caption, s.classic(image, caption, s.options.max_flavors),
                                               fast(image, caption), chained};
  const std::vector<double> similarities = s.similarities(image, candidates);
  return candidates[static_cast<size_t>(std::max_element(similarities.begin(), similarities.end()) -
                                        similarities.begin())];
}

double Interrogator::similarity(std::span<const float> image, const std::string& prompt) const {
  return impl_->similarities(image, {prompt})[0];
}

std::vector<std::string> nearest_captions(const Model& model, std::span<const float> images,
                                          const std::vector<std::string>& captions, const CacheOptions& cache,
                                          const std::function<void(size_t done, size_t total)>& progress) {
  if (captions.empty()) fail(ErrorCode::invalid_argument, "no captions to choose from");
  const LabelTable table(
      model, "captions", captions, [](const std::string& label) { return label; }, cache, progress, true);
  std::vector<std::string> out;
  for (size_t i = 0; i < images.size(); i += table.width())
    out.push_back(captions[table.top(images.subspan(i, table.width()), 1)[0].index]);
  return out;
}

}  // namespace simdclip
