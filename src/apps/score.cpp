#include "simdclip/score.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "apps/unit.h"
#include "base/fail.h"

namespace simdclip {
namespace {

void same_width(std::span<const float> a, std::span<const float> b, const char* what) {
  if (a.size() != b.size() || a.empty()) {
    fail(ErrorCode::invalid_argument, what, " has ", b.size(), " values, the picture's vector ", a.size(),
         "; expected vectors of one model");
  }
}

std::vector<double> difference(std::span<const float> after, std::span<const float> before) {
  std::vector<double> out(after.size());
  for (size_t d = 0; d < out.size(); ++d)
    out[d] = static_cast<double>(after[d]) - static_cast<double>(before[d]);
  return out;
}

}  // namespace

double clip_score(std::span<const float> image, std::span<const float> text) {
  same_width(image, text, "text");
  return 100.0 * std::max(dot(image, text), 0.0);
}

double ref_clip_score(std::span<const float> image, std::span<const float> text,
                      std::span<const float> references) {
  same_width(image, text, "text");
  const size_t width = image.size();
  if (references.empty() || references.size() % width != 0) {
    fail(ErrorCode::invalid_argument, "references have ", references.size(),
         " values, expected whole vectors of ", width);
  }
  double best = 0;
  for (size_t i = 0; i < references.size(); i += width)
    best = std::max(best, dot(text, references.subspan(i, width)));
  const double own = 2.5 * std::max(dot(image, text), 0.0);
  return own + best > 0 ? 2 * own * best / (own + best) : 0;
}

const std::vector<PromptPair>& iqa_pairs() {
  static const std::vector<PromptPair> pairs = {
      {"quality", "Good photo.", "Bad photo."},
      {"brightness", "Bright photo.", "Dark photo."},
      {"noisiness", "Clean photo.", "Noisy photo."},
      {"colorfullness", "Colorful photo.", "Dull photo."},
      {"sharpness", "Sharp photo.", "Blurry photo."},
      {"contrast", "High contrast photo.", "Low contrast photo."},
      {"complexity", "Complex photo.", "Simple photo."},
      {"natural", "Natural photo.", "Synthetic photo."},
      {"happy", "Happy photo.", "Sad photo."},
      {"scary", "Scary photo.", "Peaceful photo."},
      {"new", "New photo.", "Old photo."},
      {"warm", "Warm photo.", "Cold photo."},
      {"real", "Real photo.", "Abstract photo."},
      {"beautiful", "Beautiful photo.", "Ugly photo."},
      {"lonely", "Lonely photo.", "Sociable photo."},
      {"relaxing", "Relaxing photo.", "Stressful photo."},
  };
  return pairs;
}

double iqa_score(std::span<const float> image, std::span<const float> positive,
                 std::span<const float> negative) {
  same_width(image, positive, "positive prompt");
  same_width(image, negative, "negative prompt");
  return 1.0 / (1.0 + std::exp(100.0 * (dot(image, negative) - dot(image, positive))));
}

double directional_similarity(std::span<const float> image_before, std::span<const float> image_after,
                              std::span<const float> text_before, std::span<const float> text_after) {
  same_width(image_before, image_after, "second picture");
  same_width(image_before, text_before, "first text");
  same_width(image_before, text_after, "second text");
  const std::vector<double> image = difference(image_after, image_before),
                            text = difference(text_after, text_before);
  const auto norm = [](const std::vector<double>& x) {
    return std::sqrt(dot(std::span<const double>(x), std::span<const double>(x)));
  };
  const double norms = norm(image) * norm(text);
  return norms > 0 ? dot(std::span<const double>(image), std::span<const double>(text)) / norms : 0;
}

Interval bootstrap_mean(std::span<const double> values, uint64_t seed, size_t resamples) {
  Interval out;
  out.n = values.size();
  if (values.empty()) return out;
  for (const double value : values) out.mean += value;
  out.mean /= static_cast<double>(values.size());
  out.low = out.high = out.mean;
  if (resamples < 2 || values.size() < 2) return out;
  std::mt19937_64 random(seed);
  std::vector<double> means(resamples);
  for (double& mean : means) {
    double sum = 0;
    // No std::uniform_int_distribution: it differs between standard libraries. The modulo's bias is below n /
    // 2^64.
    for (size_t i = 0; i < values.size(); ++i) sum += values[random() % values.size()];
    mean = sum / static_cast<double>(values.size());
  }
  std::sort(means.begin(), means.end());
  const auto at = [&](double share) {
    return means[static_cast<size_t>(share * static_cast<double>(resamples - 1) + 0.5)];
  };
  out.low = at(0.025);
  out.high = at(0.975);
  return out;
}

}  // namespace simdclip
