#include "format/model_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include "format/layout.h"
#include "kernels/gemm/pack.h"
#include "support/cpu_time.h"
#include "support/tiny_model.h"

namespace simdclip {
namespace {

using tests::cpu_seconds;
using tests::kSlower;
using tests::peaky_values;
using tests::TemporaryFolder;
using tests::Tensors;
using tests::tiny_config;
using tests::write_tiny_model;

// bfloat16 by its definition: the nearest value with 8 significant bits, ties to the even one.
float rounded_to_bf16(float value) {
  int exponent = 0;
  std::frexp(value, &exponent);
  const double unit = std::ldexp(1.0, std::max(exponent, -125) - 8);
  return static_cast<float>(std::nearbyint(value / unit) * unit);
}

// The logical values of a stored tensor, by kernels/gemm/pack.h's formula written out.
std::vector<float> logical_values(const TensorView& view) {
  const TensorSpec& spec = *view.spec;
  std::vector<float> values(element_count(spec));
  const bool half = spec.storage == Storage::bf16 || spec.storage == Storage::gemm_bf16;
  const size_t group = half ? 2 : 1;
  const size_t k = spec.shape.back(), groups = (k + group - 1) / group;
  for (size_t i = 0; i < values.size(); ++i) {
    size_t at = i;
    if (is_gemm(spec.storage)) {
      const size_t row = i / k, column = i % k;
      at = ((row / 16 * groups + column / group) * 16 + row % 16) * group + column % group;
    }
    values[i] = half ? std::bit_cast<float>(uint32_t{view.bf16()[at]} << 16U) : view.f32()[at];
  }
  return values;
}

void expect_equal(const ModelFile& model, const Tensors& tensors) {
  ASSERT_EQ(model.specs().size(), tensors.size());
  for (const TensorSpec& spec : model.specs()) {
    const TensorView view = model.tensor(spec.name);
    ASSERT_EQ(view.spec->name, spec.name);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(view.bytes.data()) % 64, 0U) << spec.name;
    EXPECT_EQ(view.bytes.size(), stored_bytes(spec));
    std::vector<float> expected = tensors.at(spec.name);
    if (spec.storage == Storage::bf16 || spec.storage == Storage::gemm_bf16) {
      for (float& value : expected) value = rounded_to_bf16(value);
    }
    EXPECT_EQ(logical_values(view), expected) << spec.name;
  }
}

TEST(ModelFile, HoldsWhatWasWritten) {
  for (const auto precision : {Precision::f32, Precision::bf16}) {
    const TemporaryFolder folder;
    ModelConfig config = tiny_config();
    config.precision = precision;
    Tensors tensors;
    std::vector<std::byte> tokenizer(1000);
    for (size_t i = 0; i < tokenizer.size(); ++i) tokenizer[i] = static_cast<std::byte>(i * 7);
    write_tiny_model(folder.file("m.sclip"), config, 1, &tensors, tokenizer);
    const ModelFile model = ModelFile::open(folder.file("m.sclip"));
    model.verify();
    expect_equal(model, tensors);
    EXPECT_EQ(to_json(model.config()), to_json(config));
    EXPECT_TRUE(
        std::equal(model.tokenizer().begin(), model.tokenizer().end(), tokenizer.begin(), tokenizer.end()));
    EXPECT_EQ(model.file_size(), std::filesystem::file_size(folder.file("m.sclip")));
    EXPECT_EQ(model.path(), folder.file("m.sclip"));
  }
}

TEST(ModelFile, EveryCombinationOfSwitches) {
  const TemporaryFolder folder;
  for (unsigned bits = 0; bits < 64; ++bits) {
    const auto bit = [bits](unsigned i) { return (bits >> i & 1U) != 0; };
    ModelConfig c = tiny_config();
    c.vision->transformer.layers = c.text->transformer.layers = 1;
    c.vision->patch_bias = bit(0);
    c.vision->pre_norm = bit(1);
    c.vision->post_norm = bit(2);
    c.vision->class_token = bit(3);
    if (!bit(3)) c.vision->pooling = Pooling::mean;
    c.text->projection_bias = bit(4);
    c.precision = bit(5) ? Precision::bf16 : Precision::f32;
    if (bit(2)) c.logit_bias = -10.0F;
    if (bit(1) && bit(4)) {
      c.embed_dim = 36;
      c.vision->projection = false;
    }
    Tensors tensors;
    write_tiny_model(folder.file("m.sclip"), c, bits, &tensors);
    const ModelFile model = ModelFile::open(folder.file("m.sclip"));
    model.verify();
    expect_equal(model, tensors);
    EXPECT_EQ(to_json(model.config()), to_json(c));
  }
}

TEST(ModelFile, OneTowerAlone) {
  const TemporaryFolder folder;
  ModelConfig c = tiny_config();
  c.text.reset();
  c.tokenizer.reset();
  write_tiny_model(folder.file("v.sclip"), c);
  EXPECT_TRUE(ModelFile::open(folder.file("v.sclip")).tokenizer().empty());
  c = tiny_config();
  c.vision.reset();
  c.preprocess.reset();
  write_tiny_model(folder.file("t.sclip"), c);
  const ModelFile model = ModelFile::open(folder.file("t.sclip"));
  EXPECT_EQ(model.specs().front().name, "text.token_embedding");
}

TEST(ModelFile, TheSameInputGivesTheSameBytes) {
  const TemporaryFolder folder;
  write_tiny_model(folder.file("a"), tiny_config());
  write_tiny_model(folder.file("b"), tiny_config());
  EXPECT_EQ(tests::read_text(folder.file("a")), tests::read_text(folder.file("b")));
}

TEST(ModelFile, FingerprintNamesWhatDecidesTheEmbeddings) {
  const TemporaryFolder folder;
  const auto fingerprint = [&folder](const ModelConfig& config, uint64_t seed = 1,
                                     const std::vector<std::byte>& tokenizer = {}) {
    write_tiny_model(folder.file("m"), config, seed, nullptr, tokenizer);
    return ModelFile::open(folder.file("m")).fingerprint();
  };
  const uint64_t base = fingerprint(tiny_config());
  EXPECT_EQ(fingerprint(tiny_config()), base);
  ModelConfig c = tiny_config();
  c.name = "renamed";
  c.source = "elsewhere";
  EXPECT_EQ(fingerprint(c), base) << "labels decide nothing";
  EXPECT_NE(fingerprint(tiny_config(), 2), base);
  EXPECT_NE(fingerprint(tiny_config(), 1, std::vector<std::byte>(41, std::byte{0x2a})), base);
  c = tiny_config();
  c.vision->transformer.activation = Activation::quick_gelu;
  EXPECT_NE(fingerprint(c), base);
  c = tiny_config();
  c.precision = Precision::bf16;
  EXPECT_NE(fingerprint(c), base);
  c = tiny_config();
  c.preprocess->mean[0] = std::nextafter(c.preprocess->mean[0], 1.0F);
  EXPECT_NE(fingerprint(c), base);
}

TEST(ModelFile, CountsParameters) {
  const TemporaryFolder folder;
  Tensors tensors;
  write_tiny_model(folder.file("m"), tiny_config(), 1, &tensors);
  uint64_t expected = 0;
  for (const auto& [name, values] : tensors) expected += values.size();
  EXPECT_EQ(ModelFile::open(folder.file("m")).parameters(), expected);
}

TEST(ModelFile, SurvivesMovingAndReplacement) {
  const TemporaryFolder folder;
  Tensors tensors;
  write_tiny_model(folder.file("m"), tiny_config(), 1, &tensors);
  ModelFile first = ModelFile::open(folder.file("m"));
  write_tiny_model(folder.file("m"), tiny_config(), 2);  // converted again while it is in use
  const ModelFile model = std::move(first);
  model.verify();
  expect_equal(model, tensors);
}

TEST(ModelFile, AskingForATensorThatIsNoneIsABug) {
  const TemporaryFolder folder;
  write_tiny_model(folder.file("m"), tiny_config());
  const ModelFile model = ModelFile::open(folder.file("m"));
  EXPECT_THROW(model.tensor("visual.nothing"), std::logic_error);
  EXPECT_THROW(model.tensor(""), std::logic_error);
  EXPECT_THROW(model.tensor("zzz"), std::logic_error);
}

// Opening reads no weight: 600 MB open as fast as 200 KB, and take no memory. The weights are a hole in the
// file.
TEST(ModelFile, OpensLargeFilesInMilliseconds) {
  ModelConfig c = tiny_config();
  c.embed_dim = 512;
  c.vision->transformer = {.width = 768, .layers = 12, .heads = 12, .mlp_width = 3072};
  c.text->transformer = {.width = 512, .layers = 12, .heads = 8, .mlp_width = 2048};
  c.text->vocab_size = 49408;
  const std::string json = to_json(c);
  const std::vector<std::byte> tokenizer(1 << 20);
  const auto specs = schema(c);
  const Layout layout = lay_out(specs, json.size(), tokenizer.size());
  const std::vector<std::byte> table = encode_table(specs, layout.entries);
  Header h = layout.header;
  h.config.checksum = checksum_of(std::as_bytes(std::span(json)));
  h.table.checksum = checksum_of(table);
  h.tokenizer.checksum = checksum_of(tokenizer);

  const TemporaryFolder folder;
  std::ofstream file(folder.file("m"), std::ios::binary);
  const auto put = [&file](uint64_t offset, std::span<const std::byte> bytes) {
    file.seekp(static_cast<std::streamoff>(offset));
    file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  put(0, encode_header(h));
  put(h.config.offset, std::as_bytes(std::span(json)));
  put(h.table.offset, table);
  put(h.tokenizer.offset, tokenizer);
  file.close();
  std::filesystem::resize_file(folder.file("m"), h.file_size);
  ASSERT_GT(h.file_size, 400'000'000U);

  const auto peak_megabytes = [] {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
  };
  const long before = peak_megabytes();
  double best = 1e9;
  for (int i = 0; i < 5; ++i) {
    const double begin = cpu_seconds();
    const ModelFile model = ModelFile::open(folder.file("m"));
    best = std::min(best, cpu_seconds() - begin);
    EXPECT_EQ(model.file_size(), h.file_size);
  }
  EXPECT_LT(best, 0.020 * kSlower);
  EXPECT_LT(peak_megabytes() - before, 32);
}

}  // namespace
}  // namespace simdclip
