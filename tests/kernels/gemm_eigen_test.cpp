// Eigen as an independent reference at the shapes of ViT-B/32.
#include <gtest/gtest.h>

#include <Eigen/Core>
#include <limits>

#include "kernels/gemm_cases.h"
#include "kernels/registry.h"

namespace simdclip::testing {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

TEST(GemmEigen, VitShapes) {
  for (const auto& [n, k] : {std::pair<size_t, size_t>{768, 768}, {3072, 768}, {768, 3072}}) {
    const GemmProblem p({.m = 50, .n = n, .k = k, .residual = Residual::apart, .seed = 21}, false);
    const auto rows = [](size_t x) { return static_cast<Eigen::Index>(x); };
    const Eigen::Map<const Matrix> a(p.a.data(), 50, rows(k)), b(p.b.data(), rows(n), rows(k)),
        r(p.residual.data(), 50, rows(n));
    const Eigen::Map<const Eigen::RowVectorXf> bias(p.bias.data(), rows(n));
    const Matrix expected = ((a * b.transpose()).rowwise() + bias) + r;
    const Matrix bound = (a.cwiseAbs() * b.cwiseAbs().transpose()) *
                         (static_cast<float>(k + 8) * std::numeric_limits<float>::epsilon());
    for (const auto& kernel : kernels::gemm_f32_kernels()) {
      if (!cpu_has(kernel.isa)) continue;  // gemm_test.cpp names the skipped ones
      const std::vector<float> out = run(kernel.fn, p);
      const Eigen::Map<const Matrix> c(out.data(), 50, rows(n));
      const Eigen::ArrayXXf excess = (c - expected).cwiseAbs().array() - bound.array();
      EXPECT_LE(excess.maxCoeff(), 0) << kernel.name << " N=" << n << " K=" << k;
    }
  }
}

}  // namespace
}  // namespace simdclip::testing
