#include "format/model_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "format/model_file.h"
#include "kernels/gemm/pack.h"
#include "support/errors.h"
#include "support/tiny_model.h"

namespace simdclip {
namespace {

using tests::expect_error;
using tests::TemporaryFolder;
using tests::tiny_config;
using tests::write_tiny_model;

const std::vector<std::byte> kTokenizer(40, std::byte{1});

TEST(ModelWriter, NothingAppearsBeforeCommit) {
  const TemporaryFolder folder;
  {
    ModelWriter writer(folder.file("m"), tiny_config(), kTokenizer);
    EXPECT_FALSE(std::filesystem::exists(folder.file("m")));
    EXPECT_GT(writer.bytes_total(), writer.bytes_done());
    for (const TensorSpec& spec : writer.specs()) writer.write(spec, std::vector<float>(element_count(spec)));
    EXPECT_EQ(writer.bytes_total(), writer.bytes_done());
    EXPECT_FALSE(std::filesystem::exists(folder.file("m")));
  }
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(ModelWriter, RefusesTheWrongTensor) {
  const TemporaryFolder folder;
  ModelWriter writer(folder.file("m"), tiny_config(), kTokenizer);
  const auto& specs = writer.specs();
  const auto values = [](const TensorSpec& spec, size_t more = 0) {
    return std::vector<float>(element_count(spec) + more);
  };
  expect_error(ErrorCode::shape_mismatch, [&] { writer.write(specs[1], values(specs[1])); },
               {specs[1].name.c_str(), specs[0].name.c_str()});
  expect_error(ErrorCode::shape_mismatch, [&] { writer.write(specs[0], values(specs[0], 1)); },
               {"values, expected [36, 192]"});
  expect_error(ErrorCode::shape_mismatch, [&] { writer.write(specs[0], {}); }, {"0 values"});
  for (const TensorSpec& spec : specs) {
    EXPECT_THROW(writer.commit(), std::logic_error);
    writer.write(spec, values(spec));
  }
  expect_error(ErrorCode::shape_mismatch, [&] { writer.write(specs.back(), values(specs.back())); },
               {"no further tensor"});
  writer.commit();
  ModelFile::open(folder.file("m")).verify();
}

TEST(ModelWriter, RefusesWhatItsReaderWouldRefuse) {
  const TemporaryFolder folder;
  const auto write = [&folder](const ModelConfig& config, const std::vector<std::byte>& tokenizer) {
    return [&folder, config, tokenizer] { ModelWriter(folder.file("m"), config, tokenizer); };
  };
  ModelConfig c = tiny_config();
  c.vision->transformer.heads = 5;
  expect_error(ErrorCode::damaged, write(c, kTokenizer), {"does not divide"});
  c = tiny_config();
  c.logit_scale = std::numeric_limits<float>::quiet_NaN();
  expect_error(ErrorCode::damaged, write(c, kTokenizer), {"logit_scale"});
  expect_error(ErrorCode::invalid_argument, write(tiny_config(), {}), {"tokenizer"});
  c = tiny_config();
  c.text.reset();
  c.tokenizer.reset();
  expect_error(ErrorCode::invalid_argument, write(c, kTokenizer), {"tokenizer"});
  EXPECT_EQ(folder.entries(), 0U);
}

TEST(ModelWriter, CleansLabels) {
  const TemporaryFolder folder;
  ModelConfig c = tiny_config();
  c.name = "a\nb\x1b[0m\xff";
  c.source = std::string(10'000, 's');
  write_tiny_model(folder.file("m"), c);
  const ModelFile model = ModelFile::open(folder.file("m"));
  EXPECT_EQ(model.config().name, "a?b?[0m\xef\xbf\xbd");
  EXPECT_EQ(model.config().source, std::string(1024, 's'));
}

TEST(ModelWriter, OldModelSurvivesFailure) {
  const TemporaryFolder folder;
  write_tiny_model(folder.file("m"), tiny_config(), 1);
  const std::string old = tests::read_text(folder.file("m"));
  {
    ModelWriter writer(folder.file("m"), tiny_config(), kTokenizer);
    writer.write(writer.specs()[0], std::vector<float>(element_count(writer.specs()[0])));
  }
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  struct rlimit limit = before;
  limit.rlim_cur = 100'000;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  expect_error(ErrorCode::io, [&] { write_tiny_model(folder.file("m"), tiny_config(), 2); },
               {"the file needs", "at most 100000"});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  expect_error(ErrorCode::io, [&] { write_tiny_model(folder.file("no/m"), tiny_config(), 2); },
               {"does not exist"});
  EXPECT_EQ(tests::read_text(folder.file("m")), old);
  EXPECT_EQ(folder.entries(), 1U);
}

// Large matrices are packed some panels at a time: the bytes must be those of packing at once.
TEST(ModelWriter, SlicesGiveTheBytesOfPackingAtOnce) {
  const TemporaryFolder folder;
  ModelConfig c = tiny_config();
  c.vision.reset();
  c.preprocess.reset();
  c.embed_dim = 5;
  // fc1 [6007, 501]: 12 MB, several slices, the last one with a ragged panel and an odd K
  c.text->transformer = {.width = 501, .layers = 1, .heads = 3, .mlp_width = 6007};
  for (const auto precision : {Precision::f32, Precision::bf16}) {
    c.precision = precision;
    tests::Tensors tensors;
    write_tiny_model(folder.file("m"), c, 3, &tensors);
    const ModelFile model = ModelFile::open(folder.file("m"));
    model.verify();
    for (const TensorSpec& spec : model.specs()) {
      if (!is_gemm(spec.storage)) continue;
      const auto& values = tensors.at(spec.name);
      const size_t n = spec.shape[0], k = spec.shape[1];
      std::vector<std::byte> whole(stored_bytes(spec));
      if (precision == Precision::f32) {
        kernels::pack_b_f32(values.data(), n, k, reinterpret_cast<float*>(whole.data()));
      } else {
        std::vector<uint16_t> rounded(values.size());
        kernels::to_bf16(values.data(), values.size(), rounded.data());
        kernels::pack_b_bf16(rounded.data(), n, k, reinterpret_cast<uint16_t*>(whole.data()));
      }
      const auto stored = model.tensor(spec.name).bytes;
      EXPECT_TRUE(std::equal(stored.begin(), stored.end(), whole.begin(), whole.end())) << spec.name;
    }
  }
}

TEST(ModelWriter, RoundsToBf16AsTorchDoes) {
  const TemporaryFolder folder;
  ModelConfig c = tiny_config();
  c.precision = Precision::bf16;
  c.vision.reset();
  c.preprocess.reset();
  // value -> torch.tensor(value).bfloat16(): ties to even, overflow to infinity, NaN stays NaN
  const std::pair<float, uint16_t> known[] = {
      {0.0F, 0x0000},
      {-0.0F, 0x8000},
      {1.0F, 0x3f80},
      {0x1.01p0F, 0x3f80},
      {0x1.03p0F, 0x3f82},
      {0x1.010002p0F, 0x3f81},
      {0x1.02fffep0F, 0x3f81},
      {3.3895314e38F, 0x7f7f},
      {3.4e38F, 0x7f80},
      {1e-45F, 0x0000},
      {9.2e-41F, 0x0001},
      {-1e38F, 0xfe96},
      {std::numeric_limits<float>::infinity(), 0x7f80},
  };
  {
    ModelWriter writer(folder.file("m"), c, kTokenizer);
    for (const TensorSpec& spec : writer.specs()) {
      std::vector<float> values(element_count(spec));
      if (spec.name == "text.token_embedding") {
        for (size_t i = 0; i < std::size(known); ++i) values[i] = known[i].first;
        values[std::size(known)] = std::numeric_limits<float>::quiet_NaN();
      }
      writer.write(spec, values);
    }
    writer.commit();
  }
  const ModelFile model = ModelFile::open(folder.file("m"));
  const uint16_t* stored = model.tensor("text.token_embedding").bf16();
  for (size_t i = 0; i < std::size(known); ++i) EXPECT_EQ(stored[i], known[i].second) << known[i].first;
  EXPECT_TRUE(std::isnan(std::bit_cast<float>(uint32_t{stored[std::size(known)]} << 16U)));
}

}  // namespace
}  // namespace simdclip
