// The small CLIP of tests/fixtures/open_clip_folder as a Model, and unit vectors made by hand.
#pragma once

#include <cmath>
#include <random>

#include "simdclip/convert.h"
#include "simdclip/model.h"
#include "support/fixtures.h"

namespace simdclip::tests {

inline const std::string& fixture_model_file() {
  static const TemporaryFolder folder;
  static const std::string path = [] {
    const FixtureSource source("open_clip_folder");
    convert(source.source(), folder.file("model.sclip"), {});
    return folder.file("model.sclip");
  }();
  return path;
}

inline const Model& fixture_model() {
  static const Model model = [] {
    ModelOptions options;
    options.threads = 1;
    return Model::open(fixture_model_file(), options);
  }();
  return model;
}

inline std::vector<float> random_unit_rows(size_t n, size_t width, unsigned seed, double spread = 1.0) {
  std::mt19937 random(seed);
  std::vector<float> rows(n * width);
  for (size_t i = 0; i < n; ++i) {
    double sum = 0;
    for (size_t d = 0; d < width; ++d) {
      const double value =
          (static_cast<double>(random()) / 4294967296.0 - 0.5) * spread + (d % 3 == 0 ? 0.3 : 0.0);
      rows[i * width + d] = static_cast<float>(value);
      sum += value * value;
    }
    for (size_t d = 0; d < width; ++d)
      rows[i * width + d] = static_cast<float>(static_cast<double>(rows[i * width + d]) / std::sqrt(sum));
  }
  return rows;
}

}  // namespace simdclip::tests
