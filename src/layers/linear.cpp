#include "layers/linear.h"

#include <cassert>
#include <type_traits>

#include "base/checked.h"
#include "kernels/gemm/pack.h"

namespace simdclip {
namespace {

constexpr size_t kRowUnit = 32;  // rows of the tallest tile

size_t element_bytes(Storage storage) {
  return storage == Storage::gemm_int8 ? 1 : storage == Storage::gemm_bf16 ? 2 : 4;
}

// How the work of one GEMM is cut for the threads: a grid of row blocks and column blocks. Columns first,
// since threads that share all rows read each weight once in all; rows only when there are fewer panel pairs
// than threads, or where there is much more to read in the rows (convolutions).
struct Grid {
  size_t rows = 1, cols = 1;
};

constexpr size_t kManyRows = 4;  // times the columns

Grid grid_for(size_t m, size_t panels, size_t threads) {
  const size_t pairs = ceil_div(panels, 2);
  Grid grid;
  if (m >= kManyRows * panels * kernels::kPanelColumns) {
    grid.rows = std::clamp<size_t>(m / kRowUnit, 1, threads);
    grid.cols = std::clamp<size_t>(threads / grid.rows, 1, pairs);
    return grid;
  }
  grid.cols = std::min(threads, pairs);
  grid.rows = std::clamp<size_t>(threads / grid.cols, 1, ceil_div(m, 14));
  return grid;
}

// [part] of n items in `parts` nearly equal ranges of whole `unit`s.
Range range_of(size_t n, size_t unit, size_t part, size_t parts) {
  const size_t units = ceil_div(n, unit);
  const size_t first = std::min(n, units * part / parts * unit);
  const size_t last = std::min(n, units * (part + 1) / parts * unit);
  return {first, last - first};
}

template <typename Element>
Operand quantized(Span2<const Element> x, Workspace& ws, const Engine& engine) {
  const QuantizedRows room = QuantizedRows::take(ws, x.rows, x.cols);
  engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
    room.fill(first, x.sub_rows(first, count), engine.kernels);
  });
  return room.operand(x.rows, x.cols);
}

}  // namespace

Linear::Linear(const ModelFile& file, const std::string& name, bool bias) {
  const TensorView weight = file.tensor(name + ".weight");
  n_ = weight.spec->shape[0];
  k_ = weight.spec->shape[1];
  storage_ = weight.spec->storage;
  bf16_file_ = file.config().precision == Precision::bf16 && storage_ == Storage::gemm_bf16;
  weight_ = weight.bytes.data();
  if (int8()) scale_ = int8_weights(weight).scales;
  if (bias) bias_ = file.tensor(name + ".bias").f32();
}

Operand Linear::operand(ConstSpan2f x, Workspace& ws, const Engine& engine) const {
  if (multiplies_bf16(engine)) {
    const Span2b rounded = rows_in<uint16_t>(ws.take(x.rows, x.cols));
    engine.parallel_ranges(x.rows, [&](size_t first, size_t count) {
      engine.kernels.round_bf16({count, x.cols, x.row(first), x.stride, rounded.row(first), rounded.stride});
    });
    return operand_of(rounded);
  }
  return int8() ? quantized(x, ws, engine) : Operand{x.rows, x.cols, x};
}

Operand Linear::operand(ConstSpan2b x, Workspace& ws, const Engine& engine) const {
  assert(takes_bf16(engine));
  return int8() ? quantized(x, ws, engine) : operand_of(x);
}

// What the products of all types have in common: the part [rows] x [cols] of y = act(x W^T + b) + residual.
template <typename Args, typename Element>
Args Linear::part(const Range& rows, const Range& cols, Span2<Element> y, kernels::Act act,
                  Span2<const Element> residual) const {
  Args args;
  args.m = rows.count;
  args.n = cols.count;
  args.k = k_;
  args.b = weight_ + cols.first / kernels::kPanelColumns * kernels::panel_bytes(k_, element_bytes(storage_));
  if constexpr (std::is_same_v<Element, float>) {
    args.c = y.row(rows.first) + cols.first;
  } else {
    args.c_bf16 = y.row(rows.first) + cols.first;
  }
  args.ldc = y.stride;
  args.bias = bias_ == nullptr ? nullptr : bias_ + cols.first;
  if (residual.data != nullptr) {
    const Element* const from = residual.row(rows.first) + cols.first;
    if constexpr (std::is_same_v<Element, float>) {
      args.residual = from;
    } else if constexpr (std::is_same_v<Args, kernels::GemmBf16Args>) {
      args.residual_bf16 = from;
    } else {
      assert(false && "a residual of bf16 belongs to products of bf16");
    }
    args.ldr = residual.stride;
  }
  args.act = act;
  return args;
}

