// Distances between sets of pictures, and diversity within one.
#include <algorithm>
#include <cmath>

#include "apps/unit.h"
#include "base/checked.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/thread_pool.h"
#include "kernels/registry.h"
#include "simdclip/score.h"

#ifdef SIMDCLIP_EIGEN
#include <Eigen/Dense>
#endif

namespace simdclip {
namespace {

constexpr size_t kBlock = 256;  // rows of both sides whose products are held at once

size_t checked_rows(std::span<const float> rows, size_t width, size_t least, const char* what) {
  const size_t n = width == 0 ? 0 : rows.size() / width;
  if (width == 0 || rows.size() != n * width || n < least) {
    fail(ErrorCode::invalid_argument, what, ": ", rows.size(), " values, expected at least ", least, " rows of ", width);
  }
  return n;
}

// Sum over all pairs of f(cosine), in double; blocks in a fixed order, so that the number of threads does not matter.
template <typename F>
double sum_over_pairs(std::span<const float> a, std::span<const float> b, size_t width, const F& f) {
  const size_t n = a.size() / width, m = b.size() / width, blocks = ceil_div(n, kBlock);
  const kernels::Kernels& kernels = kernels::select_kernels(default_isa());
  ThreadPool pool(usable_cores());
  std::vector<double> sums(blocks, 0.0);
  pool.parallel_for(blocks, [&](size_t block) {
    const size_t first = block * kBlock, count = std::min(kBlock, n - first);
    std::vector<float> products(count * kBlock);
    double sum = 0;
    for (size_t column = 0; column < m; column += kBlock) {
      const size_t rows = std::min(kBlock, m - column);
      kernels::DotF32Args args;
      args.queries = count;
      args.rows = rows;
      args.width = width;
      args.query = a.data() + first * width;
      args.ldq = width;
      args.row = b.data() + column * width;
      args.ldr = width;
      args.out = {products.data(), kBlock};
      kernels.dot_f32(args);
      for (size_t i = 0; i < count; ++i) {
        for (size_t j = 0; j < rows; ++j) sum += f(static_cast<double>(products[i * kBlock + j]));
      }
    }
    sums[block] = sum;
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

#ifdef SIMDCLIP_EIGEN
using Matrix = Eigen::MatrixXd;
using Rows = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

Rows as_rows(std::span<const float> values, size_t width) {
  return {values.data(), static_cast<Eigen::Index>(values.size() / width), static_cast<Eigen::Index>(width)};
}

// Sum over blocks of rows of (x - shift)^T (x - shift): memory stays at one block in double.
Matrix scatter(std::span<const float> values, size_t width, const Eigen::RowVectorXd& shift) {
  Matrix out = Matrix::Zero(static_cast<Eigen::Index>(width), static_cast<Eigen::Index>(width));
  const Rows rows = as_rows(values, width);
  for (Eigen::Index first = 0; first < rows.rows(); first += 1024) {
    const Matrix block = rows.middleRows(first, std::min<Eigen::Index>(1024, rows.rows() - first)).cast<double>().rowwise() - shift;
    out.selfadjointView<Eigen::Lower>().rankUpdate(block.transpose());
  }
  return out.selfadjointView<Eigen::Lower>();
}

Eigen::RowVectorXd mean_of(std::span<const float> values, size_t width) { return as_rows(values, width).cast<double>().colwise().mean(); }

// Of a symmetric matrix that has no negative eigenvalue but for rounding.
Eigen::VectorXd eigenvalues(const Matrix& matrix) {
  return Eigen::SelfAdjointEigenSolver<Matrix>(matrix, Eigen::EigenvaluesOnly).eigenvalues().cwiseMax(0.0);
}
#endif

}  // namespace

double cmmd(std::span<const float> a, std::span<const float> b, size_t width) {
  const auto n = static_cast<double>(checked_rows(a, width, 1, "first set")), m = static_cast<double>(checked_rows(b, width, 1, "second set"));
  constexpr double kGamma = 1.0 / (2 * 10.0 * 10.0);
  // |x - y|^2 = 2 - 2 cosine of unit rows.
  const auto kernel = [](double cosine) { return std::exp(-kGamma * (2.0 - 2.0 * cosine)); };
  return 1000.0 * (sum_over_pairs(a, a, width, kernel) / (n * n) + sum_over_pairs(b, b, width, kernel) / (m * m) -
                   2 * sum_over_pairs(a, b, width, kernel) / (n * m));
}

double frechet_distance(std::span<const float> a, std::span<const float> b, size_t width) {
  [[maybe_unused]] const size_t n = checked_rows(a, width, 2, "first set"), m = checked_rows(b, width, 2, "second set");
#ifdef SIMDCLIP_EIGEN
  const Eigen::RowVectorXd mean_a = mean_of(a, width), mean_b = mean_of(b, width);
  const Matrix cov_a = scatter(a, width, mean_a) / static_cast<double>(n - 1), cov_b = scatter(b, width, mean_b) / static_cast<double>(m - 1);
  // tr (C_a C_b)^(1/2) = tr (S C_b S)^(1/2) with S = C_a^(1/2), which is symmetric.
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(cov_a);
  const Matrix root = solver.eigenvectors() * solver.eigenvalues().cwiseMax(0.0).cwiseSqrt().asDiagonal() * solver.eigenvectors().transpose();
  const double cross = eigenvalues(root * cov_b * root).cwiseSqrt().sum();
  return (mean_a - mean_b).squaredNorm() + cov_a.trace() + cov_b.trace() - 2 * cross;
#else
  fail(ErrorCode::unsupported, "the Frechet distance needs Eigen, which this library was built without (libeigen3-dev)");
#endif
}

Diversity diversity(std::span<const float> rows, size_t width) {
  const size_t n = checked_rows(rows, width, 1, "set");
  Diversity out;
  const auto count = static_cast<double>(n);
  double squares = 0;
  for (size_t i = 0; i < n; ++i) squares += dot(rows.subspan(i * width, width), rows.subspan(i * width, width));
  if (n > 1) {
    const double all = sum_over_pairs(rows, rows, width, [](double cosine) { return cosine; });
    out.mean_distance = 1 - (all - squares) / (count * (count - 1));
  }
#ifdef SIMDCLIP_EIGEN
  // X X^T / n and X^T X / n have the same eigenvalues but for zeros.
  const Eigen::VectorXd values =
      eigenvalues(scatter(rows, width, Eigen::RowVectorXd::Zero(static_cast<Eigen::Index>(width))) / count);
  double entropy = 0;
  for (const double value : values) {
    if (value > 1e-12) entropy -= value * std::log(value);
  }
  out.vendi = std::exp(entropy);
#endif
  return out;
}

}  // namespace simdclip
