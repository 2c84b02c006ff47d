#include "layers/convolution.h"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace simdclip {
namespace {

// The gathered rows of one product and thread: what stays in L2 beside a pair of panels. Their number is a
// multiple of the tallest tile.
constexpr size_t kGatherBytes = size_t{1} << 20U;
constexpr size_t kTileRows = 32, kLeastRows = 64;
constexpr size_t kChunkRows = 16;  // of floats on their way to narrower elements

size_t block_rows(size_t inputs, size_t element_bytes) {
  return std::max(kLeastRows, kGatherBytes / (inputs * element_bytes) / kTileRows * kTileRows);
}

// The 9 places around pixels, one row for each.
template <typename Element>
class Places {
 public:
  explicit Places(const Maps<const Element>& x) : x_(x), channels_(x.pixels.cols) {}

  // With bytes instead of floats. scales: of each pixel's own bytes.
  void set_scales(const float* scales) noexcept { scales_ = scales; }

  // Row r of `to` becomes the places around pixel first + r, zeros where the map ends.
  void operator()(size_t first, Span2<Element> to) const {
    const size_t bytes = channels_ * sizeof(Element), stride = x_.pixels.stride;
    const bool dense = stride == channels_;  // neighbours are one piece of memory
    for (size_t r = 0; r < to.rows; ++r) {
      const Around around(x_.sides, first + r);
      for (size_t dy = 0; dy < 3; ++dy) {
        Element* const place = to.row(r) + dy * 3 * channels_;
        if (!around.inside(dy)) {
          std::memset(place, 0, 3 * bytes);
          continue;
        }
        const Element* const from = x_.pixels.row(around.row(dy));
        if (dense && around.columns == 3) {
          std::memcpy(place, from, 3 * bytes);
          continue;
        }
        if (around.begin == 1) std::memset(place, 0, bytes);
        for (size_t i = 0; i < around.columns; ++i)
          std::memcpy(place + (around.begin + i) * channels_, from + i * stride, bytes);
        if (around.begin + around.columns == 2) std::memset(place + 2 * channels_, 0, bytes);
      }
    }
  }

  // Rows [slot, slot + count) of `to`: the same as bytes. The largest of nine pixels' scales is that of all
  // nine.
  void quantize(size_t first, size_t count, const QuantizedRows& to, size_t slot,
                const kernels::Kernels& kernels) const noexcept {
    for (size_t r = 0; r < count; ++r) {
      const Around around(x_.sides, first + r);
      float scale = 0;
      for (size_t dy = 0; dy < 3; ++dy) {
        for (size_t i = 0; around.inside(dy) && i < around.columns; ++i) {
          const float other = scales_[around.row(dy) + i];
          if (!(other <= scale)) scale = other;  // NaN stays
        }
      }
      int8_t* place = to.q + (slot + r) * to.ldq;
      to.scale[slot + r] = scale;
      std::memset(place, 0, 9 * channels_);
      kernels::QuantizeByArgs args;
      args.rows = around.columns;
      args.width = args.ldq = channels_;
      args.ldx = x_.pixels.stride;
      args.inverse = scale > 0 ? 1 / scale : 0;
      for (size_t dy = 0; dy < 3; ++dy) {
        if (!around.inside(dy)) continue;
        args.x = row_of(around.row(dy));
        args.q = place + (3 * dy + around.begin) * channels_;
        kernels.quantize_by_s8(args);
      }
    }
  }

 private:
  // Which of the 3 x 3 places around a pixel lie in its map.
  struct Around {
    size_t pixel, y, height, width, begin, columns;  // columns begin .. begin + columns of 3
    Around(Sides sides, size_t at) noexcept : pixel(at), height(sides.height), width(sides.width) {
      const size_t place = at % sides.area(), x = place % width;
      y = place / width;
      begin = x == 0 ? 1 : 0;
      columns = 3 - begin - (x + 1 == width ? 1 : 0);
    }
    bool inside(size_t dy) const noexcept { return y + dy != 0 && y + dy <= height; }
    size_t row(size_t dy) const noexcept {
      return pixel + dy * width + begin - width - 1;
    }  // its first pixel
  };
  const float* row_of(size_t pixel) const noexcept {
    if constexpr (std::is_same_v<Element, float>) return x_.pixels.row(pixel);
    return nullptr;
  }

