// Any CPU. The vertical pass and the conversion to floats are plain loops over columns that compilers
// vectorize.
#include "kernels/resize/resize_scalar.inc"

namespace simdclip::kernels {

void resize_horizontal_u8_portable(const ResizeCoefficients& c, const uint8_t* in, size_t in_stride,
                                   size_t /*in_width*/, size_t rows, size_t channels, uint8_t* out,
                                   size_t out_stride) noexcept {
  horizontal_scalar(c, in, in_stride, rows, channels, out, out_stride);
}

// Columns in blocks whose sums stay in registers or L1, so that each source row is read along its length.
void resize_vertical_u8_portable(const ResizeCoefficients& c, size_t i, const uint8_t* const* rows,
                                 size_t row_bytes, uint8_t* out) noexcept {
  constexpr size_t kBlock = 64;
  const int32_t* w = c.weights + i * c.taps;
  size_t x = 0;
  for (; x + kBlock <= row_bytes; x += kBlock) {
    int32_t sum[kBlock];
    for (size_t b = 0; b < kBlock; ++b) sum[b] = kRounding;
    for (int32_t j = 0; j < c.count[i]; ++j) {
      const uint8_t* row = rows[j] + x;
      for (size_t b = 0; b < kBlock; ++b) sum[b] += row[b] * w[j];
    }
    for (size_t b = 0; b < kBlock; ++b) out[x + b] = clamp_to_byte(sum[b]);
  }
  vertical_scalar(c, i, rows, x, row_bytes, out);
}

void pixels_to_float_portable(const uint8_t* rgb, size_t width, const float* mean, const float* std,
                              float* out, size_t plane) noexcept {
  pixels_scalar(rgb, 0, width, mean, std, out, plane);
}

}  // namespace simdclip::kernels
