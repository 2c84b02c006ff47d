#include "convert/tensor_source.h"

#include <algorithm>

namespace simdclip {

size_t element_size(ForeignType type) noexcept {
  switch (type) {
    case ForeignType::f64:
    case ForeignType::i64: return 8;
    case ForeignType::f32:
    case ForeignType::i32: return 4;
    case ForeignType::f16:
    case ForeignType::bf16:
    case ForeignType::i16: return 2;
    case ForeignType::i8:
    case ForeignType::u8:
    case ForeignType::boolean: return 1;
  }
  return 1;
}

std::string_view to_string(ForeignType type) noexcept {
  switch (type) {
    case ForeignType::f64: return "f64";
    case ForeignType::f32: return "f32";
    case ForeignType::f16: return "f16";
    case ForeignType::bf16: return "bf16";
    case ForeignType::i64: return "i64";
    case ForeignType::i32: return "i32";
    case ForeignType::i16: return "i16";
    case ForeignType::i8: return "i8";
    case ForeignType::u8: return "u8";
    case ForeignType::boolean: return "bool";
  }
  return "?";
}

uint64_t ForeignTensor::elements() const noexcept {
  uint64_t product = 1;
  for (uint64_t extent : shape) product *= extent;
  return product;
}

std::optional<size_t> TensorSource::find(std::string_view name) const noexcept {
  const auto& all = tensors();
  const auto at = std::lower_bound(
      all.begin(), all.end(), name,
      [](const ForeignTensor& tensor, std::string_view wanted) { return tensor.name < wanted; });
  if (at == all.end() || at->name != name) return std::nullopt;
  return static_cast<size_t>(at - all.begin());
}

}  // namespace simdclip
