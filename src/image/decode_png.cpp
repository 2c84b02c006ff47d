// PNG by libpng, which keeps bit depth, palette and transparency apart as Pillow's modes need them.
#if defined(SIMDCLIP_HAVE_PNG)

#include <png.h>

#include <bit>
#include <cstring>
#include <memory>
#include <vector>

#include "image/decode.h"
#include "image/exif.h"

namespace simdclip {
namespace {

// A chunk that must be held in memory at once: profiles and texts that nobody reads here.
constexpr png_alloc_size_t kMaxChunk = 16 << 20;

// libpng's structures and what went wrong. Freed in every case.
struct Png {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const uint8_t* data = nullptr;
  size_t size = 0, at = 0;
  bool truncated = false;
  char message[128] = {};

  ~Png() { png_destroy_read_struct(&png, &info, nullptr); }
};

[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  Png& state = *static_cast<Png*>(png_get_error_ptr(png));
  std::strncpy(state.message, message, sizeof state.message - 1);
  png_longjmp(png, 1);
}
void on_warning(png_structp, png_const_charp) {}

void read_bytes(png_structp png, png_bytep out, size_t n) {
  Png& state = *static_cast<Png*>(png_get_io_ptr(png));
  if (n > state.size - state.at) {
    state.truncated = true;
    png_error(png, "the file ends too early");
  }
  std::memcpy(out, state.data + state.at, n);
  state.at += n;
}

[[noreturn]] void throw_error(const EncodedImage& in, const Png& state) {
  if (state.truncated) fail_damaged(in, "PNG data ends after ", in.size(), " bytes");
  fail_damaged(in, "PNG data: ", state.message);
}

// Runs f, which holds nothing that needs a destructor; false when libpng reported an error.
template <typename F>
bool guarded(Png& state, F f) {
  if (setjmp(png_jmpbuf(state.png)) != 0) return false;
  f();
  return true;
}

// Pillow's mode for the file's colour type and bit depth, and libpng set up to deliver it.
PixelMode configure(png_structp png, int color, int depth) {
  if (depth < 8) png_set_packing(png);
  switch (color) {
    case PNG_COLOR_TYPE_PALETTE: return PixelMode::palette;
    case PNG_COLOR_TYPE_GRAY:
      if (depth == 1) return PixelMode::bilevel;
      if (depth == 16) {
        if constexpr (std::endian::native == std::endian::little) png_set_swap(png);
        return PixelMode::grey16;
      }
      if (depth < 8) png_set_expand_gray_1_2_4_to_8(png);
      return PixelMode::grey;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      if (depth == 8) return PixelMode::grey_alpha;
      png_set_strip_16(png);
      png_set_gray_to_rgb(png);
      return PixelMode::rgba;
    default:
      if (depth == 16) png_set_strip_16(png);
      return color == PNG_COLOR_TYPE_RGB ? PixelMode::rgb : PixelMode::rgba;
  }
}

void read_palette(const Png& state, Image& image) {
  set_default_palette(image);
  png_colorp colors = nullptr;
  int count = 0;
  if (png_get_PLTE(state.png, state.info, &colors, &count) != 0) {
    for (int i = 0; i < count; ++i) {
      uint8_t* entry = image.palette.data() + 4 * i;
      entry[0] = colors[i].red;
      entry[1] = colors[i].green;
      entry[2] = colors[i].blue;
    }
  }
}

void read_transparency(const Png& state, int depth, Image& image) {
  png_bytep alpha = nullptr;
  int count = 0;
  png_color_16p color = nullptr;
  if (png_get_tRNS(state.png, state.info, &alpha, &count, &color) == 0) return;
  image.has_transparency = true;
  if (image.mode == PixelMode::palette) {
    for (int i = 0; i < count && i < 256; ++i) image.palette[static_cast<size_t>(4 * i + 3)] = alpha[i];
  } else if (image.mode == PixelMode::rgb) {
    image.transparent = {color->red, color->green, color->blue};
  } else {
    const uint16_t grey = depth == 1 ? (color->gray != 0 ? 255 : 0) : color->gray;
    image.transparent = {grey, grey, grey};
  }
}

int read_orientation(const Png& state) {
  png_uint_32 size = 0;
  png_bytep exif = nullptr;
  if (png_get_eXIf_1(state.png, state.info, &size, &exif) != 0) {
    if (const int orientation = exif_orientation({exif, size})) return orientation;
  }
  png_textp texts = nullptr;
  const int count = png_get_text(state.png, state.info, &texts, nullptr);
  for (int i = 0; i < count; ++i) {
    if (std::strcmp(texts[i].key, "XML:com.adobe.xmp") != 0 || texts[i].text == nullptr) continue;
    if (const int orientation = xmp_orientation(texts[i].text)) return orientation;
  }
  return 1;
}

}  // namespace

Image decode_png(const EncodedImage& in) {
  Png state;
  state.data = in.data();
  state.size = in.size();
  state.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state, on_error, on_warning);
  state.info = state.png == nullptr ? nullptr : png_create_info_struct(state.png);
  if (state.info == nullptr) throw std::bad_alloc();
  png_uint_32 width = 0, height = 0;
  int depth = 0, color = 0;
  if (!guarded(state, [&] {
        png_set_read_fn(state.png, &state, read_bytes);
        png_set_user_limits(state.png, 0x7FFFFFFF, 0x7FFFFFFF);  // ours are checked below
        png_set_chunk_malloc_max(state.png, kMaxChunk);
        png_set_crc_action(state.png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
        png_read_info(state.png, state.info);
        png_get_IHDR(state.png, state.info, &width, &height, &depth, &color, nullptr, nullptr, nullptr);
      })) {
    throw_error(in, state);
  }
  check_dimensions(in, "PNG", width, height);
  PixelMode mode = PixelMode::rgb;
  size_t row_bytes = 0;
  if (!guarded(state, [&] {
        mode = configure(state.png, color, depth);
        png_set_interlace_handling(state.png);
        png_read_update_info(state.png, state.info);
        row_bytes = png_get_rowbytes(state.png, state.info);
      })) {
    throw_error(in, state);
  }
  Image image = make_image(width, height, mode);
  if (row_bytes != size_t{width} * bytes_per_pixel(mode))
    fail_damaged(in, "PNG rows of ", row_bytes, " bytes");
  if (mode == PixelMode::palette) read_palette(state, image);
  read_transparency(state, depth, image);
  std::vector<png_bytep> rows(height);
  for (size_t y = 0; y < height; ++y) rows[y] = image.pixels.data() + y * row_bytes;
  if (!guarded(state, [&] { png_read_image(state.png, rows.data()); })) throw_error(in, state);
  // What follows the pixels may hold the orientation; when it is damaged, the pixels are still whole.
  guarded(state, [&] { png_read_end(state.png, state.info); });
  if (mode == PixelMode::bilevel) {
    for (uint8_t& v : image.pixels) v = static_cast<uint8_t>(v != 0 ? 255 : 0);
  }
  image.orientation = read_orientation(state);
  return image;
}

}  // namespace simdclip

#endif
