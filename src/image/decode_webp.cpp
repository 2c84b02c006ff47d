// WebP by libwebp: the first frame of the canvas, as Pillow reads it.
#include "image/decode.h"

#if defined(SIMDCLIP_HAVE_WEBP)

#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

#include "image/exif.h"

namespace simdclip {
namespace {

int read_orientation(const WebPDemuxer* demuxer) {
  WebPChunkIterator chunk;
  if (WebPDemuxGetChunk(demuxer, "EXIF", 1, &chunk) != 0) {
    const int orientation = exif_orientation({chunk.chunk.bytes, chunk.chunk.size});
    WebPDemuxReleaseChunkIterator(&chunk);
    if (orientation != 0) return orientation;
  }
  if (WebPDemuxGetChunk(demuxer, "XMP ", 1, &chunk) != 0) {
    const int orientation =
        xmp_orientation({reinterpret_cast<const char*>(chunk.chunk.bytes), chunk.chunk.size});
    WebPDemuxReleaseChunkIterator(&chunk);
    if (orientation != 0) return orientation;
  }
  return 1;
}

}  // namespace

Image decode_webp(const EncodedImage& in) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(in.data(), in.size(), &features) != VP8_STATUS_OK)
    fail_damaged(in, "WebP header cannot be read");
  check_dimensions(in, "WebP", static_cast<uint64_t>(features.width), static_cast<uint64_t>(features.height));
  const WebPData data{in.data(), in.size()};
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0)
    fail(ErrorCode::unsupported, in.name, ": libwebp of another version than its header");
  const std::unique_ptr<WebPAnimDecoder, void (*)(WebPAnimDecoder*)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  WebPAnimInfo info;
  if (decoder == nullptr || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0)
    fail_damaged(in, "WebP structure is broken or cut off");
  check_dimensions(in, "WebP", info.canvas_width, info.canvas_height);
  uint8_t* canvas = nullptr;
  int timestamp = 0;
  if (WebPAnimDecoderGetNext(decoder.get(), &canvas, &timestamp) == 0)
    fail_damaged(in, "WebP picture data is broken or cut off");
  Image image = make_image(info.canvas_width, info.canvas_height,
                           features.has_alpha != 0 ? PixelMode::rgba : PixelMode::rgb);
  const size_t pixels = size_t{info.canvas_width} * info.canvas_height;
  if (image.mode == PixelMode::rgba) {
    std::memcpy(image.pixels.data(), canvas, 4 * pixels);
  } else {
    for (size_t i = 0; i < pixels; ++i) std::memcpy(image.pixels.data() + 3 * i, canvas + 4 * i, 3);
  }
  image.orientation = read_orientation(WebPAnimDecoderGetDemuxer(decoder.get()));
  return image;
}

}  // namespace simdclip

#else

namespace simdclip {

Image decode_webp(const EncodedImage& in) {
  fail(ErrorCode::unsupported, in.name,
       ": this is a WebP picture, and this build was made without libwebp; install libwebp-dev and build "
       "again");
}

}  // namespace simdclip

#endif
