#include "image/coefficients.h"

#include <algorithm>
#include <cmath>

namespace simdclip {
namespace {

double bilinear(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

// Keys' cubic convolution with a = -0.5, in Pillow's order of operations: the last bit decides a fixed-point
// weight.
double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1;
  if (x < 2.0) return (((x - 5) * x + 8) * x - 4) * a;
  return 0.0;
}

double support_of(Interpolation interpolation) { return interpolation == Interpolation::bicubic ? 2.0 : 1.0; }

// Pillow hands the box over as floats, which matters above 2^24 samples.
double scale_of(uint32_t in_size, uint32_t out_size) {
  return static_cast<double>(static_cast<float>(in_size)) / out_size;
}

}  // namespace

uint64_t filter_taps(uint32_t in_size, uint32_t out_size, Interpolation interpolation) {
  const double filter_scale = std::max(1.0, scale_of(in_size, out_size));
  return static_cast<uint64_t>(std::ceil(support_of(interpolation) * filter_scale)) * 2 + 1;
}

void filter_window(uint32_t in_size, uint32_t out_size, Interpolation interpolation, uint32_t i,
                   FilterWindow& window) {
  const double scale = scale_of(in_size, out_size);
  const double filter_scale = std::max(1.0, scale);
  const double support = support_of(interpolation) * filter_scale;
  const double inverse = 1.0 / filter_scale;
  const double center = (i + 0.5) * scale;
  const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(center - support + 0.5));
  const int64_t end = std::min<int64_t>(in_size, static_cast<int64_t>(center + support + 0.5));
  window.first = static_cast<int32_t>(first);
  window.weights.resize(static_cast<size_t>(std::max<int64_t>(0, end - first)));
  double sum = 0.0;
  for (size_t j = 0; j < window.weights.size(); ++j) {
    const double x = (static_cast<double>(static_cast<int64_t>(j) + first) - center + 0.5) * inverse;
    const double w = interpolation == Interpolation::bicubic ? bicubic(x) : bilinear(x);
    window.weights[j] = w;
    sum += w;
  }
  if (sum != 0.0) {
    for (double& w : window.weights) w /= sum;
  }
}

Coefficients::Coefficients(uint32_t in_size, uint32_t out_size, Interpolation interpolation, uint32_t begin,
                           uint32_t end, bool grouped, bool mirrored) {
  constexpr size_t kGroup = 4;
  const size_t n = end - begin;
  taps_ = (filter_taps(in_size, out_size, interpolation) + 2 * kGroup + 15) / 16 * 16;
  first_.resize(n);
  count_.resize(n);
  weights_.resize(n * taps_);
  low_.resize(n * taps_);
  high_.resize(n * taps_);
  for (auto& digits : digits_) digits.resize(n * taps_);
  FilterWindow window;
  // Rows shorter than a widened window stay as they are.
  grouped_ =
      grouped && (std::min<uint64_t>(filter_taps(in_size, out_size, interpolation), in_size) + kGroup - 1) /
                         kGroup * kGroup <=
                     in_size;
  for (size_t i = 0; i < n; ++i) {
    const uint32_t index = begin + static_cast<uint32_t>(i);
    filter_window(in_size, out_size, interpolation, mirrored ? out_size - 1 - index : index, window);
    if (mirrored) {
      window.first =
          static_cast<int32_t>(in_size) - window.first - static_cast<int32_t>(window.weights.size());
      std::reverse(window.weights.begin(), window.weights.end());
    }
    size_t count = window.weights.size(), shift = 0;
    if (grouped_) {
      count = std::max<size_t>(kGroup, (count + kGroup - 1) / kGroup * kGroup);
      const size_t last_first = in_size - count;
      shift =
          static_cast<size_t>(window.first) > last_first ? static_cast<size_t>(window.first) - last_first : 0;
    }
    first_[i] = window.first - static_cast<int32_t>(shift);
    count_[i] = static_cast<int32_t>(count);
    largest_count_ = std::max(largest_count_, static_cast<uint32_t>(count));
    for (size_t j = 0; j < window.weights.size(); ++j) set(i * taps_ + shift + j, window.weights[j]);
  }
}

// 22 fractional bits, rounded half away from zero as Pillow does, then split into the narrow forms.
void Coefficients::set(size_t at, double weight) {
  constexpr double kOne = 1 << 22;
  const int32_t w = static_cast<int32_t>(weight < 0 ? -0.5 + weight * kOne : 0.5 + weight * kOne);
  weights_[at] = w;
  const int32_t high = (w + 2048) >> 12;
  high_[at] = static_cast<int16_t>(high);
  low_[at] = static_cast<int16_t>(w - high * 4096);
  const int32_t rest = (w - static_cast<int8_t>(w & 255)) >> 8;
  digits_[0][at] = static_cast<int8_t>(w & 255);
  digits_[1][at] = static_cast<int8_t>(rest & 255);
  digits_[2][at] = static_cast<int8_t>((rest - static_cast<int8_t>(rest & 255)) >> 8);
}

kernels::ResizeCoefficients Coefficients::view() const noexcept {
  return {
      first_.size(),   taps_,       first_.data(), count_.data(),
      weights_.data(), low_.data(), high_.data(),  {digits_[0].data(), digits_[1].data(), digits_[2].data()},
      grouped_};
}

}  // namespace simdclip
