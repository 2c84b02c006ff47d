#include "image/resampler.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace simdclip {
namespace {

// Rows that share the loads of the horizontal weights.
constexpr size_t kBatch = 16;
constexpr size_t kPendingRows = 4;

}  // namespace

Resampler::Resampler(const ResizeGeometry& g, Interpolation interpolation, size_t channels,
                     const kernels::Kernels& kernels, Emit emit)
    : geometry_(g),
      channels_(channels),
      kernels_(kernels),
      emit_(std::move(emit)),
      horizontal_(g.in_width != g.out_width),
      vertical_(g.in_height != g.out_height),
      vertical_first_(g.vertical_first && vertical_) {
  first_row_ = g.top;
  end_row_ = g.top + g.height;
  if (vertical_) {
    rows_ =
        Coefficients(g.in_height, g.out_height, interpolation, g.top, g.top + g.height, false, g.mirror_y);
    first_row_ = rows_.first(0);
    end_row_ = rows_.end(g.height - 1);
  }
  first_column_ = g.left;
  end_column_ = g.left + g.width;
  if (horizontal_) {
    columns_ =
        Coefficients(g.in_width, g.out_width, interpolation, g.left, g.left + g.width, true, g.mirror_x);
    first_column_ = columns_.first(0);
    end_column_ = columns_.end(g.width - 1);
  }
  pushed_ = first_row_;

  // Horizontal first: slots hold finished columns. Vertical first: slots hold the source columns that are
  // needed.
  const bool source_columns = vertical_first_ && horizontal_;
  row_offset_ = (source_columns ? first_column_ : 0) * channels_;
  row_bytes_ = (source_columns ? end_column_ - first_column_ : g.width) * channels_;
  // An odd number of cache lines: the rows of a window do not fall into the same sets.
  ring_stride_ = ((row_bytes_ + kCacheLine - 1) / kCacheLine | 1) * kCacheLine;
  ring_rows_ = (vertical_ ? rows_.largest_count() : 1) + kBatch;
  ring_ = AlignedBuffer<uint8_t>(ring_rows_ * ring_stride_);
  window_.resize(std::max<size_t>(1, rows_.largest_count()));
  const size_t crop_bytes = size_t{g.width} * channels_;
  out_rows_ = AlignedBuffer<uint8_t>(std::max(kPendingRows * crop_bytes, row_bytes_));
  // A slot of pending rows is a whole source row long: column windows are counted from the row's beginning.
  if (source_columns) pending_rows_ = AlignedBuffer<uint8_t>(kPendingRows * size_t{g.in_width} * channels_);
}

void Resampler::push(const uint8_t* rows, size_t stride, size_t count) {
  while (count > 0 && !done()) {
    const size_t slot = pushed_ % ring_rows_;
    const size_t batch =
        std::min({count, kBatch, ring_rows_ - slot, static_cast<size_t>(end_row_ - pushed_)});
    store(rows, stride, batch);
    pushed_ += static_cast<uint32_t>(batch);
    rows += batch * stride;
    count -= batch;
    emit_ready();
  }
}

void Resampler::store(const uint8_t* rows, size_t stride, size_t count) {
  uint8_t* slot = ring_.data() + pushed_ % ring_rows_ * ring_stride_;
  if (horizontal_ && !vertical_first_) {
    kernels_.resize_horizontal_u8(columns_.view(), rows, stride, geometry_.in_width, count, channels_, slot,
                                  ring_stride_);
    return;
  }
  const size_t offset = horizontal_ ? row_offset_ : size_t{geometry_.left} * channels_;
  for (size_t r = 0; r < count; ++r)
    std::memcpy(slot + r * ring_stride_, rows + r * stride + offset, row_bytes_);
}

const uint8_t* const* Resampler::window(uint32_t i) {
  for (uint32_t y = rows_.first(i); y < rows_.end(i); ++y) {
    window_[y - rows_.first(i)] = ring_.data() + y % ring_rows_ * ring_stride_;
  }
  return window_.data();
}

void Resampler::emit_ready() {
  while (computed_ < geometry_.height) {
    const uint32_t i = computed_;
    const uint32_t needed = vertical_ ? rows_.end(i) : geometry_.top + i + 1;
    if (needed > pushed_) return;
    ++computed_;
    if (!vertical_) {
      emit_row(ring_.data() + (geometry_.top + i) % ring_rows_ * ring_stride_);
    } else if (vertical_first_ && horizontal_) {
      uint8_t* row = pending_rows_.data() + pending_ * geometry_.in_width * channels_;
      kernels_.resize_vertical_u8(rows_.view(), i, window(i), row_bytes_, row + row_offset_);
      if (++pending_ == kPendingRows || computed_ == geometry_.height) flush_pending();
    } else {
      kernels_.resize_vertical_u8(rows_.view(), i, window(i), row_bytes_, out_rows_.data());
      emit_row(out_rows_.data());
    }
  }
}

void Resampler::flush_pending() {
  const size_t crop_bytes = size_t{geometry_.width} * channels_;
  kernels_.resize_horizontal_u8(columns_.view(), pending_rows_.data(), size_t{geometry_.in_width} * channels_,
                                geometry_.in_width, pending_, channels_, out_rows_.data(), crop_bytes);
  for (size_t r = 0; r < pending_; ++r) emit_row(out_rows_.data() + r * crop_bytes);
  pending_ = 0;
}

void Resampler::emit_row(const uint8_t* row) { emit_(emitted_++, row); }

}  // namespace simdclip
