// One GEMM problem with its operands against guard pages, its fp64 reference and its bit-exact reference.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <ostream>
#include <random>
#include <vector>

#include "kernels/gemm/gemm.h"
#include "kernels/gemm/pack.h"
#include "kernels/guarded.h"

namespace simdclip::testing {

enum class Residual { none, apart, in_place };

struct GemmCase {
  size_t m, n, k;
  bool bias = true;
  Residual residual = Residual::none;
  kernels::Act act = kernels::Act::none;
  size_t gap = 0;  // elements between the end of a row and the next one
  Edge edge = Edge::end;
  uint32_t seed = 1;
};

inline std::ostream& operator<<(std::ostream& out, const GemmCase& c) {
  return out << "M=" << c.m << " N=" << c.n << " K=" << c.k << " bias=" << c.bias
             << " residual=" << static_cast<int>(c.residual) << " act=" << static_cast<int>(c.act)
             << " gap=" << c.gap << " edge=" << static_cast<int>(c.edge) << " seed=" << c.seed;
}

inline constexpr uint32_t kUntouched = 0x7FC12345;  // a NaN between the rows of C

struct GemmProblem {
  GemmCase shape;
  bool bf16_weights;
  std::vector<float> a, b, bias,
      residual;  // dense, A [M,K], B [N,K]; B already rounded to bf16 where it is stored so

  GemmProblem(const GemmCase& c, bool bf16) : shape(c), bf16_weights(bf16) {
    std::mt19937 random(c.seed);
    a = values(random, c.m * c.k);
    b = values(random, c.n * c.k);
    bias = values(random, c.n);
    residual = values(random, c.m * c.n);
    if (!bf16) return;
    for (float& x : b) x = kernels::from_bf16(kernels::to_bf16(x));
  }

  // Uniform values whose scales differ by up to 2^6, so that the order of the sum shows in the bits.
  static std::vector<float> values(std::mt19937& random, size_t count) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> v(count);
    for (float& x : v) x = std::ldexp(uniform(random), -static_cast<int>(random() % 7));
    return v;
  }

  std::vector<unsigned char> packed() const {
    std::vector<unsigned char> bytes(kernels::packed_bytes(shape.n, shape.k, bf16_weights ? 2 : 4));
    if (bf16_weights) {
      std::vector<uint16_t> bits(b.size()), to(bytes.size() / 2);
      kernels::to_bf16(b.data(), b.size(), bits.data());
      kernels::pack_b_bf16(bits.data(), shape.n, shape.k, to.data());
      if (!to.empty()) std::memcpy(bytes.data(), to.data(), bytes.size());
    } else {
      std::vector<float> to(bytes.size() / 4);
      kernels::pack_b_f32(b.data(), shape.n, shape.k, to.data());
      if (!to.empty()) std::memcpy(bytes.data(), to.data(), bytes.size());
    }
    return bytes;
  }
};

// [rows, width] with a gap between the rows but none after the last, filled from dense rows.
inline Guarded<float> strided(const std::vector<float>& dense, size_t rows, size_t width, size_t gap,
                              Edge edge) {
  Guarded<float> out(rows == 0 ? 0 : (rows - 1) * (width + gap) + width, edge);
  for (float& x : out) x = std::bit_cast<float>(kUntouched);
  for (size_t i = 0; i < rows && width != 0; ++i) {
    std::memcpy(out.data() + i * (width + gap), dense.data() + i * width, width * sizeof(float));
  }
  return out;
}

