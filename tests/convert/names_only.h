// Checkpoints without values, made by asking the binder for one tensor after another, and checkpoints with
// one tensor changed: what every family's tests need.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "convert/plan.h"
#include "convert/tensor_map.h"
#include "convert/tensor_source.h"
#include "support/errors.h"

namespace simdclip::tests {

// Names and shapes; every value is 0.
class NamesOnly : public TensorSource {
 public:
  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t, std::span<float> out) const override { std::fill(out.begin(), out.end(), 0.0F); }
  SourceFacts facts() const noexcept override { return facts_; }

  void add(const std::string& name, std::vector<uint64_t> shape, ForeignType type = ForeignType::f32) {
    const auto at = std::lower_bound(tensors_.begin(), tensors_.end(), name,
                                     [](const ForeignTensor& t, const std::string& n) { return t.name < n; });
    tensors_.insert(at, {name, type, std::move(shape)});
  }
  ForeignTensor take(size_t i) {
    ForeignTensor out = tensors_[i];
    tensors_.erase(tensors_.begin() + static_cast<std::ptrdiff_t>(i));
    return out;
  }

 protected:
  SourceFacts facts_;

 private:
  std::string path_ = "names";
  std::vector<ForeignTensor> tensors_;
};

// "...: tensor 'NAME' [a, b] is missing...": what is asked for next.
inline ForeignTensor asked_for(const std::string& message) {
  const size_t begin = message.find("tensor '") + 8, end = message.find('\'', begin);
  ForeignTensor out{message.substr(begin, end - begin), ForeignType::f32, {}};
  const size_t open = message.find('[', end), close = message.find(']', open);
  for (size_t at = open; at < close; at = message.find(',', at + 1))
    out.shape.push_back(std::max(1UL, std::stoul(message.substr(at + 1))));
  return out;
}

// Of a checkpoint: what convert() decides of it before an output exists. Throws what convert() throws.
using Accept = std::function<void(const TensorSource&)>;

// The whole checkpoint that is accepted, begun with `seed`.
inline NamesOnly completed(NamesOnly seed, const Accept& accept) {
  for (size_t i = 0; i < 1000; ++i) {
    try {
      accept(seed);
      return seed;
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      const ForeignTensor next = asked_for(error.what());
      seed.add(next.name, next.shape);
    }
  }
  ADD_FAILURE() << "the checkpoint has no end";
  return seed;
}

inline void expect_named(ErrorCode code, const Accept& accept, const TensorSource& source,
                         const std::string& name, const std::string& also = "") {
  const std::string message = expect_error(code, [&] { accept(source); });
  EXPECT_THAT(message, testing::HasSubstr("'" + name + "'"));
  EXPECT_THAT(message, testing::HasSubstr(also));
}

// Each tensor missing, renamed, of another shape and of another type, and one too many: refused by its name.
// counters: names whose absence or shape decides nothing.
inline void expect_each_tensor_needed(const NamesOnly& whole, const Accept& accept,
                                      const std::function<bool(const std::string&)>& decides_nothing = {}) {
  ASSERT_NO_THROW(accept(whole));
  size_t checked = 0;
  for (size_t i = 0; i < whole.tensors().size(); ++i) {
    NamesOnly source = whole;
    const ForeignTensor tensor = source.take(i);
    if (decides_nothing && decides_nothing(tensor.name)) continue;
    ++checked;
    SCOPED_TRACE(tensor.name);
    expect_named(ErrorCode::not_found, accept, source, tensor.name);

    NamesOnly renamed = source;
    const size_t dot = std::min(tensor.name.rfind('.'), tensor.name.size());
    const std::string other_name = tensor.name.substr(0, dot) + "q" + tensor.name.substr(dot);
    renamed.add(other_name, tensor.shape, tensor.type);
    expect_named(ErrorCode::not_found, accept, renamed, tensor.name);

    NamesOnly typed = source;
    typed.add(tensor.name, tensor.shape, ForeignType::i32);
    if (!tensor.shape.empty()) expect_named(ErrorCode::shape_mismatch, accept, typed, tensor.name);

    std::vector<uint64_t> other = tensor.shape;
    other.push_back(2);
    source.add(tensor.name, other, tensor.type);
    expect_named(ErrorCode::shape_mismatch, accept, source, tensor.name);
  }
  EXPECT_GT(checked, 20U);
}

inline void expect_extra_refused(const NamesOnly& whole, const Accept& accept, const std::string& extra) {
  NamesOnly source = whole;
  source.add(extra, {3});
  expect_named(ErrorCode::unsupported, accept, source, extra);
}

}  // namespace simdclip::tests
