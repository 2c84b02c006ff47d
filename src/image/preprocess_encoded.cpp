#include <algorithm>

#include "image/jpeg_reader.h"
#include "image/pipeline.h"
#include "image/preprocess.h"

namespace simdclip {
namespace {

// Rows in flight between decoder and resize: two rows of the largest blocks, which stay in L2.
constexpr uint32_t kRows = 32;

// The largest of 1, 2, 4, 8 by which the upright picture can shrink and still be half as large again as its
// resized form: what remains for the exact filter hides most of the coarser one (docs/images.md).
uint32_t fast_denominator(const ResizeGeometry& g) {
  const auto enough = [](uint32_t in, uint32_t out, uint32_t denominator) {
    return uint64_t{in} * 2 >= uint64_t{out} * 3 * denominator;
  };
  uint32_t denominator = 8;
  while (denominator > 1 &&
         !(enough(g.in_width, g.out_width, denominator) && enough(g.in_height, g.out_height, denominator))) {
    denominator /= 2;
  }
  return denominator;
}

PixelSize stream_jpeg(JpegReader& reader, const DecodeOptions& options, const PreprocessConfig& config,
                      const TargetSize& target, std::span<float> whole, const kernels::Kernels& kernels) {
  const int orientation = options.apply_orientation ? reader.orientation() : 1;
  const bool swap = turn_of(orientation).swap;
  const auto upright_width = [&] { return swap ? reader.height() : reader.width(); };
  const auto upright_height = [&] { return swap ? reader.width() : reader.height(); };
  const PixelSize size = picture_size(target, upright_height(), upright_width());
  const std::span<float> out = picture_part(target, size, whole);
  ResizeGeometry geometry =
      resize_geometry(upright_width(), upright_height(), config, size.height, size.width);
  if (options.fast_decode) {
    reader.scale_down(fast_denominator(geometry));
    geometry.in_width = upright_width();
    geometry.in_height = upright_height();
    geometry.vertical_first = vertical_pass_first(geometry);
  }
  Pipeline pipeline({.mode = reader.mode()}, geometry, config, out, kernels, orientation);
  const Resampler& needs = pipeline.needs();
  reader.keep_columns(needs.first_column(), needs.end_column());
  reader.skip(needs.first_row());
  const size_t stride = size_t{reader.width()} * bytes_per_pixel(reader.mode());
  AlignedBuffer<uint8_t> rows(kRows * stride);
  for (uint32_t y = needs.first_row(); y < needs.end_row();) {
    const uint32_t n = std::min(kRows, needs.end_row() - y);
    reader.read(rows.data(), stride, n);
    pipeline.push(rows.data(), stride, n);
    y += n;
  }
  reader.finish();
  return size;
}

}  // namespace

PixelSize preprocess_encoded(std::span<const std::byte> bytes, const DecodeOptions& options,
                             const std::string& name, const PreprocessConfig& config,
                             const TargetSize& target, std::span<float> out,
                             const kernels::Kernels& kernels) {
  if (sniff_format(bytes) == ImageFormat::jpeg && out.size() == most_floats(target)) {
    JpegReader reader({bytes, options, name});
    return stream_jpeg(reader, options, config, target, out, kernels);
  }
  return preprocess(decode_image(bytes, options, name), config, target, out, kernels);
}

void preprocess_encoded(std::span<const std::byte> bytes, const DecodeOptions& options,
                        const std::string& name, const PreprocessConfig& config, uint32_t height,
                        uint32_t width, std::span<float> out, const kernels::Kernels& kernels) {
  preprocess_encoded(bytes, options, name, config, TargetSize{.height = height, .width = width}, out,
                     kernels);
}

}  // namespace simdclip
