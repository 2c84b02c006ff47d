// rotate and multiply: every element's own rounding, every tail, nothing beyond.
#include "kernels/gemm/pack.h"
#include "kernels/kernel_test.h"

namespace simdclip::test {
namespace {

SIMDCLIP_KERNEL_SUITE(Rotate, rotate_f32, RotateFn);
SIMDCLIP_KERNEL_SUITE(RotateBf16, rotate_bf16, RotateBf16Fn);
SIMDCLIP_KERNEL_SUITE(Multiply, multiply_f32, MultiplyFn);
SIMDCLIP_KERNEL_SUITE(MultiplyBf16, multiply_bf16, MultiplyBf16Fn);

float to_float(float x) { return x; }
float to_float(uint16_t x) { return kernels::from_bf16(x); }
void set(float& to, float x) { to = x; }
void set(uint16_t& to, float x) { to = kernels::to_bf16(x); }

// [rows, heads * 2 * half] with a gap between the rows.
template <typename Element, typename Fn>
void expect_turned(Fn* fn, size_t half, Edge edge) {
  const size_t rows = 1 + half % 4, heads = 1 + half % 3, width = heads * 2 * half, ld = width + half % 2;
  Guarded<Element> x((rows - 1) * ld + width, edge);
  Guarded<float> angles(rows * 2 * half, edge);
  Random random(half);
  for (Element& e : x) set(e, random.uniform(-3, 3));
  random.fill(angles.span());
  const std::vector<Element> before(x.begin(), x.end());
  fn({rows, heads, half, x.data(), ld, angles.data(), 2 * half});
  ASSERT_TRUE(x.intact() && angles.intact());
  for (size_t r = 0; r < rows; ++r) {
    for (size_t i = 0; i < heads * half; ++i) {
      const size_t at = r * ld + i / half * 2 * half + i % half;
      const float c = angles[r * 2 * half + i % half], s = angles[r * 2 * half + half + i % half];
      const float a = to_float(before[at]), b = to_float(before[at + half]);
      const float ac = a * c, bs = b * s, bc = b * c, as = a * s;
      Element first{}, second{};
      set(first, ac - bs);
      set(second, bc + as);
      ASSERT_EQ(x[at], first) << "row " << r << ", pair " << i;
      ASSERT_EQ(x[at + half], second) << "row " << r << ", pair " << i;
    }
    for (size_t i = width; i < ld && r + 1 < rows; ++i)
      ASSERT_EQ(x[r * ld + i], before[r * ld + i]) << "between the rows";
  }
}

TEST_P(Rotate, EveryTail) {
  for (size_t half = 1; half <= 52; ++half)
    for (const Edge edge : kEdges) expect_turned<float>(GetParam().fn, half, edge);
}

TEST_P(RotateBf16, EveryTail) {
  for (size_t half = 1; half <= 52; ++half)
    for (const Edge edge : kEdges) expect_turned<uint16_t>(GetParam().fn, half, edge);
}

TEST_P(Multiply, EveryTailAlsoInPlace) {
  for (size_t n = 1; n <= 70; ++n) {
    for (const Edge edge : kEdges) {
      Guarded<float> a(n, edge), b(n, edge), y(n, edge);
      Random random(n);
      random.fill(a.span(), -3, 3);
      random.fill(b.span(), -3, 3);
      GetParam().fn({n, a.data(), b.data(), y.data()});
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(y[i], a[i] * b[i]);
      GetParam().fn({n, a.data(), b.data(), a.data()});
      ASSERT_TRUE(same_bits(a.span(), y.span()));
      ASSERT_TRUE(a.intact() && b.intact() && y.intact());
    }
  }
}

TEST_P(MultiplyBf16, EveryTail) {
  for (size_t n = 1; n <= 70; ++n) {
    for (const Edge edge : kEdges) {
      Guarded<uint16_t> a(n, edge), b(n, edge);
      Guarded<float> y(n, edge);
      Random random(n);
      for (Guarded<uint16_t>* operand : {&a, &b})
        for (uint16_t& bits : *operand) set(bits, random.uniform(-3, 3));
      GetParam().fn({n, a.data(), b.data(), y.data()});
      for (size_t i = 0; i < n; ++i) ASSERT_EQ(y[i], to_float(a[i]) * to_float(b[i]));
      ASSERT_TRUE(a.intact() && b.intact() && y.intact());
    }
  }
}

}  // namespace
}  // namespace simdclip::test
