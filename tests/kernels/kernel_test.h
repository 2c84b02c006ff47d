// What the kernel tests share: random numbers with a printed seed, the kernels that this CPU runs, bits and
// bounds.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <ostream>
#include <span>
#include <string>
#include <vector>

#include "kernels/guarded.h"
#include "kernels/registry.h"

namespace simdclip::test {

using simdclip::testing::Edge;
using simdclip::testing::Guarded;
using simdclip::testing::kEdges;

inline constexpr double kEps = 0x1p-24;  // half a unit in the last place of 1: the error of one rounding

// A generator of our own, so that the same seed gives the same numbers on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15ULL + 1) {}
  uint32_t bits() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<uint32_t>((state_ * 0x2545F4914F6CDD1DULL) >> 32);
  }
  // In [low, high), multiples of 2^-24 of the range.
  float uniform(float low, float high) {
    return low + (high - low) * static_cast<float>(bits() >> 8) * 0x1p-24F;
  }
  size_t below(size_t n) { return bits() % n; }
  void fill(std::span<float> out, float low = -1, float high = 1) {
    for (float& x : out) x = uniform(low, high);
  }

 private:
  uint64_t state_;
};

template <typename Fn>
std::vector<kernels::Kernel<Fn>> runnable(std::span<const kernels::Kernel<Fn>> all) {
  std::vector<kernels::Kernel<Fn>> out;
  for (const auto& kernel : all) {
    if (cpu_has(kernel.isa)) out.push_back(kernel);
  }
  return out;
}

// Of these, the ones that fuse multiply-adds: they must agree bit for bit.
template <typename Fn>
std::vector<kernels::Kernel<Fn>> fused(std::span<const kernels::Kernel<Fn>> all) {
  std::vector<kernels::Kernel<Fn>> out;
  for (const auto& kernel : runnable(all)) {
#if defined(__x86_64__)
    if (kernel.isa == Isa::portable) continue;
#endif
    out.push_back(kernel);
  }
  return out;
}

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// One unit in the last place of a float of this size.
inline double ulp_of(double value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  return std::ldexp(1.0, std::max(exponent, -125) - 24);
}

}  // namespace simdclip::test

// Test names end in the kernel's name.
namespace simdclip::kernels {
template <typename Fn>
void PrintTo(const Kernel<Fn>& kernel, std::ostream* out) {
  *out << kernel.name;
}
}  // namespace simdclip::kernels

// A suite whose parameter is every kernel of `op` that this CPU runs.
#define SIMDCLIP_KERNEL_SUITE(Suite, op, Fn)                                                       \
  class Suite : public ::testing::TestWithParam<kernels::Kernel<kernels::Fn>> {};                  \
  INSTANTIATE_TEST_SUITE_P(Kernels, Suite, ::testing::ValuesIn(runnable(kernels::op##_kernels())), \
                           [](const auto& instance) { return std::string(instance.param.name); })