  Maps<const Element> x_;
  size_t channels_;
  const float* scales_ = nullptr;
};

// Row r of `to`: the 9 places around pixel 2 r of pixels [n, 3, H, W], in both directions.
void gather_halving(std::span<const float> pixels, Sides sides, size_t first, Span2f to) {
  const Sides half{ceil_div(sides.height, 2), ceil_div(sides.width, 2)};
  for (size_t r = 0; r < to.rows; ++r) {
    const size_t pixel = first + r, at = pixel % half.area();
    const float* picture = pixels.data() + pixel / half.area() * 3 * sides.area();
    const size_t top = at / half.width * 2, left = at % half.width * 2;  // one more than the first place's
    float* place = to.row(r);
    for (size_t dy = 0; dy < 3; ++dy) {
      const bool inside = top + dy != 0 && top + dy <= sides.height;
      for (size_t dx = 0; dx < 3; ++dx, place += 3) {
        if (!inside || left + dx == 0 || left + dx > sides.width) {
          std::fill_n(place, 3, 0.0F);
          continue;
        }
        const float* from = picture + (top + dy - 1) * sides.width + left + dx - 1;
        for (size_t c = 0; c < 3; ++c) place[c] = from[c * sides.area()];
      }
    }
  }
}

// Gathered rows in the type of the product: `threads` times block_rows of them.
template <typename Source, typename Element>
class Gathered {
 public:
  Gathered(const Linear& product, size_t threads, Workspace& ws)
      : inputs_(product.inputs()),
        int8_(product.int8()),
        block_(block_rows(inputs_, int8_ ? 1 : sizeof(Element))) {
    if (int8_) {
      quantized_ = QuantizedRows::take(ws, threads * block_, inputs_);
    } else {
      rows_ = take_rows<Element>(ws, threads * block_, inputs_);
    }
    if (int8_ || !std::is_same_v<Source, Element>) chunks_ = ws.take(threads * kChunkRows, inputs_);
  }

  size_t block() const noexcept { return block_; }

  // Rows [slot, slot + count) become those of gather(first, rows); `thread`: a number of the caller's own.
  template <typename Gather>
  void fill(const Gather& gather, size_t first, size_t count, size_t slot, size_t thread,
            const Engine& engine) const {
    if constexpr (std::is_same_v<Source, Element>) {
      if (!int8_) return gather(first, rows_.sub_rows(slot, count));
    }
    if constexpr (std::is_same_v<Gather, Places<float>>) {
      return gather.quantize(first, count, quantized_, slot, engine.kernels);
    }
    if constexpr (std::is_same_v<Source, float>) {
      for (size_t done = 0; done < count; done += kChunkRows) {
        const Span2f chunk = chunks_.sub_rows(thread * kChunkRows, std::min(kChunkRows, count - done));
        gather(first + done, chunk);
        narrow(chunk, slot + done, engine);
      }
    }
  }

  Operand operand(size_t slot, size_t count) const noexcept {
    if (int8_) return quantized_.operand(count, inputs_, slot);
    if constexpr (std::is_same_v<Element, float>) {
      return {count, inputs_, rows_.sub_rows(slot, count)};
    } else {
      return operand_of(rows_.sub_rows(slot, count));
    }
  }

 private:
  void narrow(Span2f chunk, size_t slot, const Engine& engine) const noexcept {
    if (int8_) {
      quantized_.fill(slot, chunk, engine.kernels);
    } else if constexpr (std::is_same_v<Element, uint16_t>) {
      engine.kernels.round_bf16(
          {chunk.rows, chunk.cols, chunk.data, chunk.stride, rows_.row(slot), rows_.stride});
    }
  }

