// Distances between sets of pictures, and diversity within one.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

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
// Bootstrap samples draw groups of rows: sums within and between groups are formed once.
constexpr size_t kKernelGroups = 1024, kCovarianceGroups = 32;

size_t checked_rows(std::span<const float> rows, size_t width, size_t least, const char* what) {
  const size_t n = width == 0 ? 0 : rows.size() / width;
  if (width == 0 || rows.size() != n * width || n < least) {
    fail(ErrorCode::invalid_argument, what, ": ", rows.size(), " values, expected at least ", least,
         " rows of ", width);
  }
  return n;
}

// Threads that are worth starting for so many pairs of rows.
unsigned threads_for(size_t pairs) { return pairs < (size_t{1} << 18U) ? 1 : usable_cores(); }

// Sum over all pairs of f(cosine), in double; blocks in a fixed order, so that the number of threads does not
// matter.
template <typename F>
double sum_over_pairs(std::span<const float> a, std::span<const float> b, size_t width, const F& f) {
  const size_t n = a.size() / width, m = b.size() / width, blocks = ceil_div(n, kBlock);
  const kernels::Kernels& kernels = kernels::select_kernels(default_isa());
  ThreadPool pool(threads_for(n * m));
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

// Rows in a random order, cut into equal groups: group g is [starts[g], starts[g + 1]).
struct Groups {
  std::vector<float> rows;
  std::vector<size_t> starts;

  size_t count() const { return starts.size() - 1; }
  size_t size(size_t g) const { return starts[g + 1] - starts[g]; }
};

// The modulo's bias is below n / 2^64, and it is the same in every standard library.
size_t below(std::mt19937_64& random, size_t n) { return static_cast<size_t>(random() % n); }

Groups grouped(std::span<const float> values, size_t width, size_t most, uint64_t seed) {
  const size_t n = values.size() / width, groups = std::min(n, most);
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::mt19937_64 random(seed);
  for (size_t i = n; i > 1; --i) std::swap(order[i - 1], order[below(random, i)]);
  Groups out;
  out.rows.reserve(values.size());
  for (const size_t i : order)
    out.rows.insert(out.rows.end(), values.begin() + static_cast<ptrdiff_t>(i * width),
                    values.begin() + static_cast<ptrdiff_t>((i + 1) * width));
  for (size_t g = 0; g <= groups; ++g) out.starts.push_back(g * n / groups);
  return out;
}

// How often each group is drawn in one bootstrap sample.
std::vector<double> drawn(size_t groups, std::mt19937_64& random) {
  std::vector<double> counts(groups, 0.0);
  for (size_t i = 0; i < groups; ++i) counts[below(random, groups)] += 1;
  return counts;
}

// distance +- 1.96 standard deviations of the samples. Not their percentiles: drawing some pictures twice
// makes distances of sets larger, which moves the samples but hardly widens them. groups: of the smaller set;
// few of them vary too little by a factor (g - 1) / g.
Interval around(double distance, const std::vector<double>& samples, size_t groups) {
  Interval out{distance, distance, distance, 0};
  if (samples.size() < 2 || groups < 2) return out;
  out.n = samples.size();
  const double n = static_cast<double>(samples.size()),
               mean = std::accumulate(samples.begin(), samples.end(), 0.0) / n;
  double squares = 0;
  for (const double sample : samples) squares += (sample - mean) * (sample - mean);
  const double half =
      1.96 * std::sqrt(squares / (n - 1) * static_cast<double>(groups) / static_cast<double>(groups - 1));
  out.low = std::max(0.0, distance - half);
  out.high = distance + half;
  return out;
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
    const Matrix block =
        rows.middleRows(first, std::min<Eigen::Index>(1024, rows.rows() - first)).cast<double>().rowwise() -
        shift;
    out.selfadjointView<Eigen::Lower>().rankUpdate(block.transpose());
  }
  return out.selfadjointView<Eigen::Lower>();
}

Eigen::RowVectorXd mean_of(std::span<const float> values, size_t width) {
  return as_rows(values, width).cast<double>().colwise().mean();
}

