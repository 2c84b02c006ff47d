// int8 weights: rounding, and how they lie in the file.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <limits>

#include "format/model_file.h"
#include "format/model_writer.h"
#include "format/quantize.h"
#include "kernels/gemm/pack.h"
#include "support/errors.h"
#include "support/tiny_model.h"

namespace simdclip {
namespace {

using tests::expect_error;
using tests::TemporaryFolder;
using tests::tiny_config;
using tests::write_tiny_model;

struct Quantized {
  std::vector<int8_t> q;
  std::vector<float> scales;
  std::vector<int32_t> sums;
  bool finite;
};

Quantized quantize(const std::vector<float>& rows, size_t n) {
  Quantized r{std::vector<int8_t>(rows.size()), std::vector<float>(n), std::vector<int32_t>(n), false};
  r.finite = quantize_rows(rows.data(), n, rows.size() / n, r.q.data(), r.scales.data(), r.sums.data());
  return r;
}

TEST(Quantize, RoundsToNearestEvenPerRow) {
  const Quantized r = quantize({127, -127, 0.5F, 1.5F, 2.5F, -0.5F,  //
                                0, 0, 0, -0.0F, 0, 0,                //
                                0.25F, 0.125F, 0, 0, 0, -0.25F},
                               3);
  EXPECT_TRUE(r.finite);
  EXPECT_EQ(r.q, (std::vector<int8_t>{127, -127, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 127, 64, 0, 0, 0, -127}));
  EXPECT_EQ(r.scales, (std::vector<float>{1.0F, 0.0F, 0.25F / 127}));
  EXPECT_EQ(r.sums, (std::vector<int32_t>{4, 0, 64}));
}

TEST(Quantize, ErrorIsAtMostHalfAStepAtEveryMagnitude) {
  for (int exponent = -140; exponent <= 127; exponent += 3) {
    std::vector<float> row(101);
    for (size_t i = 0; i < row.size(); ++i)
      row[i] = std::ldexp(static_cast<float>(i * 37 % 101) / 50.0F - 1.0F, exponent);
    const Quantized r = quantize(row, 1);
    ASSERT_TRUE(r.finite);
    const double scale = r.scales[0];
    for (size_t i = 0; i < row.size(); ++i) {
      ASSERT_GE(r.q[i], -127);
      // Near the smallest denormal the scale itself is rounded, by up to half of it: 127 of those halves.
      const double slack = exponent < -120 ? 127 * 0x1p-150 : scale * 1e-4;
      ASSERT_LE(std::abs(static_cast<double>(row[i]) - scale * r.q[i]), scale / 2 + slack)
          << "2^" << exponent << " value " << i;
    }
  }
}

TEST(Quantize, RefusesWhatIsNotFinite) {
  for (const float bad : {std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(),
                          std::numeric_limits<float>::quiet_NaN()}) {
    for (const size_t at : {size_t{0}, size_t{2}, size_t{5}}) {
      std::vector<float> rows(6, 1.0F);
      rows[at] = bad;
      EXPECT_FALSE(quantize(rows, 2).finite);
    }
  }
}

TEST(Int8File, HoldsPanelsScalesAndColumnSums) {
  const TemporaryFolder folder;
  ModelConfig config = tiny_config();
  config.precision = Precision::int8;
  config.bf16_weights = {"text.proj.weight", "visual.blocks.1.mlp.fc2.weight"};
  tests::Tensors tensors;
  write_tiny_model(folder.file("m"), config, 4, &tensors);
  const ModelFile model = ModelFile::open(folder.file("m"));
  model.verify();
  size_t int8 = 0;
  for (const TensorSpec& spec : model.specs()) {
    if (spec.storage != Storage::gemm_int8) continue;
    ++int8;
    const size_t n = spec.shape[0], k = spec.shape[1], columns = (n + 15) / 16 * 16, groups = (k + 3) / 4;
    const Quantized expected = quantize(tensors.at(spec.name), n);
    const Int8Weights weights = int8_weights(model.tensor(spec.name));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(weights.scales) % 64, 0U);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(weights.sums) % 64, 0U);
    std::vector<int8_t> q(columns * groups * 4);
    for (size_t i = 0; i < q.size(); ++i) {
      const size_t row = i / (groups * 4), column = i % (groups * 4);
      const int8_t stored =
          weights.packed[((row / 16 * groups + column / 4) * 16 + row % 16) * 4 + column % 4];
      ASSERT_EQ(stored, row < n && column < k ? expected.q[row * k + column] : 0)
          << spec.name << " " << row << " " << column;
    }
    for (size_t row = 0; row < columns; ++row) {
      ASSERT_EQ(weights.scales[row], row < n ? expected.scales[row] : 0.0F);
      ASSERT_EQ(weights.sums[row], row < n ? expected.sums[row] : 0);
    }
  }
  EXPECT_EQ(int8, 2U * 4 * 2 + 3 -
                      2);  // four in each of four blocks, patches and projections, without the two kept
}

// A matrix of several slices gives the bytes of packing at once.
TEST(Int8File, SlicesGiveTheBytesOfPackingAtOnce) {
  const TemporaryFolder folder;
  ModelConfig c = tiny_config();
  c.vision.reset();
  c.preprocess.reset();
  c.precision = Precision::int8;
  c.embed_dim = 5;
  c.text->transformer = {.width = 1002, .layers = 1, .heads = 3, .mlp_width = 6007};
  tests::Tensors tensors;
  write_tiny_model(folder.file("m"), c, 3, &tensors);
  const ModelFile model = ModelFile::open(folder.file("m"));
  const TensorView view = model.tensor("text.blocks.0.mlp.fc1.weight");
  const Quantized whole = quantize(tensors.at(view.spec->name), 6007);
  std::vector<int8_t> packed(kernels::packed_bytes(6007, 1002, 1)), back(whole.q.size());
  kernels::pack_b_s8(whole.q.data(), 6007, 1002, packed.data());
  const Int8Weights weights = int8_weights(view);
  EXPECT_TRUE(std::equal(packed.begin(), packed.end(), weights.packed));
  EXPECT_TRUE(std::equal(whole.scales.begin(), whole.scales.end(), weights.scales));
  EXPECT_TRUE(std::equal(whole.sums.begin(), whole.sums.end(), weights.sums));
  kernels::unpack_b_s8(weights.packed, 6007, 1002, back.data());
  EXPECT_EQ(back, whole.q);
}

TEST(Int8File, NonFiniteWeightsAreRefused) {
  const TemporaryFolder folder;
  ModelConfig config = tiny_config();
  config.precision = Precision::int8;
  ModelWriter writer(folder.file("m"), config, std::vector<std::byte>(40));
  std::vector<float> values(element_count(writer.specs()[0]), 1.0F);
  values[100] = std::numeric_limits<float>::infinity();
  expect_error(ErrorCode::unsupported, [&] { writer.write(writer.specs()[0], values); },
               {"visual.patch_embed.weight", "infinite values or NaN", "choose f32 or bf16"});
}

TEST(Int8File, IsHalfOfBf16) {
  const TemporaryFolder folder;
  const auto size = [&folder](Precision precision) {
    ModelConfig c = tiny_config();
    c.precision = precision;
    c.text.reset();
    c.tokenizer.reset();
    c.vision->transformer = {.width = 256, .layers = 2, .heads = 4, .mlp_width = 1024};
    write_tiny_model(folder.file("m"), c);
    return static_cast<double>(ModelFile::open(folder.file("m")).file_size());
  };
  EXPECT_LT(size(Precision::int8), 0.55 * size(Precision::bf16));
}

}  // namespace
}  // namespace simdclip
