#include <numeric>

#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

SIMDCLIP_KERNEL_SUITE(DotF32, dot_f32, DotF32Fn);
SIMDCLIP_KERNEL_SUITE(DotF16, dot_f16, DotF16Fn);
SIMDCLIP_KERNEL_SUITE(DotI8, dot_i8, DotI8Fn);

// Exact by arithmetic of its own: sign * 2^(e - 15) * (1 + m / 1024), or m * 2^-24.
float half_value(uint16_t h) {
  const int exponent = h >> 10 & 31, mantissa = h & 1023;
  const float magnitude = exponent == 0    ? std::ldexp(static_cast<float>(mantissa), -24)
                          : exponent == 31 ? (mantissa == 0 ? INFINITY : std::nanf(""))
                                           : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
  return (h & 0x8000) != 0 ? -magnitude : magnitude;
}

struct Shape {
  size_t queries, rows, width;
};
// Every tail of the width, of the 16 rows of a block, and of the queries of a tile.
std::vector<Shape> shapes() {
  std::vector<Shape> out;
  for (size_t width = 0; width <= 70; ++width) out.push_back({1 + width % 9, 1 + width % 7, width});
  for (size_t queries = 0; queries <= 15; ++queries) out.push_back({queries, 5, 40});
  for (size_t rows = 0; rows <= 40; ++rows) out.push_back({1 + rows % 7, rows, 33});
  return out;
}

// One problem in memory that ends at a forbidden page; gaps behind rows must stay as they are.
template <typename Row>
struct Problem {
  Problem(const Shape& s, Edge edge)
      : shape(s),
        ldq(s.width + s.rows % 3),
        ldr(s.width + s.queries % 3),
        lds(s.rows + s.width % 2),
        query(extent(s.queries, ldq, s.width), edge),
        row(extent(s.rows, ldr, s.width), edge),
        scores(extent(s.queries, lds, s.rows), edge) {}
  static size_t extent(size_t n, size_t stride, size_t width) {
    return n == 0 ? 0 : (n - 1) * stride + width;
  }
  kernels::DotArgs<Row> args() {
    return {shape.queries, shape.rows, shape.width, query.data(), ldq, row.data(), ldr, {scores.data(), lds}};
  }
  Shape shape;
  size_t ldq, ldr, lds;
  Guarded<float> query;
  Guarded<Row> row;
  Guarded<float> scores;
};

template <typename Row, typename Value>
void expect_fp64(Problem<Row>& p, const Value& value) {
  for (size_t q = 0; q < p.shape.queries; ++q) {
    for (size_t r = 0; r < p.shape.rows; ++r) {
      double want = 0, magnitude = 0;
      for (size_t k = 0; k < p.shape.width; ++k) {
        const double product = double{p.query[q * p.ldq + k]} * double{value(p.row[r * p.ldr + k])};
        want += product;
        magnitude += std::fabs(product);
      }
      ASSERT_NEAR(p.scores[q * p.lds + r], want, (static_cast<double>(p.shape.width) + 8) * kEps * magnitude)
          << p.shape.queries << " x " << p.shape.rows << " x " << p.shape.width;
    }
  }
}

