// A JPEG file, row by row: libjpeg-turbo with Pillow's settings (accurate integer DCT, fancy upsampling).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "image/decode.h"

namespace simdclip {

class JpegReader {
 public:
  // Reads the header and checks the dimensions. Errors: damaged, unsupported, too_large.
  explicit JpegReader(const EncodedImage& in);
  ~JpegReader();
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  // Of the pictures that read() gives: the file's, or a part of it after scale_down().
  uint32_t width() const noexcept;
  uint32_t height() const noexcept;
  PixelMode mode() const noexcept;  // grey, rgb or cmyk
  int orientation() const noexcept;

  // Before the first row. Decodes at 1/2, 1/4 or 1/8 of the size, rounded up.
  void scale_down(uint32_t denominator);
  // Before the first row. Columns outside [begin, end) need not be right: they are decoded only as far as a
  // block reaches.
  void keep_columns(uint32_t begin, uint32_t end);

  // Decodes the next `count` rows: [count, width, bytes_per_pixel(mode)]; what lies outside the kept columns
  // is not written. Error damaged when the file ends before them.
  void read(uint8_t* rows, size_t stride, size_t count);
  // Passes over the next `count` rows at less cost than reading them.
  void skip(size_t count);
  // Passes over all rows that are left, making sure that the file holds them.
  void finish();

 private:
  struct State;
  void start();
  std::unique_ptr<State> state_;
};

}  // namespace simdclip