// Of a symmetric matrix that has no negative eigenvalue but for rounding.
Eigen::VectorXd eigenvalues(const Matrix& matrix) {
  return Eigen::SelfAdjointEigenSolver<Matrix>(matrix, Eigen::EigenvaluesOnly).eigenvalues().cwiseMax(0.0);
}
#endif

}  // namespace

namespace {

// |x - y|^2 = 2 - 2 cosine of unit rows.
double rbf(double cosine) {
  constexpr double kGamma = 1.0 / (2 * 10.0 * 10.0);
  return std::exp(-kGamma * (2.0 - 2.0 * cosine));
}

// Sums of the kernel over each pair of groups: [a.count(), b.count()].
std::vector<double> group_sums(const Groups& a, const Groups& b, size_t width) {
  std::vector<double> sums(a.count() * b.count());
  ThreadPool pool(threads_for(a.starts.back() * b.starts.back()));
  const kernels::Kernels& kernels = kernels::select_kernels(default_isa());
  pool.parallel_for(a.count(), [&](size_t g) {
    std::vector<float> products(a.size(g) * kBlock);
    for (size_t h = 0; h < b.count(); ++h) {
      for (size_t first = b.starts[h]; first < b.starts[h + 1]; first += kBlock) {
        const size_t rows = std::min(kBlock, b.starts[h + 1] - first);
        kernels::DotF32Args args;
        args.queries = a.size(g);
        args.rows = rows;
        args.width = args.ldq = args.ldr = width;
        args.query = a.rows.data() + a.starts[g] * width;
        args.row = b.rows.data() + first * width;
        args.out = {products.data(), kBlock};
        kernels.dot_f32(args);
        for (size_t i = 0; i < a.size(g); ++i) {
          for (size_t j = 0; j < rows; ++j)
            sums[g * b.count() + h] += rbf(static_cast<double>(products[i * kBlock + j]));
        }
      }
    }
  });
  return sums;
}

// x^T sums y
double quadratic(const std::vector<double>& x, const std::vector<double>& sums,
                 const std::vector<double>& y) {
  double total = 0;
  for (size_t g = 0; g < x.size(); ++g) {
    if (x[g] == 0) continue;
    double sum = 0;
    for (size_t h = 0; h < y.size(); ++h) sum += sums[g * y.size() + h] * y[h];
    total += x[g] * sum;
  }
  return total;
}

double rows_drawn(const std::vector<double>& counts, const Groups& groups) {
  double rows = 0;
  for (size_t g = 0; g < counts.size(); ++g) rows += counts[g] * static_cast<double>(groups.size(g));
  return rows;
}

}  // namespace

double cmmd(std::span<const float> a, std::span<const float> b, size_t width) {
  const auto n = static_cast<double>(checked_rows(a, width, 1, "first set")),
             m = static_cast<double>(checked_rows(b, width, 1, "second set"));
  return 1000.0 * (sum_over_pairs(a, a, width, rbf) / (n * n) + sum_over_pairs(b, b, width, rbf) / (m * m) -
                   2 * sum_over_pairs(a, b, width, rbf) / (n * m));
}

Interval cmmd_interval(std::span<const float> a, std::span<const float> b, size_t width, uint64_t seed,
                       size_t resamples) {
  const double distance = cmmd(a, b, width);
  if (resamples < 2) return around(distance, {}, 0);
  const Groups x = grouped(a, width, kKernelGroups, seed), y = grouped(b, width, kKernelGroups, seed + 1);
  const std::vector<double> xx = group_sums(x, x, width), yy = group_sums(y, y, width),
                            xy = group_sums(x, y, width);
  std::mt19937_64 random(seed);
  std::vector<double> samples(resamples);
  for (double& sample : samples) {
    const std::vector<double> u = drawn(x.count(), random), v = drawn(y.count(), random);
    const double n = rows_drawn(u, x), m = rows_drawn(v, y);
    sample = 1000.0 * (quadratic(u, xx, u) / (n * n) + quadratic(v, yy, v) / (m * m) -
                       2 * quadratic(u, xy, v) / (n * m));
  }
  return around(distance, samples, std::min(x.count(), y.count()));
}

