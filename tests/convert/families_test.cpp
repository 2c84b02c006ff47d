// Every family that has tables of its own: the checkpoint that its architecture asks for, and that one with a
// tensor renamed, missing, of another shape, or one too many. Which names PyTorch gives them:
// tests/parity/models.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "convert/arch_table.h"
#include "convert/plan.h"
#include "convert/tensor_map.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

// Names and shapes without values.
class NamesOnly : public TensorSource {
 public:
  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t, std::span<float> out) const override { std::fill(out.begin(), out.end(), 0.0F); }

  void add(const std::string& name, std::vector<uint64_t> shape) {
    const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                     [](const ForeignTensor& t, const std::string& n) { return t.name < n; });
    tensors_.insert(at, {name, ForeignType::f32, std::move(shape)});
  }
  ForeignTensor take(size_t i) {
    ForeignTensor out = tensors_[i];
    tensors_.erase(tensors_.begin() + static_cast<std::ptrdiff_t>(i));
    return out;
  }

 private:
  std::string path_ = "names";
  std::vector<ForeignTensor> tensors_;
};

ConvertPlan plan_of(const std::string& name) {
  const auto archs = arch_table();
  const auto arch =
      std::find_if(archs.begin(), archs.end(), [&](const ArchEntry& a) { return a.name == name; });
  const Json json = parse_json(arch->json, name);
  ConvertPlan plan;
  read_open_clip_model(JsonObject(json, name), plan);
  // Shallower: the same tables, less time.
  if (plan.config.vision) plan.config.vision->transformer.layers = 2;
  if (plan.config.text) plan.config.text->transformer.layers = 2;
  plan.config.name = name;
  return plan;
}

// "...: tensor 'NAME' [a, b] is missing...": what the binder asks for next.
ForeignTensor asked_for(const std::string& message) {
  const size_t begin = message.find("tensor '") + 8, end = message.find('\'', begin);
  ForeignTensor out{message.substr(begin, end - begin), ForeignType::f32, {}};
  const size_t open = message.find('[', end), close = message.find(']', open);
  for (size_t at = open; at < close; at = message.find(',', at + 1))
    out.shape.push_back(std::max(1UL, std::stoul(message.substr(at + 1))));
  return out;
}

// The whole checkpoint, by asking for one tensor after another.
NamesOnly checkpoint_of(const ConvertPlan& plan) {
  NamesOnly source;
  for (size_t i = 0; i < 1000; ++i) {
    try {
      bind_tensors(plan, source);
      return source;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      const ForeignTensor next = asked_for(error.what());
      source.add(next.name, next.shape);
    }
  }
  ADD_FAILURE() << "the checkpoint has no end";
  return source;
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, EachTensorIsNeededUnderItsNameAndShape) {
  const ConvertPlan plan = plan_of(GetParam());
  const NamesOnly whole = checkpoint_of(plan);
  ASSERT_GT(whole.tensors().size(), 40U);
  for (size_t i = 0; i < whole.tensors().size(); ++i) {
    NamesOnly source = whole;
    const ForeignTensor tensor = source.take(i);
    const std::string missing = expect_error(ErrorCode::not_found, [&] { bind_tensors(plan, source); });
    EXPECT_THAT(missing, testing::HasSubstr("'" + tensor.name + "'"));
    std::vector<uint64_t> other = tensor.shape;
    other.push_back(2);
    source.add(tensor.name, other);
    const std::string shape = expect_error(ErrorCode::shape_mismatch, [&] { bind_tensors(plan, source); });
    EXPECT_THAT(shape, testing::HasSubstr("'" + tensor.name + "'"));
  }
}

TEST_P(Families, AnExtraTensorIsRefused) {
  const ConvertPlan plan = plan_of(GetParam());
  NamesOnly source = checkpoint_of(plan);
  source.add("visual.nobody_knows.weight", {3});
  const std::string message = expect_error(ErrorCode::unsupported, [&] { bind_tensors(plan, source); });
  EXPECT_THAT(message, testing::HasSubstr("visual.nobody_knows.weight"));
}

INSTANTIATE_TEST_SUITE_P(OpenClip, Families,
                         testing::Values("ViT-B-16-SigLIP2", "ViT-L-14-CLIPA", "coca_ViT-B-32", "EVA01-g-14",
                                         "EVA02-B-16", "EVA02-E-14", "PE-Core-T-16-384", "MobileCLIP-B",
                                         "roberta-ViT-B-32", "coca_roberta-ViT-B-32", "nllb-clip-base"));

}  // namespace
}  // namespace simdclip::tests
