#include "layers/layer_norm.h"

#include <array>
#include <cassert>
#include <cmath>

namespace simdclip {
namespace {

// One row, 16 virtual lanes as everywhere (kernels/layer_norm). Only T5's text towers have it, whose rows are few:
// no kernel of its own.
void rms_norm(const float* x, size_t width, const float* gamma, const float* beta, float eps, float* y) {
  std::array<float, 16> lanes{};
  for (size_t i = 0; i < width; ++i) lanes[i % 16] += x[i] * x[i];
  for (size_t step = 8; step > 0; step /= 2)
    for (size_t i = 0; i < step; ++i) lanes[i] += lanes[i + step];
  const float scale = 1.0F / std::sqrt(lanes[0] / static_cast<float>(width) + eps);
  for (size_t i = 0; i < width; ++i) y[i] = x[i] * scale * gamma[i] + beta[i];
}

}  // namespace

LayerNorm::LayerNorm(const ModelFile& file, const std::string& name, float eps, bool rms)
    : gamma_(file.tensor(name + ".weight").f32()),
      beta_(file.tensor(name + ".bias").f32()),
      eps_(eps),
      rms_(rms) {}

void LayerNorm::describe(kernels::LayerNormInput& input, ConstSpan2f x, size_t first, size_t count) const {
  input.rows = count;
  input.width = x.cols;
  input.x = x.row(first);
  input.ldx = x.stride;
  input.gamma = gamma_;
  input.beta = beta_;
  input.eps = eps_;
}

void LayerNorm::forward(ConstSpan2f x, Span2f y, const Engine& engine) const {
  assert(x.rows == y.rows && x.cols == y.cols);
  if (rms_) {
    engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
      for (size_t r = first; r < first + count; ++r) rms_norm(x.row(r), x.cols, gamma_, beta_, eps_, y.row(r));
    });
    return;
  }
  engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
    kernels::LayerNormArgs args;
    describe(args, x, first, count);
    args.y = y.row(first);
    args.ldy = y.stride;
    engine.kernels.layer_norm_f32(args);
  });
}

void LayerNorm::add_to(Span2f x, Span2f h, const Engine& engine) const {
  forward(h, h, engine);
  engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
    for (size_t r = first; r < first + count; ++r)
      for (size_t d = 0; d < x.cols; ++d) x.row(r)[d] += h.row(r)[d];
  });
}

Operand LayerNorm::operand(ConstSpan2f x, const Linear& next, Span2f h, Workspace& ws,
                           const Engine& engine) const {
  if (rms_) {
    forward(x, h, engine);
    return next.operand(h, ws, engine);
  }
  if (next.multiplies_bf16(engine)) {
    const Span2b rounded = rows_in<uint16_t>(h);
    engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
      kernels::LayerNormBf16Args args;
      describe(args, x, first, count);
      args.y = rounded.row(first);
      args.ldy = rounded.stride;
      engine.kernels.layer_norm_bf16(args);
    });
    return operand_of(rounded);
  }
  if (!next.int8()) {
    forward(x, h, engine);
    return {h.rows, h.cols, h};
  }
  const QuantizedRows room = QuantizedRows::take(ws, x.rows, x.cols);
  engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
    kernels::LayerNormS8Args args;
    describe(args, x, first, count);
    args.y = room.q + first * room.ldq;
    args.ldy = room.ldq;
    args.scale = room.scale + first;
    engine.kernels.layer_norm_s8(args);
  });
  return room.operand(x.rows, x.cols);
}

}  // namespace simdclip
