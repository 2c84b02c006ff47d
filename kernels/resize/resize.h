// The two passes of Pillow's resample on 8-bit pixels: fixed-point weights with 22 fractional bits, each pass
// rounded and clamped to a byte. All sums are exact integers, so every instruction set gives Pillow's bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace simdclip::kernels {

// Output sample i is clamp((2^21 + sum_j in[first[i] + j] * weights[i * taps + j]) >> 22), j < count[i].
// |weight| < 2^23. The narrow forms hold the same number, for multiply-adds on narrow operands:
//   weight = high * 4096 + low                        (vpmaddwd: u8 widened to 16 bits)
//   weight = digit0 + digit1 * 2^8 + digit2 * 2^16    (vpdpbusd: u8 times s8)
// Every array is zero from count[i] to taps. Windows lie inside the row.
struct ResizeCoefficients {
  size_t size = 0;                   // output samples
  size_t taps = 0;                   // stride of the weights, a multiple of 16
  const int32_t* first = nullptr;    // [size]
  const int32_t* count = nullptr;    // [size], <= taps
  const int32_t* weights = nullptr;  // [size, taps]
  const int16_t* low = nullptr;      // [size, taps]
  const int16_t* high = nullptr;     // [size, taps]
  const int8_t* digits[3] = {};      // [size, taps] each
  bool grouped = false;              // every count is a multiple of 4
};

// in: [rows, in_width, channels], out: [rows, coefficients.size, channels]; channels 1, 3 or 4; row strides
// in bytes. Reads and writes nothing outside the rows.
using ResizeHorizontalFn = void(const ResizeCoefficients& coefficients, const uint8_t* in, size_t in_stride,
                                size_t in_width, size_t rows, size_t channels, uint8_t* out,
                                size_t out_stride) noexcept;

// Output row i of the coefficients. rows: the count[i] source rows from first[i] on, row_bytes each; out:
// [row_bytes].
using ResizeVerticalFn = void(const ResizeCoefficients& coefficients, size_t i, const uint8_t* const* rows,
                              size_t row_bytes, uint8_t* out) noexcept;

// One row of RGB bytes -> three rows of floats, `plane` floats apart: (value / 255 - mean[c]) / std[c], in
// torchvision's operations and order, each rounded to f32.
using PixelsToFloatFn = void(const uint8_t* rgb, size_t width, const float* mean, const float* std,
                             float* out, size_t plane) noexcept;

}  // namespace simdclip::kernels
