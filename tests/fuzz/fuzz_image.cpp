// Any bytes as a picture: an Error of one of three codes, or pixels from which every instruction set,
// streamed or not, makes the same floats. The fixtures of the image tests are good further seeds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "base/cpu.h"
#include "image/preprocess.h"
#include "simdclip/error.h"

namespace {

using namespace simdclip;

constexpr uint32_t kSide = 12;

std::optional<std::vector<float>> floats(const auto& make) {
  std::vector<float> out(size_t{3} * kSide * kSide);
  try {
    make(out);
  } catch (const Error& e) {
    if (e.code() != ErrorCode::damaged && e.code() != ErrorCode::unsupported &&
        e.code() != ErrorCode::too_large)
      std::abort();
    return std::nullopt;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  DecodeOptions options;
  options.max_pixels = 1 << 18;
  options.apply_orientation = size % 2 == 1;
  PreprocessConfig config;
  config.convert_rgb_first = size % 3 == 0;
  config.resize = size % 5 == 0 ? ResizeMode::squash : ResizeMode::shortest;
  const auto whole = floats([&](std::vector<float>& out) {
    const Image image = decode_image(bytes, options, "fuzz");
    if (image.pixels.size() != size_t{image.width} * image.height * bytes_per_pixel(image.mode)) std::abort();
    preprocess(image, config, kSide, kSide, out, kernels::select_kernels(Isa::portable));
  });
  for (const Isa isa : cpu_isas()) {
    const auto streamed = floats([&](std::vector<float>& out) {
      preprocess_encoded(bytes, options, "fuzz", config, kSide, kSide, out, kernels::select_kernels(isa));
    });
    if (streamed.has_value() != whole.has_value()) std::abort();
    if (whole && std::memcmp(streamed->data(), whole->data(), whole->size() * sizeof(float)) != 0)
      std::abort();
  }
  options.fast_decode = true;
  floats([&](std::vector<float>& out) {
    preprocess_encoded(bytes, options, "fuzz", config, kSide, kSide, out,
                       kernels::select_kernels(default_isa()));
  });
  return 0;
}
