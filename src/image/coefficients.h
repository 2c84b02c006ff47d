// Pillow's filter weights: which source samples make an output sample, and how much each counts.
#pragma once

#include <cstdint>
#include <vector>

#include "format/config.h"
#include "kernels/resize/resize.h"

namespace simdclip {

// The window of one output sample in doubles, as Pillow's precompute_coeffs computes it: weights[j] belongs
// to sample first + j.
struct FilterWindow {
  int32_t first = 0;
  std::vector<double> weights;
};
// Sample i of a resize from `in_size` to `out_size` samples. Reuses the vector of `window`.
void filter_window(uint32_t in_size, uint32_t out_size, Interpolation interpolation, uint32_t i,
                   FilterWindow& window);

// The most samples that a window holds (Pillow's ksize).
uint64_t filter_taps(uint32_t in_size, uint32_t out_size, Interpolation interpolation);

// Windows for output samples [begin, end): 8-bit fixed point in the forms that the kernels use.
class Coefficients {
 public:
  // `grouped`: windows are widened to multiples of four samples inside the row where it is long enough, as
  // the horizontal kernels like them. `mirrored`: the axis is stored backwards, so that windows and weights
  // are those of the axis read from its end.
  Coefficients(uint32_t in_size, uint32_t out_size, Interpolation interpolation, uint32_t begin, uint32_t end,
               bool grouped, bool mirrored = false);
  Coefficients() = default;

  uint32_t size() const noexcept { return static_cast<uint32_t>(first_.size()); }
  uint32_t first(size_t i) const noexcept { return static_cast<uint32_t>(first_[i]); }
  uint32_t end(size_t i) const noexcept { return static_cast<uint32_t>(first_[i] + count_[i]); }
  uint32_t largest_count() const noexcept { return largest_count_; }
  kernels::ResizeCoefficients view() const noexcept;

 private:
  void set(size_t at, double weight);

  size_t taps_ = 0;
  uint32_t largest_count_ = 0;
  bool grouped_ = false;
  std::vector<int32_t> first_, count_, weights_;
  std::vector<int16_t> low_, high_;
  std::vector<int8_t> digits_[3];
};

}  // namespace simdclip