// Runs the kernel with every operand at a guard page and returns C dense; false in `intact` if it wrote
// between the rows.
inline std::vector<float> run(kernels::GemmFn* kernel, const GemmProblem& p, bool* intact = nullptr) {
  const GemmCase& c = p.shape;
  const std::vector<unsigned char> packed = p.packed();
  const Guarded<unsigned char> b(packed, c.edge);
  const Guarded<float> a = strided(p.a, c.m, c.k, c.gap, c.edge),
                       bias(std::span<const float>(p.bias), c.edge);
  const Guarded<float> apart = strided(p.residual, c.m, c.n, c.gap, c.edge);
  const std::vector<float> nothing(c.m * c.n, std::numeric_limits<float>::quiet_NaN());
  Guarded<float> out =
      strided(c.residual == Residual::in_place ? p.residual : nothing, c.m, c.n, c.gap, c.edge);
  kernels::GemmArgs args{.m = c.m,
                         .n = c.n,
                         .k = c.k,
                         .a = a.data(),
                         .lda = c.k + c.gap,
                         .b = b.data(),
                         .c = out.data(),
                         .ldc = c.n + c.gap,
                         .bias = c.bias ? bias.data() : nullptr,
                         .act = c.act};
  if (c.residual != Residual::none) {
    args.residual = c.residual == Residual::in_place ? out.data() : apart.data();
    args.ldr = c.n + c.gap;
  }
  kernel(args);
  std::vector<float> dense(c.m * c.n);
  bool between = true;
  for (size_t i = 0; i < out.size(); ++i) {
    const size_t row = i / (c.n + c.gap), column = i % (c.n + c.gap);
    if (column < c.n)
      dense[row * c.n + column] = out[i];
    else
      between = between && std::bit_cast<uint32_t>(out[i]) == kUntouched;
  }
  if (intact != nullptr) *intact = between;
  return dense;
}

inline double activated(kernels::Act act, double x) {
  switch (act) {
    case kernels::Act::gelu: return 0.5 * x * std::erfc(-x / std::sqrt(2.0));
    case kernels::Act::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case kernels::Act::quick_gelu: return x / (1 + std::exp(-1.702 * x));
    case kernels::Act::relu: return x < 0 ? 0 : x;
    case kernels::Act::none: break;
  }
  return x;
}

// The value in fp64 and how far off an f32 kernel may be: (K + 8) eps |A||B| for the sum, grown by at
// most 1.13, the steepest slope of the activations; 4 ULP of the activation's scale; half an ULP for each of
// the additions after it.
struct Expected {
  double value, tolerance;
};
inline Expected expected(const GemmProblem& p, size_t i, size_t j) {
  const GemmCase& c = p.shape;
  const double eps = std::numeric_limits<float>::epsilon();
  double sum = 0, magnitude = 0;
  for (size_t k = 0; k < c.k; ++k) {
    const double product = static_cast<double>(p.a[i * c.k + k]) * static_cast<double>(p.b[j * c.k + k]);
    sum += product;
    magnitude += std::fabs(product);
  }
  double tolerance = (static_cast<double>(c.k) + 8) * eps * magnitude / 2;
  if (c.bias) sum += static_cast<double>(p.bias[j]);
  tolerance += eps * std::fabs(sum) / 2;
  const bool relu = c.act == kernels::Act::relu;
  if (c.act != kernels::Act::none && !relu) {
    tolerance = 1.13 * tolerance + 4 * eps * std::fabs(sum);
    sum = activated(c.act, sum);
  }
  if (c.residual != Residual::none) sum += static_cast<double>(p.residual[i * c.n + j]);
  tolerance += eps * std::fabs(sum) / 2 + 1e-37;
  return {relu ? activated(c.act, sum) : sum, tolerance};
}

// The bit rule of gemm.h without an activation or with relu: one chain over k, then + bias, then + residual.
inline float exact(const GemmProblem& p, size_t i, size_t j, bool fused) {
  const GemmCase& c = p.shape;
  volatile float rounded = 0;  // volatile: no contraction, whatever this file is compiled with
  for (size_t k = 0; k < c.k; ++k) {
    const float x = p.a[i * c.k + k], y = p.b[j * c.k + k];
    if (fused) {
      rounded = std::fma(x, y, rounded);
    } else {
      volatile float product = x * y;
      rounded = rounded + product;
    }
  }
  if (c.bias) rounded = rounded + p.bias[j];
  if (c.residual != Residual::none) rounded = rounded + p.residual[i * c.n + j];
  if (c.act == kernels::Act::relu && rounded < 0) rounded = 0;
  return rounded;
}

}  // namespace simdclip::testing