template <typename Element>
void Linear::multiply_part(const Operand& x, const Range& rows, const Range& cols, Span2<Element> y,
                           const Engine& engine, kernels::Act act, Span2<const Element> residual) const {
  const kernels::Kernels& k = engine.kernels;
  if (int8()) {
    auto args = part<kernels::GemmI8Args>(rows, cols, y, act, residual);
    args.a = x.q + rows.first * x.ldq;
    args.lda = x.ldq;
    args.a_scale = x.scale + rows.first;
    args.b_scale = scale_ + cols.first;
    k.gemm_i8(args);
  } else if (x.bf16.data != nullptr) {
    auto args = part<kernels::GemmBf16Args>(rows, cols, y, act, residual);
    args.a = x.bf16.row(rows.first);
    args.lda = x.bf16.stride;
    k.gemm_bf16(args);
  } else {
    auto args = part<kernels::GemmArgs>(rows, cols, y, act, residual);
    args.a = x.f32.row(rows.first);
    args.lda = x.f32.stride;
    (storage_ == Storage::gemm_bf16 ? k.gemm_bf16w : k.gemm_f32)(args);
  }
}

template <typename Element>
void Linear::multiply(const Operand& x, Span2<Element> y, const Engine& engine, kernels::Act act,
                      Span2<const Element> residual) const {
  assert(x.cols == k_ && y.cols == n_ && x.rows == y.rows);
  assert(residual.data == nullptr || (residual.rows == y.rows && residual.cols == n_));
  if (engine.probe != nullptr && x.f32.data != nullptr) engine.probe->see(weight_, x.f32);
  const Grid grid = grid_for(x.rows, ceil_div(n_, kernels::kPanelColumns), engine.pool.size());
  const size_t unit = x.rows >= 2 * kRowUnit * grid.rows ? kRowUnit : 1;
  engine.pool.parallel_for(grid.rows * grid.cols, [&](size_t task) {
    const Range rows = range_of(x.rows, unit, task / grid.cols, grid.rows);
    const Range cols = range_of(n_, 2 * kernels::kPanelColumns, task % grid.cols, grid.cols);
    if (rows.count != 0 && cols.count != 0) multiply_part(x, rows, cols, y, engine, act, residual);
  });
}

template <typename Element>
void Linear::forward_alone(const Operand& x, Span2<Element> y, const Engine& engine, kernels::Act act,
                           Span2<const Element> residual) const {
  assert(x.cols == k_ && y.cols == n_ && x.rows == y.rows && engine.probe == nullptr);
  if (x.rows != 0) multiply_part(x, {0, x.rows}, {0, n_}, y, engine, act, residual);
}
template void Linear::forward_alone(const Operand&, Span2f, const Engine&, kernels::Act, ConstSpan2f) const;
template void Linear::forward_alone(const Operand&, Span2b, const Engine&, kernels::Act, ConstSpan2b) const;

void Linear::forward(const Operand& x, Span2f y, const Engine& engine, kernels::Act act,
                     ConstSpan2f residual) const {
  multiply(x, y, engine, act, residual);
}

void Linear::forward(const Operand& x, Span2b y, const Engine& engine, kernels::Act act,
                     ConstSpan2b residual) const {
  multiply(x, y, engine, act, residual);
}

Linear Linear::columns(size_t first, size_t count) const {
  assert(first % kernels::kPanelColumns == 0 && first + count <= n_);
  Linear part = *this;
  part.n_ = count;
  part.weight_ += first / kernels::kPanelColumns * kernels::panel_bytes(k_, element_bytes(storage_));
  if (part.bias_ != nullptr) part.bias_ += first;
  if (part.scale_ != nullptr) part.scale_ += first;
  return part;
}

}  // namespace simdclip
