// What stands behind Vectors: rows in one block, grown or mapped.
#pragma once

#include <vector>

#include "base/aligned.h"
#include "base/mapped_file.h"
#include "simdclip/search.h"

namespace simdclip {

struct Vectors::State {
  size_t width = 0, size = 0;
  RowType type = RowType::f32;
  const std::byte* rows = nullptr;  // [size, row_bytes]
  std::vector<float> scale;         // int8: [size], 1 / length
  AlignedBuffer<std::byte> own;
  MappedFile mapped;

  size_t bytes() const noexcept { return row_bytes(type, width); }
};

}  // namespace simdclip
