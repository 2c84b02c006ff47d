#include "image/orientation.h"

#include <cstring>
#include <utility>

#include "image/decode.h"

namespace simdclip {
namespace {

template <size_t N>
void turn_pixels(const Image& in, const Turn& turn, Image& out) {
  for (uint32_t y = 0; y < out.height; ++y) {
    uint8_t* o = out.pixels.data() + size_t{y} * out.width * N;
    for (uint32_t x = 0; x < out.width; ++x) {
      uint32_t sx = turn.swap ? y : x, sy = turn.swap ? x : y;
      if (turn.flip_x) sx = in.width - 1 - sx;
      if (turn.flip_y) sy = in.height - 1 - sy;
      std::memcpy(o + size_t{x} * N, in.pixels.data() + (size_t{sy} * in.width + sx) * N, N);
    }
  }
}

}  // namespace

Turn turn_of(int orientation) noexcept {
  switch (orientation) {
    case 2: return {false, true, false};  // FLIP_LEFT_RIGHT
    case 3: return {false, true, true};   // ROTATE_180
    case 4: return {false, false, true};  // FLIP_TOP_BOTTOM
    case 5: return {true, false, false};  // TRANSPOSE
    case 6: return {true, false, true};   // ROTATE_270: the left column becomes the top row, read from below
    case 7: return {true, true, true};    // TRANSVERSE
    case 8: return {true, true, false};   // ROTATE_90
    default: return {false, false, false};
  }
}

Image apply_orientation(const Image& image) {
  const Turn turn = turn_of(image.orientation);
  if (!turn.any()) {
    Image same = image;
    same.orientation = 1;
    return same;
  }
  Image out =
      make_image(turn.swap ? image.height : image.width, turn.swap ? image.width : image.height, image.mode);
  out.palette = image.palette;
  out.has_transparency = image.has_transparency;
  out.transparent = image.transparent;
  switch (bytes_per_pixel(image.mode)) {
    case 1: turn_pixels<1>(image, turn, out); break;
    case 2: turn_pixels<2>(image, turn, out); break;
    case 3: turn_pixels<3>(image, turn, out); break;
    default: turn_pixels<4>(image, turn, out); break;
  }
  return out;
}

}  // namespace simdclip
