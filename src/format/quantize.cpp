#include "format/quantize.h"

#include <algorithm>
#include <cmath>

#include "base/float_env.h"

namespace simdclip {
namespace {

constexpr float kLargest = 127.0F;

// Largest magnitude, or infinity where a value is none.
float magnitude(const float* row, size_t k) {
  float largest = 0;
  bool finite = true;
  for (size_t i = 0; i < k; ++i) {
    finite = finite && std::isfinite(row[i]);
    largest = std::max(largest, std::abs(row[i]));
  }
  return finite ? largest : HUGE_VALF;
}

}  // namespace

bool quantize_rows(const float* rows, size_t n, size_t k, int8_t* q, float* scales, int32_t* sums) {
  const DefaultFloatEnvironment environment;  // nearbyint rounds to even
  for (size_t row = 0; row < n; ++row, rows += k, q += k) {
    const float largest = magnitude(rows, k);
    if (!std::isfinite(largest)) return false;
    const float scale = largest / kLargest;
    int32_t sum = 0;
    for (size_t i = 0; i < k; ++i) {
      // In double: a float quotient of a denormal scale may be off by more than half a step.
      const double step =
          scale > 0 ? std::nearbyint(static_cast<double>(rows[i]) / static_cast<double>(scale)) : 0.0;
      const auto value = static_cast<int8_t>(std::clamp(step, -127.0, 127.0));
      q[i] = value;
      sum += value;
    }
    scales[row] = scale;
    sums[row] = sum;
  }
  return true;
}

}  // namespace simdclip
