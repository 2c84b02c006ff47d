// Scores of pictures and of sets of pictures, from their unit vectors: CLIPScore and RefCLIPScore (Hessel
// 2021), CLIP-IQA (Wang 2023), LAION's aesthetic predictor, CMMD (Jayasumana 2024), the Frechet distance
// (Heusel 2017, on CLIP's vectors), directional similarity (Gal 2022), diversity. Which model's vectors they
// are decides what the numbers mean: docs/applications.md says which the papers used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "simdclip/export.h"
#include "simdclip/model.h"

namespace simdclip {

// 100 * max(cosine, 0): torchmetrics' scale. The paper's is 2.5 * max(cosine, 0), a fortieth.
SIMDCLIP_API double clip_score(std::span<const float> image, std::span<const float> text);
// Harmonic mean of the paper's CLIPScore (2.5 * max(cosine, 0)) and of max(best cosine of the text with a
// reference, 0). references: [n, E], n >= 1.
SIMDCLIP_API double ref_clip_score(std::span<const float> image, std::span<const float> text,
                                   std::span<const float> references);

// CLIP-IQA's prompt pairs by torchmetrics' names ("quality": "Good photo.", "Bad photo."), and what is asked
// of a picture.
struct PromptPair {
  std::string name, positive, negative;
};
SIMDCLIP_API const std::vector<PromptPair>& iqa_pairs();
// Softmax over the pair of 100 * cosine, the positive prompt's share.
SIMDCLIP_API double iqa_score(std::span<const float> image, std::span<const float> positive,
                              std::span<const float> negative);

// LAION's aesthetic predictors: their published files hold linear layers without activations between them, so
// they are one affine map of the unit vector.
class SIMDCLIP_API AestheticHead {
 public:
  // A .pth, .pt or .safetensors file with 2-D NAME.weight and 1-D NAME.bias of each layer, in the order of
  // the names' numbers (layers.0, layers.2, ...), or "weight" and "bias". Errors: not_found, io, damaged,
  // unsupported (other tensors), shape_mismatch.
  static AestheticHead open(const std::string& path);
  size_t width() const noexcept { return weight_.size(); }
  // Error invalid_argument where the vector has another width: the head belongs to another model.
  double score(std::span<const float> image) const;

 private:
  std::vector<double> weight_;
  double bias_ = 0;
  std::string path_;
};

// cos(image_after - image_before, text_after - text_before); 0 where one of the two does not differ.
SIMDCLIP_API double directional_similarity(std::span<const float> image_before,
                                           std::span<const float> image_after,
                                           std::span<const float> text_before,
                                           std::span<const float> text_after);

// Mean with its 95 % interval: percentiles of the means of `resamples` bootstrap samples, equal for equal
// seeds on every machine.
struct Interval {
  double mean = 0, low = 0, high = 0;
  size_t n = 0;
};
SIMDCLIP_API Interval bootstrap_mean(std::span<const double> values, uint64_t seed = 1,
                                     size_t resamples = 2000);

// Sets: rows [n, width], n >= 1. Errors: invalid_argument.
// CMMD: 1000 * MMD^2 with an RBF kernel, sigma 10, of unit rows; the biased estimate, as the paper's code.
SIMDCLIP_API double cmmd(std::span<const float> a, std::span<const float> b, size_t width);
// |mu_a - mu_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^(1/2)), covariances over n - 1. Needs two rows each. Error
// unsupported where the library was built without Eigen.
SIMDCLIP_API double frechet_distance(std::span<const float> a, std::span<const float> b, size_t width);
// Both with a 95 % interval: +- 1.96 standard deviations of `resamples` bootstrap samples of both sets, equal
// for equal seeds; n: resamples. Sets beyond 1,024 (CMMD) or 32 rows (Frechet) are drawn in as many random
// groups of rows. Fewer than 2 resamples, or a set of one row: no interval, n is 0.
SIMDCLIP_API Interval cmmd_interval(std::span<const float> a, std::span<const float> b, size_t width,
                                    uint64_t seed = 1, size_t resamples = 50);
SIMDCLIP_API Interval frechet_interval(std::span<const float> a, std::span<const float> b, size_t width,
                                       uint64_t seed = 1, size_t resamples = 50);
struct Diversity {
  double mean_distance = 0;  // of pairs: 1 - cosine
  double vendi = 0;  // exp(entropy of the eigenvalues of the cosine matrix / n), 1 to n: "how many different
                     // pictures"; 0 without Eigen
};
SIMDCLIP_API Diversity diversity(std::span<const float> rows, size_t width);

// A picture of the distribution: SVG, with the mean and its interval.
SIMDCLIP_API std::string histogram_svg(std::span<const double> values, const std::string& title,
                                       size_t bins = 0);

// One HTML page: histograms of the scores, and the pictures with their prompts, best first by the first
// score. It refers to the pictures by the paths given (relative ones: to the page's folder) and to nothing
// else.
struct ReportRow {
  std::string picture, prompt;
  std::vector<double> scores;  // as many as there are names
};
SIMDCLIP_API std::string report_html(const std::string& title, const std::vector<std::string>& scores,
                                     std::vector<ReportRow> rows);

}  // namespace simdclip
