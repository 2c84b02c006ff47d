// Made-up vectors and clocks for the benchmarks of search.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <span>

namespace simdclip {

inline double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Nearly normal: the sum of eight bytes.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  float next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    const uint64_t pairs = (state_ & 0x00FF00FF00FF00FFULL) + (state_ >> 8U & 0x00FF00FF00FF00FFULL);
    return static_cast<float>(static_cast<int>((pairs * 0x0001000100010001ULL) >> 48U) - 1020);
  }

 private:
  uint64_t state_;
};

inline void unit(std::span<float> row) {
  double squares = 0;
  for (const float x : row) squares += double{x} * double{x};
  for (float& x : row) x = static_cast<float>(x / std::sqrt(squares));
}

template <typename Action>
double best_of(int runs, const Action& action) {
  double best = 1e30;
  for (int i = 0; i < runs; ++i) {
    const double start = seconds();
    action();
    best = std::min(best, seconds() - start);
  }
  return best;
}

}  // namespace simdclip
