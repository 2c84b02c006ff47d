// Foreign tensor names -> the schema. One table per naming; a new family is a new table, or new rows.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "convert/plan.h"
#include "convert/tensor_source.h"
#include "format/schema.h"

namespace simdclip {

// How a schema tensor is made of foreign ones.
enum class MapForm : uint8_t {
  same,        // the same shape
  patches,     // a convolution's [D, 3, P, P] as [D, 3*P*P]
  transposed,  // used as x @ W in the file, [K, N] there
  rows,        // the sources stacked: q, k, v
};

struct BoundTensor {
  TensorSpec spec;
  MapForm form = MapForm::same;
  std::vector<size_t> sources;      // indices into the TensorSource
  std::optional<size_t> row_scale;  // [N]: layer scale, multiplied into the rows
};

// Every schema tensor found, every shape right, every foreign tensor used or known to decide nothing.
// Errors: not_found (missing), shape_mismatch, unsupported (an extra one); each names the tensor.
std::vector<BoundTensor> bind_tensors(const ConvertPlan& plan, const TensorSource& tensors);

// The values of one schema tensor, row-major, [N, K] for GEMM weights. out: resized.
void assemble(const BoundTensor& bound, const TensorSource& tensors, std::vector<float>& out);

}  // namespace simdclip