  size_t inputs_;
  bool int8_;
  size_t block_;
  Span2<Element> rows_;
  QuantizedRows quantized_;
  Span2f chunks_;
};

template <typename Element>
size_t gathered_floats(size_t inputs, size_t threads) {
  return row_floats<Element>(threads * block_rows(inputs, sizeof(Element)), inputs);
}

}  // namespace

// Where there are many rows every thread gathers and multiplies its own, which stay in its L2; where there
// are few, all gather and then share the columns of the weight.
template <typename Source, typename Element, typename Gather>
void Convolution::multiply(const Gather& gather, Span2<Element> y, Workspace& ws,
                           const Engine& engine) const {
  const Workspace::Scope scope(ws);
  const size_t threads = engine.pool.size();
  const Gathered<Source, Element> rows(product_, threads, ws);
  if (y.rows >= threads * kLeastRows && engine.probe == nullptr) {
    engine.pool.parallel_for(threads, [&](size_t part) {
      const size_t begin = y.rows * part / threads, end = y.rows * (part + 1) / threads;
      for (size_t first = begin; first < end; first += rows.block()) {
        const size_t count = std::min(rows.block(), end - first), slot = part * rows.block();
        rows.fill(gather, first, count, slot, part, engine);
        product_.forward_alone<Element>(rows.operand(slot, count), y.sub_rows(first, count), engine,
                                        kernels::Act::relu, {});
      }
    });
    return;
  }
  const size_t most = threads * rows.block();
  for (size_t first = 0; first < y.rows; first += most) {
    const size_t count = std::min(most, y.rows - first), parts = std::min(threads, count);
    engine.pool.parallel_for(parts, [&](size_t part) {
      const size_t begin = count * part / parts, end = count * (part + 1) / parts;
      rows.fill(gather, first + begin, end - begin, begin, part, engine);
    });
    product_.forward(rows.operand(0, count), y.sub_rows(first, count), engine, kernels::Act::relu);
  }
}

template <typename Element>
void Convolution::forward(const Maps<const Element>& x, Span2<Element> y, Workspace& ws,
                          const Engine& engine) const {
  const Workspace::Scope scope(ws);
  Places<Element> places(x);
  if constexpr (std::is_same_v<Element, float>) {
    if (product_.int8()) {  // of these bytes only the scales are used
      const QuantizedRows own = QuantizedRows::take(ws, x.pixels.rows, x.pixels.cols);
      engine.parallel_ranges(x.pixels.rows, [&](size_t first, size_t count) {
        own.fill(first, x.pixels.sub_rows(first, count), engine.kernels);
      });
      places.set_scales(own.scale);
    }
  }
  multiply<Element>(places, y, ws, engine);
}

template <typename Element>
void Convolution::forward_halving(std::span<const float> pixels, Sides sides, Span2<Element> y, Workspace& ws,
                                  const Engine& engine) const {
  multiply<float>([&](size_t first, Span2f to) { gather_halving(pixels, sides, first, to); }, y, ws, engine);
}

template void Convolution::forward(const Maps<const float>&, Span2f, Workspace&, const Engine&) const;
template void Convolution::forward(const Maps<const uint16_t>&, Span2b, Workspace&, const Engine&) const;
template void Convolution::forward_halving(std::span<const float>, Sides, Span2f, Workspace&,
                                           const Engine&) const;
template void Convolution::forward_halving(std::span<const float>, Sides, Span2b, Workspace&,
                                           const Engine&) const;

size_t convolution_workspace_floats(size_t inputs, size_t pixels, Precision precision,
                                    size_t threads) noexcept {
  const size_t chunks = threads * workspace_floats(kChunkRows, inputs);
  const size_t wide = gathered_floats<float>(inputs, threads) + chunks;
  if (precision == Precision::bf16)
    return std::max(wide, gathered_floats<uint16_t>(inputs, threads) + chunks);
  if (precision == Precision::f32) return wide;
  return std::max(wide, QuantizedRows::floats(threads * block_rows(inputs, 1), inputs) + chunks +
                            QuantizedRows::floats(pixels, inputs / 9));
}

}  // namespace simdclip
