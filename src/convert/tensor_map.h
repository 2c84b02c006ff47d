// Foreign tensors -> the schema, by the tables of tensor_names.h.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "convert/plan.h"
#include "convert/tensor_names.h"
#include "convert/tensor_source.h"
#include "format/schema.h"

namespace simdclip {

struct BoundTensor {
  TensorSpec spec;
  MapForm form = MapForm::same;
  std::vector<size_t> sources;      // indices into the TensorSource
  std::optional<size_t> row_scale;  // [N]: layer scale, multiplied into the rows
  bool turned = false;              // the rows of rotary pairs change places
};

// Every schema tensor found, every shape right, every foreign tensor used or known to decide nothing.
// Errors: not_found (missing), shape_mismatch, unsupported (an extra one); each names the tensor.
std::vector<BoundTensor> bind_tensors(const ConvertPlan& plan, const TensorSource& tensors);

// The tensor as the file has it: position embeddings may be of another grid.
TensorSpec stored_spec(const TensorSpec& spec, const ConvertPlan& plan);

// The shapes of the sources of a schema tensor of this shape, in the order of the rule's names; an extent of
// 0 is any.
std::vector<std::vector<uint64_t>> source_shapes(MapForm form, const TensorSpec& spec,
                                                 const ConvertPlan& plan);

// The values of one schema tensor, row-major, [N, K] for GEMM weights. out: resized.
void assemble(const BoundTensor& bound, const ConvertPlan& plan, const TensorSource& tensors,
              std::vector<float>& out);

// The .sclip file of a plan whose tensors are bound: the towers that it keeps, in its precision, equalized as
// the options say.
void write_plan(const ConvertPlan& plan, std::vector<BoundTensor> bound, const TensorSource& tensors,
                const std::string& output, const ConvertOptions& options);

}  // namespace simdclip
