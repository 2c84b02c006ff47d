// Rows of a picture in, floats of the model out: conversion, resize, crop, conversion, normalization in one
// pass over the rows.
#pragma once

#include <cstdint>
#include <span>

#include "format/config.h"
#include "image/geometry.h"
#include "image/resampler.h"
#include "image/rows.h"

namespace simdclip {

// For the modes that are resized with 8-bit filters: all but palette and bilevel (NEAREST) and 16-bit grey,
// unless those are converted to RGB first.
class Pipeline {
 public:
  static bool handles(PixelMode mode, const PreprocessConfig& config) noexcept;

  // out: [3, height, width] of the upright crop. `format` is of the rows that will be pushed; its palette
  // must outlive the pipeline. `geometry` is that of the upright picture, `orientation` how the rows are
  // stored.
  Pipeline(const PixelFormat& format, const ResizeGeometry& geometry, const PreprocessConfig& config,
           std::span<float> out, const kernels::Kernels& kernels, int orientation = 1);
  Pipeline(const Pipeline&) = delete;
  Pipeline& operator=(const Pipeline&) = delete;

  // The part of the picture that the result depends on.
  const Resampler& needs() const noexcept { return resampler_; }
  // The next rows in order from needs().first_row(): [count, in_width, bytes_per_pixel(mode)], stride in
  // bytes.
  void push(const uint8_t* rows, size_t stride, size_t count);
  bool done() const noexcept { return resampler_.done(); }

 private:
  enum class Before : uint8_t { nothing, to_rgb, on_white, premultiply };
  enum class After : uint8_t { nothing, to_rgb, unpremultiply };

  void emit(uint32_t y, const uint8_t* row);
  void emit_turned(uint32_t y, const uint8_t* rgb);
  static Before before(const PixelFormat& format, const PreprocessConfig& config,
                       const ResizeGeometry& g) noexcept;
  size_t channels() const noexcept;

  PixelFormat format_;
  PreprocessConfig config_;
  ResizeGeometry geometry_;
  const kernels::Kernels& kernels_;
  std::span<float> out_;
  Before before_;
  After after_;
  AlignedBuffer<uint8_t> converted_;  // rows after `before_`
  AlignedBuffer<uint8_t> rgb_;        // one row after `after_`
  Image turned_;                      // the whole crop, where the picture is not stored upright
  Resampler resampler_;
};

// The resized and cropped row of RGB bytes as floats into row y of out [3, height, width].
void write_pixels(const uint8_t* rgb, uint32_t y, const PreprocessConfig& config, uint32_t height,
                  uint32_t width, std::span<float> out, const kernels::Kernels& kernels) noexcept;

}  // namespace simdclip
