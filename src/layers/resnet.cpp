#include "layers/resnet.h"

#include <algorithm>
#include <cassert>
#include <type_traits>

#include "kernels/gemm/pack.h"
#include "layers/mean_rows.h"

namespace simdclip {
namespace {

// Threads that run a picture each have each their own scratch: with more, its size would not be worth it.
constexpr size_t kMostAlone = 8;

constexpr Sides halved(Sides s) { return {s.height / 2, s.width / 2}; }

// Of the maps behind the stem's first convolution (0), its average (1), and the stages (1 to 4).
Sides sides_at(const VisionConfig& config, size_t level) {
  Sides sides{ceil_div(config.image_height, 2U), ceil_div(config.image_width, 2U)};
  for (; level > 0; --level) sides = halved(sides);
  return sides;
}

// What a stage takes and gives.
struct StageShape {
  Sides from, to;
  size_t inputs, planes;
  size_t outputs() const { return 4 * planes; }
  bool halves() const { return from.height != to.height || from.width != to.width; }
};
StageShape stage_shape(const VisionConfig& config, size_t stage) {
  const size_t width = config.resnet->width;
  return {sides_at(config, std::max<size_t>(stage, 1)), sides_at(config, stage + 1),
          stage == 0 ? width : width << (stage + 1), width << stage};
}

void average(const kernels::AveragePoolArgs& args, const kernels::Kernels& k) { k.average_pool_f32(args); }
void average(const kernels::AveragePoolBf16Args& args, const kernels::Kernels& k) {
  k.average_pool_bf16(args);
}

// The average of each 2 x 2 pixels of x; a last odd row or column is left out.
template <typename Element>
void halve(const Maps<const Element>& x, const Maps<Element>& y, const Engine& engine) {
  const size_t height = y.sides.height;
  engine.parallel_ranges(y.pictures() * height, [&](size_t first, size_t count) {
    for (size_t row = first; row < first + count; ++row) {
      const size_t above = (row / height * x.sides.height + 2 * (row % height)) * x.sides.width;
      kernels::AveragePoolOperands<Element> args;
      args.pixels = y.sides.width;
      args.channels = y.pixels.cols;
      args.above = x.pixels.row(above);
      args.below = x.pixels.row(above + x.sides.width);
      args.ldx = x.pixels.stride;
      args.y = y.pixels.row(row * y.sides.width);
      args.ldy = y.pixels.stride;
      average(args, engine.kernels);
    }
  });
}

template <typename Element>
Maps<Element> take_maps(Workspace& ws, size_t pictures, Sides sides, size_t channels) {
  return {take_rows<Element>(ws, pictures * sides.area(), channels), sides};
}

// A 1 x 1 convolution.
template <typename Element>
void convolve(const Linear& product, Span2<const Element> x, Span2<Element> y, Workspace& ws,
              const Engine& engine, kernels::Act act, Span2<const Element> residual = {}) {
  const Workspace::Scope scope(ws);
  product.forward(product.operand(x, ws, engine), y, engine, act, residual);
}

template <typename Element>
size_t maps_floats(size_t pictures, Sides sides, size_t channels) {
  return row_floats<Element>(pictures * sides.area(), channels);
}

template <typename Element>
size_t stage_floats(const StageShape& s, Precision precision, size_t n, size_t threads) {
  const size_t from = n * s.from.area(), to = n * s.to.area();
  const size_t products = std::max({convolution_workspace_floats(9 * s.planes, from, precision, threads),
                                    operand_workspace_floats(precision, from, s.inputs),
                                    operand_workspace_floats(precision, to, s.outputs()),
                                    operand_workspace_floats(precision, to, s.planes)});
  const size_t smaller =
      s.halves() ? row_floats<Element>(to, s.planes) + row_floats<Element>(to, s.inputs) : 0;
  return 2 * row_floats<Element>(from, s.planes) + smaller + products;
}

// Of the stem and two stages, for one picture.
template <typename Element>
size_t first_half_floats(const VisionConfig& config, Precision precision, size_t threads) {
  const StageShape first = stage_shape(config, 0);
  const Sides fine = sides_at(config, 0);
  const size_t half = first.inputs / 2;
  const size_t stem = 2 * maps_floats<Element>(1, fine, half) + maps_floats<Element>(1, fine, first.inputs) +
                      std::max(convolution_workspace_floats(
                                   27, size_t{config.image_height} * config.image_width, precision, threads),
                               convolution_workspace_floats(9 * half, fine.area(), precision, threads));
  const size_t stages = std::max(stage_floats<Element>(first, precision, 1, threads),
                                 stage_floats<Element>(stage_shape(config, 1), precision, 1, threads));
  return maps_floats<Element>(1, first.from, first.inputs) +
         maps_floats<Element>(1, first.to, first.outputs()) + std::max(stem, stages);
}

template <typename Element>
size_t tower_floats(const VisionConfig& config, Precision precision, size_t n, size_t threads) {
  size_t maps = 0, most = first_half_floats<Element>(config, precision, threads);
  if (threads > 1 && threads <= kMostAlone && n >= threads)
    most += threads * first_half_floats<Element>(config, precision, 1);
  for (size_t i = 1; i < 4; ++i) {
    const StageShape s = stage_shape(config, i);
    maps += maps_floats<Element>(n, s.to, s.outputs());
    if (i > 1) most = std::max(most, stage_floats<Element>(s, precision, n, threads));
  }
  return maps + most;
}

}  // namespace

ResNet::ResNet(const ModelFile& file, const VisionConfig& config)
    : config_(config), precision_(file.config().precision), alone_(std::make_unique<ThreadPool>(1U)) {
  for (size_t i = 0; i < 3; ++i) stem_[i] = Convolution(file, "visual.stem." + std::to_string(i));
  for (size_t stage = 0; stage < 4; ++stage) {
    for (size_t i = 0; i < config.resnet->blocks[stage]; ++i) {
      const std::string name = "visual.blocks." + std::to_string(stage + 1) + "." + std::to_string(i);
      Block block{Linear(file, name + ".conv1", true), Linear(file, name + ".conv3", true),
                  Convolution(file, name + ".conv2"), std::nullopt};
      if (i == 0) block.shortcut.emplace(file, name + ".shortcut", true);
      stages_[stage].push_back(std::move(block));
    }
  }
  const size_t width = config.transformer.width;
  positions_ = {file.tensor("visual.positional_embedding").f32(), vision_tokens(config), width, width};
}

void ResNet::forward(std::span<const Pixels> pictures, Span2f x, Workspace& ws, const Engine& engine) const {
  if (stem_[0].product().multiplies_bf16(engine)) {
    run<uint16_t>(pictures, x, ws, engine);
  } else {
    run<float>(pictures, x, ws, engine);
  }
}

// The first two stages, whose maps are large and whose weights are small, run picture by picture, where there
// are enough of them each thread its own; the last two, whose maps are small and whose weights are large, for
// all pictures at once.
template <typename Element>
void ResNet::run(std::span<const Pixels> pictures, Span2f x, Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t n = pictures.size();
  const StageShape second = stage_shape(config_, 1), third = stage_shape(config_, 2),
                   last = stage_shape(config_, 3);
  const Maps<Element> half = take_maps<Element>(ws, n, second.to, second.outputs());
  const Maps<Element> more = take_maps<Element>(ws, n, third.to, third.outputs());
  const Maps<Element> all = take_maps<Element>(ws, n, last.to, last.outputs());
  run_first_halves<Element>(pictures, half, ws, engine);
  run_stage<Element>(2, half, more, ws, engine);
  run_stage<Element>(3, more, all, ws, engine);
  make_tokens<Element>(all.pixels, x, engine);
}

template <typename Element>
void ResNet::run_first_halves(std::span<const Pixels> pictures, const Maps<Element>& y, Workspace& ws,
                              const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t n = pictures.size(), area = y.sides.area(), threads = engine.pool.size();
  const auto run = [&](size_t i, Workspace& room, const Engine& by) {
    run_first_half<Element>(pictures[i].values, {y.pixels.sub_rows(i * area, area), y.sides}, room, by);
  };
  size_t done = 0;
  if (threads > 1 && threads <= kMostAlone && engine.probe == nullptr) {
    const size_t rounds = n / threads;
    done = rounds * threads;
    const size_t floats = first_half_floats<Element>(config_, precision_, 1);
    float* const rooms = ws.take_floats(done == 0 ? 0 : threads * floats);
    const Engine alone{engine.kernels, *alone_, nullptr};
    if (done != 0) {
      engine.pool.parallel_for(threads, [&](size_t part) {
        Workspace room(rooms + part * floats, floats);
        for (size_t i = 0; i < rounds; ++i) run(part * rounds + i, room, alone);
      });
    }
  }
  const Workspace::Scope rest(ws);
  for (size_t i = done; i < n; ++i) run(i, ws, engine);
}

template <typename Element>
void ResNet::run_first_half(std::span<const float> picture, Maps<Element> y, Workspace& ws,
                            const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const StageShape first = stage_shape(config_, 0);
  const Sides fine = sides_at(config_, 0);
  const Maps<Element> stem = take_maps<Element>(ws, 1, first.from, first.inputs);
  const Maps<Element> stage = take_maps<Element>(ws, 1, first.to, first.outputs());
  {
    const Workspace::Scope stem_scope(ws);
    const Maps<Element> a = take_maps<Element>(ws, 1, fine, first.inputs / 2);
    const Maps<Element> b = take_maps<Element>(ws, 1, fine, first.inputs / 2);
    const Maps<Element> c = take_maps<Element>(ws, 1, fine, first.inputs);
    stem_[0].forward_halving(picture, {config_.image_height, config_.image_width}, a.pixels, ws, engine);
    stem_[1].forward<Element>(a, b.pixels, ws, engine);
    stem_[2].forward<Element>(b, c.pixels, ws, engine);
    halve<Element>(c, stem, engine);
  }
  run_stage<Element>(0, stem, stage, ws, engine);
  run_stage<Element>(1, stage, y, ws, engine);
}

template <typename Element>
void ResNet::run_stage(size_t stage, const Maps<const Element>& x, const Maps<Element>& y, Workspace& ws,
                       const Engine& engine) const {
  for (const Block& block : stages_[stage]) run_block<Element>(block, block.shortcut ? x : y, y, ws, engine);
}

// y = relu(conv3(conv2(conv1(x))) + shortcut(x)); without a shortcut y is x and is updated in place.
template <typename Element>
void ResNet::run_block(const Block& block, const Maps<const Element>& x, const Maps<Element>& y,
                       Workspace& ws, const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t n = x.pictures(), planes = block.conv1.outputs();
  const Maps<Element> a = take_maps<Element>(ws, n, x.sides, planes);
  Maps<Element> b = take_maps<Element>(ws, n, x.sides, planes);
  convolve<Element>(block.conv1, x.pixels, a.pixels, ws, engine, kernels::Act::relu);
  block.conv2.forward<Element>(a, b.pixels, ws, engine);
  Maps<const Element> input = x;
  if (x.sides.height != y.sides.height || x.sides.width != y.sides.width) {
    const Maps<Element> smaller = take_maps<Element>(ws, n, y.sides, planes);
    const Maps<Element> smaller_input = take_maps<Element>(ws, n, y.sides, x.pixels.cols);
    halve<Element>(b, smaller, engine);
    halve<Element>(x, smaller_input, engine);
    b = smaller;
    input = smaller_input;
  }
  if (block.shortcut)
    convolve<Element>(*block.shortcut, input.pixels, y.pixels, ws, engine, kernels::Act::none);
  convolve<Element>(block.conv3, b.pixels, y.pixels, ws, engine, kernels::Act::relu, y.pixels);
}

template <typename Element>
void ResNet::make_tokens(Span2<const Element> places, Span2f x, const Engine& engine) const {
  const size_t tokens = positions_.rows, each = tokens - 1, width = x.cols;
  assert(x.rows / tokens == places.rows / each && width == places.cols && width == positions_.cols);
  engine.parallel_ranges(x.rows / tokens, [&](size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i) {
      const Span2f to = x.sub_rows(i * tokens, tokens);
      for (size_t p = 0; p < each; ++p) {
        const Element* from = places.row(i * each + p);
        if constexpr (std::is_same_v<Element, float>) {
          std::copy_n(from, width, to.row(p + 1));
        } else {
          kernels::from_bf16(from, width, to.row(p + 1));
        }
      }
      mean_rows(to.sub_rows(1, each), to.row(0));
      for (size_t t = 0; t < tokens; ++t)
        for (size_t d = 0; d < width; ++d) to.row(t)[d] += positions_.row(t)[d];
    }
  });
}

size_t resnet_workspace_floats(const VisionConfig& config, Precision precision, size_t n,
                               size_t threads) noexcept {
  const size_t wide = tower_floats<float>(config, precision, n, threads);
  if (precision != Precision::bf16) return wide;
  return std::max(wide, tower_floats<uint16_t>(config, precision, n, threads));
}

double resnet_operations(const VisionConfig& config) noexcept {
  const auto area = [](Sides sides) { return static_cast<double>(sides.area()); };
  const double width = config.resnet->width;
  double sum = area(sides_at(config, 0)) * (27 * width / 2 + 9 * width * width / 4 + 9 * width * width / 2);
  for (size_t i = 0; i < 4; ++i) {
    const StageShape s = stage_shape(config, i);
    const auto inputs = static_cast<double>(s.inputs), planes = static_cast<double>(s.planes),
               outputs = 4 * planes;
    const double first = area(s.from) * (inputs * planes + 9 * planes * planes) +
                         area(s.to) * (planes * outputs + inputs * outputs);
    const double other = area(s.to) * (2 * outputs * planes + 9 * planes * planes);
    sum += first + other * (config.resnet->blocks[i] - 1);
  }
  return 2 * sum;
}

}  // namespace simdclip