TEST_P(DotF32, MatchesFp64AtEveryTail) {
  for (const Shape& shape : shapes()) {
    for (const Edge edge : kEdges) {
      Problem<float> p(shape, edge);
      Random random(shape.width + 100 * shape.rows + 10'000 * shape.queries);
      random.fill(p.query.span());
      random.fill(p.row.span());
      GetParam().fn(p.args());
      ASSERT_TRUE(p.scores.intact());
      expect_fp64(p, [](float x) { return x; });
    }
  }
}

TEST_P(DotF16, MatchesFp64AtEveryTail) {
  for (const Shape& shape : shapes()) {
    for (const Edge edge : kEdges) {
      Problem<uint16_t> p(shape, edge);
      Random random(shape.width + 100 * shape.rows + 10'000 * shape.queries);
      random.fill(p.query.span());
      for (uint16_t& h : p.row) h = static_cast<uint16_t>(random.bits() & 0xBBFFU);  // |x| < 1, denormals too
      GetParam().fn(p.args());
      ASSERT_TRUE(p.scores.intact());
      expect_fp64(p, half_value);
    }
  }
}

TEST_P(DotF16, WidensEveryHalfExactly) {
  const float one = 1;
  std::vector<uint16_t> all(65536);
  std::iota(all.begin(), all.end(), uint16_t{0});
  std::vector<float> scores(all.size());
  GetParam().fn({1, all.size(), 1, &one, 1, all.data(), 1, {scores.data(), all.size()}});
  for (size_t i = 0; i < all.size(); ++i) {
    const float want = half_value(all[i]);
    if (std::isnan(want)) {
      ASSERT_TRUE(std::isnan(scores[i])) << i;
    } else {
      ASSERT_EQ(scores[i], want) << i;
    }
  }
}

TEST_P(DotI8, IsExactAtEveryTailAndAtTheLimit) {
  for (const Shape& shape : shapes()) {
    for (const Edge edge : kEdges) {
      const size_t ldq = shape.width + 1, ldr = shape.width + 2;
      Guarded<int16_t> query(Problem<float>::extent(shape.queries, ldq, shape.width), edge);
      Guarded<int8_t> row(Problem<float>::extent(shape.rows, ldr, shape.width), edge);
      Guarded<float> scores(shape.queries * shape.rows, edge), row_scale(shape.rows, edge),
          query_scale(shape.queries, edge);
      Random random(shape.width + 100 * shape.rows + 10'000 * shape.queries);
      const int limit = kernels::dot_i8_query_limit(shape.width);
      const bool extreme = shape.width % 2 == 1;
      for (int16_t& x : query) {
        x = static_cast<int16_t>(extreme ? (random.below(2) == 0 ? limit : -limit)
                                         : static_cast<int>(random.below(2 * static_cast<size_t>(limit))) -
                                               limit);
      }
      for (int8_t& x : row)
        x = static_cast<int8_t>(extreme ? -128 : static_cast<int>(random.below(256)) - 128);
      random.fill(row_scale.span(), 0.5F, 1);
      random.fill(query_scale.span(), 0.5F, 1);
      GetParam().fn({shape.queries,
                     shape.rows,
                     shape.width,
                     query.data(),
                     ldq,
                     query_scale.data(),
                     row.data(),
                     ldr,
                     row_scale.data(),
                     {scores.data(), shape.rows}});
      ASSERT_TRUE(scores.intact());
      for (size_t q = 0; q < shape.queries; ++q) {
        for (size_t r = 0; r < shape.rows; ++r) {
          int64_t sum = 0;
          for (size_t k = 0; k < shape.width; ++k) sum += int64_t{query[q * ldq + k]} * row[r * ldr + k];
          ASSERT_LE(std::abs(sum), 2147483647);
          ASSERT_EQ(scores[q * shape.rows + r], static_cast<float>(sum) * (row_scale[r] * query_scale[q]));
        }
      }
    }
  }
}

// A score depends neither on the instruction set nor on what else is asked for.
TEST(DotBits, AgreeAcrossInstructionSetsAndShapes) {
  for (const size_t width : {1U, 15U, 16U, 17U, 512U, 1000U}) {
    const size_t queries = 13, rows = 37;
    std::vector<float> query(queries * width), row(rows * width);
    Random random(width);
    random.fill(query);
    random.fill(row);
    std::vector<uint16_t> half(rows * width);
    for (uint16_t& h : half) h = static_cast<uint16_t>(random.bits() & 0xBBFFU);
    const auto check = [&](const auto& kernels, const auto& values) {
      const auto all = fused(kernels);
      if (all.empty()) return;
      using Row = typename std::decay_t<decltype(values)>::value_type;
      std::vector<float> first(queries * rows), other(queries * rows);
      const auto args = [&](std::vector<float>& out) {
        return kernels::DotArgs<Row>{queries, rows,          width, query.data(),
                                     width,   values.data(), width, {out.data(), rows}};
      };
      all[0].fn(args(first));
      for (const auto& kernel : all) {
        kernel.fn(args(other));
        EXPECT_TRUE(same_bits(first, other)) << kernel.name << ", width " << width;
        for (size_t q = 0; q < queries; ++q) {
          for (size_t r = 0; r < rows; ++r) {
            kernel.fn({1,
                       1,
                       width,
                       query.data() + q * width,
                       width,
                       values.data() + r * width,
                       width,
                       {&other[q * rows + r], 1}});
          }
        }
        EXPECT_TRUE(same_bits(first, other)) << kernel.name << " one by one, width " << width;
      }
    };
    check(kernels::dot_f32_kernels(), row);
    check(kernels::dot_f16_kernels(), half);
  }
}

}  // namespace
}  // namespace simdclip::test
