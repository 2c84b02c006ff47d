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

  uint32_t width() const noexcept;
  uint32_t height() const noexcept;
  PixelMode mode() const noexcept;  // grey, rgb or cmyk
  int orientation() const noexcept;

  // Decodes the next `count` rows: [count, width, bytes_per_pixel(mode)]. Error damaged when the file ends before them.
  void read(uint8_t* rows, size_t stride, size_t count);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simdclip
