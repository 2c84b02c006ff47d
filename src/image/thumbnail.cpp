#include "image/thumbnail.h"

#include <jpeglib.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "image/decode.h"
#include "image/jpeg_reader.h"
#include "image/rows.h"

namespace simdclip {
namespace {

constexpr int kQuality = 80;

Image decode_small(const EncodedImage& in, uint32_t side) {
  if (sniff_format(in.bytes) != ImageFormat::jpeg) return decode_image(in.bytes, in.options, in.name);
  JpegReader reader(in);
  const uint32_t longer = std::max(reader.width(), reader.height());
  uint32_t denominator = 1;
  while (denominator < 8 && longer / (2 * denominator) >= side) denominator *= 2;
  if (denominator > 1) reader.scale_down(denominator);
  Image image = make_image(reader.width(), reader.height(), reader.mode());
  reader.read(image.pixels.data(), size_t{image.width} * bytes_per_pixel(image.mode), image.height);
  image.orientation = reader.orientation();
  return in.options.apply_orientation && image.orientation != 1 ? apply_orientation(image) : image;
}

// Means over boxes of source pixels: [height, width, 3].
std::vector<uint8_t> shrink(const Image& image, uint32_t width, uint32_t height) {
  const PixelFormat format = pixel_format(image);
  const size_t stride = size_t{image.width} * bytes_per_pixel(image.mode);
  std::vector<uint8_t> rgb(size_t{image.width} * 3), out(size_t{width} * height * 3);
  std::vector<uint64_t> sums(size_t{width} * 3), counts(width);
  for (uint32_t y = 0; y < height; ++y) {
    const uint64_t begin = uint64_t{y} * image.height / height,
                   end = std::max(begin + 1, uint64_t{y + 1} * image.height / height);
    std::fill(sums.begin(), sums.end(), 0);
    std::fill(counts.begin(), counts.end(), 0);
    for (uint64_t row = begin; row < end; ++row) {
      row_to_rgb(format, image.pixels.data() + row * stride, image.width, rgb.data());
      for (uint32_t x = 0; x < width; ++x) {
        const uint64_t left = uint64_t{x} * image.width / width,
                       right = std::max(left + 1, uint64_t{x + 1} * image.width / width);
        for (uint64_t column = left; column < right; ++column) {
          for (size_t c = 0; c < 3; ++c) sums[3 * x + c] += rgb[3 * column + c];
        }
        counts[x] += right - left;
      }
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      out[size_t{y} * width * 3 + i] = static_cast<uint8_t>((sums[i] + counts[i / 3] / 2) / counts[i / 3]);
    }
  }
  return out;
}

// libjpeg ends the process on an error unless it is told otherwise.
struct Failure {
  jpeg_error_mgr manager;
  std::jmp_buf target;
};
void jump(j_common_ptr info) { std::longjmp(reinterpret_cast<Failure*>(info->err)->target, 1); }
void say_nothing(j_common_ptr) {}

bool compress(const uint8_t* rgb, uint32_t width, uint32_t height, unsigned char** out, unsigned long* size) {
  jpeg_compress_struct jpeg;
  Failure failure;
  jpeg.err = jpeg_std_error(&failure.manager);
  failure.manager.error_exit = jump;
  failure.manager.output_message = say_nothing;
  if (setjmp(failure.target) != 0) {
    jpeg_destroy_compress(&jpeg);
    return false;
  }
  jpeg_create_compress(&jpeg);
  jpeg_mem_dest(&jpeg, out, size);
  jpeg.image_width = width;
  jpeg.image_height = height;
  jpeg.input_components = 3;
  jpeg.in_color_space = JCS_RGB;
  jpeg_set_defaults(&jpeg);
  jpeg_set_quality(&jpeg, kQuality, TRUE);
  jpeg_start_compress(&jpeg, TRUE);
  while (jpeg.next_scanline < height) {
    JSAMPROW row = const_cast<uint8_t*>(rgb + size_t{jpeg.next_scanline} * width * 3);
    jpeg_write_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_compress(&jpeg);
  jpeg_destroy_compress(&jpeg);
  return true;
}

}  // namespace

std::vector<std::byte> make_thumbnail(std::span<const std::byte> bytes, const std::string& name,
                                      uint32_t side, bool apply_orientation, uint32_t& width,
                                      uint32_t& height) {
  DecodeOptions options;
  options.apply_orientation = apply_orientation;
  const Image image = decode_small({bytes, options, name}, side);
  const uint32_t longer = std::max(image.width, image.height);
  const auto scaled = [&](uint32_t x) {
    return longer <= side ? x : std::max<uint32_t>(1, static_cast<uint32_t>(uint64_t{x} * side / longer));
  };
  width = scaled(image.width);
  height = scaled(image.height);
  const std::vector<uint8_t> rgb = shrink(image, width, height);
  unsigned char* jpeg = nullptr;
  unsigned long size = 0;
  const bool done = compress(rgb.data(), width, height, &jpeg, &size);
  const std::unique_ptr<unsigned char, void (*)(void*)> owner(jpeg, std::free);
  if (!done) throw std::bad_alloc();
  const auto* first = reinterpret_cast<const std::byte*>(jpeg);
  return {first, first + size};
}

}  // namespace simdclip