#ifdef SIMDCLIP_EIGEN
namespace {

struct Gaussian {
  Eigen::RowVectorXd mean;
  Matrix covariance;
};

Gaussian gaussian_of(std::span<const float> values, size_t width) {
  const Eigen::RowVectorXd mean = mean_of(values, width);
  return {mean, scatter(values, width, mean) / static_cast<double>(values.size() / width - 1)};
}

double distance_of(const Gaussian& a, const Gaussian& b) {
  // tr (C_a C_b)^(1/2) = tr (S^T C_b S)^(1/2) with C_a = S S^T, which is symmetric.
  const Eigen::LDLT<Matrix> factors(a.covariance);
  const Matrix lower = factors.matrixL();
  const Matrix root = factors.transpositionsP().transpose() *
                      Matrix(lower * factors.vectorD().cwiseMax(0.0).cwiseSqrt().asDiagonal());
  const double cross = eigenvalues(root.transpose() * b.covariance * root).cwiseSqrt().sum();
  return (a.mean - b.mean).squaredNorm() + a.covariance.trace() + b.covariance.trace() - 2 * cross;
}

// The Gaussian of a bootstrap sample, from sums over the groups.
class GroupedGaussian {
 public:
  GroupedGaussian(std::span<const float> values, size_t width, uint64_t seed)
      : groups_(grouped(values, width, kCovarianceGroups, seed)),
        centre_(mean_of(values, width)),
        scatters_(groups_.count()),
        sums_(groups_.count()) {
    ThreadPool pool(usable_cores());
    pool.parallel_for(groups_.count(), [&](size_t g) {
      const auto rows =
          std::span<const float>(groups_.rows).subspan(groups_.starts[g] * width, groups_.size(g) * width);
      scatters_[g] = scatter(rows, width, centre_);
      sums_[g] = (mean_of(rows, width) - centre_) * static_cast<double>(groups_.size(g));
    });
  }
  size_t count() const { return groups_.count(); }
  Gaussian of(const std::vector<double>& counts) const {
    const double n = rows_drawn(counts, groups_);
    Gaussian out{Eigen::RowVectorXd::Zero(centre_.size()), Matrix::Zero(centre_.size(), centre_.size())};
    for (size_t g = 0; g < counts.size(); ++g) {
      out.mean += counts[g] / n * sums_[g];
      out.covariance += counts[g] * scatters_[g];
    }
    out.covariance = (out.covariance - n * out.mean.transpose() * out.mean) / (n - 1);
    out.mean += centre_;
    return out;
  }

 private:
  Groups groups_;
  Eigen::RowVectorXd centre_;  // of all rows; the groups' sums are about it
  std::vector<Matrix> scatters_;
  std::vector<Eigen::RowVectorXd> sums_;
};

}  // namespace
#endif

Interval frechet_interval(std::span<const float> a, std::span<const float> b, size_t width, uint64_t seed,
                          size_t resamples) {
  const double distance = frechet_distance(a, b, width);
  std::vector<double> samples(resamples < 2 ? 0 : resamples);
  size_t groups = 0;
#ifdef SIMDCLIP_EIGEN
  if (!samples.empty()) {
    const GroupedGaussian x(a, width, seed), y(b, width, seed + 1);
    groups = std::min(x.count(), y.count());
    ThreadPool pool(usable_cores());
    pool.parallel_for(samples.size(), [&](size_t i) {
      std::mt19937_64 random(seed + 2 + i);
      const std::vector<double> u = drawn(x.count(), random), v = drawn(y.count(), random);
      samples[i] = distance_of(x.of(u), y.of(v));
    });
  }
#endif
  return around(distance, samples, groups);
}

double frechet_distance(std::span<const float> a, std::span<const float> b, size_t width) {
  checked_rows(a, width, 2, "first set");
  checked_rows(b, width, 2, "second set");
#ifdef SIMDCLIP_EIGEN
  return distance_of(gaussian_of(a, width), gaussian_of(b, width));
#else
  fail(ErrorCode::unsupported,
       "the Frechet distance needs Eigen, which this library was built without (libeigen3-dev)");
#endif
}

Diversity diversity(std::span<const float> rows, size_t width) {
  const size_t n = checked_rows(rows, width, 1, "set");
  Diversity out;
  const auto count = static_cast<double>(n);
  double squares = 0;
  for (size_t i = 0; i < n; ++i)
    squares += dot(rows.subspan(i * width, width), rows.subspan(i * width, width));
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
