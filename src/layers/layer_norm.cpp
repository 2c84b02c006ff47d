#include "layers/layer_norm.h"

#include <cassert>

namespace simdclip {

LayerNorm::LayerNorm(const ModelFile& file, const std::string& name, float eps)
    : gamma_(file.tensor(name + ".weight").f32()), beta_(file.tensor(name + ".bias").f32()), eps_(eps) {}

void LayerNorm::forward(ConstSpan2f x, Span2f y, const Engine& engine) const {
  assert(x.rows == y.rows && x.cols == y.cols);
  engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
    kernels::LayerNormArgs args;
    args.rows = count;
    args.width = x.cols;
    args.x = x.row(first);
    args.ldx = x.stride;
    args.gamma = gamma_;
    args.beta = beta_;
    args.eps = eps_;
    args.y = y.row(first);
    args.ldy = y.stride;
    engine.kernels.layer_norm_f32(args);
  });
}

}  // namespace simdclip
