// stb_image behind one door. It says of itself that it is not for untrusted files: whoever calls this has
// checked the header, the dimensions and the length first, and it gets no more memory than the picture needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace simdclip {

struct StbPixels {
  std::unique_ptr<void, void (*)(void*)>
      pixels;           // [height, width, channels] of 8 bits, or of 16 (native endian); null: refused
  std::string failure;  // why, in stb_image's words

  const uint8_t* bytes() const noexcept { return static_cast<const uint8_t*>(pixels.get()); }
};

struct StbRequest {
  uint32_t width = 0, height = 0;  // what the caller read from the header; another size is a failure
  int channels = 4;                // 1 to 4
  bool wide = false;               // 16 bits a sample
};

// Decodes the PNG or PSD that `parts` spell one after the other. A picture that asks for bytes behind the
// last part is a failure, and so is one that takes an allocation of more than `max_bytes`.
StbPixels decode_with_stb(std::span<const std::span<const uint8_t>> parts, const StbRequest& request,
                          size_t max_bytes);

}  // namespace simdclip
