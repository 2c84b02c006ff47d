#include "image/exif.h"

#include <cstring>

namespace simdclip {
namespace {

constexpr uint16_t kOrientationTag = 0x0112;

class Tiff {
 public:
  Tiff(std::span<const uint8_t> bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}
  bool has(uint64_t at, uint64_t size) const noexcept { return at + size <= bytes_.size(); }
  uint32_t u16(uint64_t at) const noexcept {
    const uint32_t a = bytes_[at], b = bytes_[at + 1];
    return big_endian_ ? a << 8 | b : b << 8 | a;
  }
  uint32_t u32(uint64_t at) const noexcept {
    return big_endian_ ? u16(at) << 16 | u16(at + 2) : u16(at + 2) << 16 | u16(at);
  }
  uint8_t u8(uint64_t at) const noexcept { return bytes_[at]; }

 private:
  std::span<const uint8_t> bytes_;
  bool big_endian_;
};

int valid(uint32_t orientation) noexcept {
  return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 0;
}

}  // namespace

int exif_orientation(std::span<const uint8_t> exif) noexcept {
  static constexpr char kPrefix[6] = {'E', 'x', 'i', 'f', 0, 0};
  for (int i = 0; i < 2 && exif.size() >= 6 && std::memcmp(exif.data(), kPrefix, 6) == 0; ++i)
    exif = exif.subspan(6);
  if (exif.size() < 8) return 0;
  const bool big = exif[0] == 'M' && exif[1] == 'M';
  if (!big && !(exif[0] == 'I' && exif[1] == 'I')) return 0;
  const Tiff tiff(exif, big);
  if (tiff.u16(2) != 42) return 0;
  const uint64_t directory = tiff.u32(4);
  if (!tiff.has(directory, 2)) return 0;
  const uint32_t entries = tiff.u16(directory);
  for (uint32_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + uint64_t{12} * i;
    if (!tiff.has(entry, 12)) return 0;
    if (tiff.u16(entry) != kOrientationTag || tiff.u32(entry + 4) != 1) continue;
    switch (tiff.u16(entry + 2)) {
      case 1: return valid(tiff.u8(entry + 8));
      case 3: return valid(tiff.u16(entry + 8));
      case 4: return valid(tiff.u32(entry + 8));
      default: return 0;
    }
  }
  return 0;
}

int xmp_orientation(std::string_view xmp) noexcept {
  static constexpr std::string_view kKey = "tiff:Orientation";
  for (size_t at = xmp.find(kKey); at != std::string_view::npos; at = xmp.find(kKey, at + 1)) {
    std::string_view rest = xmp.substr(at + kKey.size());
    if (rest.starts_with("=\"")) {
      rest.remove_prefix(2);
    } else if (rest.starts_with(">")) {
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return valid(static_cast<uint32_t>(rest[0] - '0'));
  }
  return 0;
}

}  // namespace simdclip
