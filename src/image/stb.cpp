#include "image/stb.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace simdclip {
namespace {

// The largest allocation that stb_image may make in this thread: its inflate grows as long as the data wants.
thread_local size_t max_allocation = 0;

void* allocate(size_t bytes) noexcept { return bytes > max_allocation ? nullptr : std::malloc(bytes); }
void* reallocate(void* old, size_t bytes) noexcept {
  return bytes > max_allocation ? nullptr : std::realloc(old, bytes);
}

}  // namespace
}  // namespace simdclip

#define STBI_ONLY_PNG
#define STBI_ONLY_PSD
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_ASSERT(x) static_cast<void>(0)
#define STBI_MALLOC(bytes) simdclip::allocate(bytes)
#define STBI_REALLOC(old, bytes) simdclip::reallocate(old, bytes)
#define STBI_FREE(old) std::free(old)
#include "image/stb_source.inl"

namespace simdclip {
namespace {

struct Reader {
  std::span<const std::span<const uint8_t>> parts;
  size_t part = 0, at = 0;
  bool ended = false;  // more was asked for than there is

  int read(uint8_t* out, size_t wanted) noexcept {
    size_t got = 0;
    while (got < wanted && part < parts.size()) {
      const size_t n = std::min(wanted - got, parts[part].size() - at);
      if (out != nullptr && n != 0) std::memcpy(out + got, parts[part].data() + at, n);
      got += n;
      at += n;
      if (at == parts[part].size()) {
        ++part;
        at = 0;
      }
    }
    // It asks for a buffer full at a time: short is as it should be, nothing is too little.
    if (got == 0 && wanted != 0) ended = true;
    return static_cast<int>(got);
  }
};

constexpr stbi_io_callbacks kCallbacks{
    [](void* reader, char* out, int n) {
      return static_cast<Reader*>(reader)->read(reinterpret_cast<uint8_t*>(out), static_cast<size_t>(n));
    },
    [](void* reader, int n) {
      if (n > 0) static_cast<Reader*>(reader)->read(nullptr, static_cast<size_t>(n));
    },
    [](void* reader) -> int {
      return static_cast<Reader*>(reader)->part == static_cast<Reader*>(reader)->parts.size();
    }};

}  // namespace

StbPixels decode_with_stb(std::span<const std::span<const uint8_t>> parts, const StbRequest& request,
                          size_t max_bytes) {
  Reader reader{parts};
  max_allocation = max_bytes;
  int width = 0, height = 0, found = 0;
  void* const pixels = request.wide ? static_cast<void*>(stbi_load_16_from_callbacks(
                                          &kCallbacks, &reader, &width, &height, &found, request.channels))
                                    : static_cast<void*>(stbi_load_from_callbacks(
                                          &kCallbacks, &reader, &width, &height, &found, request.channels));
  StbPixels result{{pixels, std::free}, {}};
  if (pixels == nullptr) {
    result.failure = stbi_failure_reason();
  } else if (reader.ended) {
    result.failure = "the data ends too early";
  } else if (static_cast<uint32_t>(width) != request.width ||
             static_cast<uint32_t>(height) != request.height) {
    result.failure = "another size than its header says";
  }
  if (!result.failure.empty()) result.pixels.reset();
  return result;
}

}  // namespace simdclip
