// Small vector arithmetic in double and in order: the same bits on every machine.
#pragma once

#include <cmath>
#include <cstddef>
#include <span>

namespace simdclip {

template <typename A, typename B>
double dot(std::span<const A> a, std::span<const B> b) {
  double sum = 0;
  for (size_t d = 0; d < a.size(); ++d) sum += static_cast<double>(a[d]) * static_cast<double>(b[d]);
  return sum;
}
inline double dot(std::span<const float> a, std::span<const float> b) { return dot<float, float>(a, b); }

// out = x / |x|; a zero vector stays zero.
template <typename T>
void unit_row(std::span<const T> x, std::span<float> out) {
  double sum = 0;
  for (const T value : x) sum += static_cast<double>(value) * static_cast<double>(value);
  const double scale = sum > 0 ? 1.0 / std::sqrt(sum) : 0.0;
  for (size_t d = 0; d < x.size(); ++d) out[d] = static_cast<float>(static_cast<double>(x[d]) * scale);
}

}  // namespace simdclip
