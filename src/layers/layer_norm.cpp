#include "layers/layer_norm.h"

#include <array>
#include <cassert>
#include <cmath>

namespace simdclip {
namespace {

// One row, 16 virtual lanes as everywhere (kernels/layer_norm). Only T5's text towers have it, whose rows are
// few: no kernel of its own.
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
      for (size_t r = first; r < first + count; ++r)
        rms_norm(x.row(r), x.cols, gamma_, beta_, eps_, y.row(r));
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

Operand LayerNorm::Room::operand(size_t rows, size_t cols) const noexcept {
  return {rows, cols, f32, bf16, q, ldq, scale};
}

LayerNorm::Room LayerNorm::operand_room(const Linear& next, Span2f h, Workspace& ws, const Engine& engine) {
  Room room;
  if (next.multiplies_bf16(engine)) {
    room.bf16 = rows_in<uint16_t>(h);
  } else if (!next.int8()) {
    room.f32 = h;
  } else {
    const QuantizedRows bytes = QuantizedRows::take(ws, h.rows, h.cols);
    room.q = bytes.q;
    room.ldq = bytes.ldq;
    room.scale = bytes.scale;
  }
  return room;
}

void LayerNorm::fill(const Room& to, size_t first, ConstSpan2f x, const Engine& engine) const {
  const auto run = [&](auto args, auto* y, size_t stride, auto* kernel) {
    describe(args, x, 0, x.rows);
    args.y = y;
    args.ldy = stride;
    kernel(args);
  };
  if (to.bf16.data != nullptr) {
    run(kernels::LayerNormBf16Args(), to.bf16.row(first), to.bf16.stride, engine.kernels.layer_norm_bf16);
  } else if (to.q != nullptr) {
    kernels::LayerNormS8Args args;
    args.scale = to.scale + first;
    run(args, to.q + first * to.ldq, to.ldq, engine.kernels.layer_norm_s8);
  } else {
    run(kernels::LayerNormArgs(), to.f32.row(first), to.f32.stride, engine.kernels.layer_norm_f32);
  }
}

Operand LayerNorm::operand(ConstSpan2f x, const Linear& next, Span2f h, Workspace& ws,
                           const Engine& engine) const {
  if (rms_) {
    forward(x, h, engine);
    return next.operand(h, ws, engine);
  }
  const Room room = operand_room(next, h, ws, engine);
  engine.parallel_ranges(
      x.rows, [&](size_t first, size_t count) { fill(room, first, x.sub_rows(first, count), engine); });
  return room.operand(x.rows, x.cols);
}

}  // namespace simdclip
