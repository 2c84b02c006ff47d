// The two passes of Pillow's resample on 8-bit pixels: fixed-point weights with 22 fractional bits, each pass rounded and clamped to a byte.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

// Output sample i is clamp((2^21 + sum_j in[first[i] + j] * weight[i * taps + j]) >> 22), j < count[i].
struct ResizeCoefficients {
  size_t size = 0;                    // output samples
  size_t taps = 0;                    // stride of the weights
  const int32_t* first = nullptr;     // [size]
  const int32_t* count = nullptr;     // [size], <= taps
  const int32_t* weights = nullptr;   // [size, taps]
};

// in: [rows, in_width, channels], out: [rows, coefficients.size, channels]; channels 1 to 4; row strides in bytes.
using ResizeHorizontalFn = void(const ResizeCoefficients& coefficients, const uint8_t* in, size_t in_stride, size_t in_width, size_t rows,
                                size_t channels, uint8_t* out, size_t out_stride) noexcept;

// in: [in_rows, row_bytes], out: [coefficients.size, row_bytes]; row strides in bytes.
using ResizeVerticalFn = void(const ResizeCoefficients& coefficients, const uint8_t* in, size_t in_stride, size_t row_bytes, uint8_t* out,
                              size_t out_stride) noexcept;

// HWC RGB bytes -> CHW floats: out[c][y][x] = (in / 255 - mean[c]) / std[c], in torchvision's operations and order.
using PixelsToFloatFn = void(const uint8_t* rgb, size_t stride, size_t height, size_t width, const float* mean, const float* std,
                             float* out) noexcept;

}  // namespace simdclip::kernels
