// Any bytes as a .sclip file: an Error or a model, nothing else. Each input is tried as it is and with every
// checksum and the file size made right, since no mutation would get past them.
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>

#include "base/aligned.h"
#include "format/model_file.h"
#include "simdclip/error.h"

namespace {

constexpr size_t kHeader = 128, kFileSize = 16, kHeaderChecksum = 120;
constexpr size_t kSections[] = {24, 48, 72};  // of offset, size, checksum

void open(std::span<const std::byte> bytes) {
  try {
    const simdclip::ModelFile model = simdclip::ModelFile::open_memory(bytes, "fuzz.sclip");
    for (const simdclip::TensorSpec& spec : model.specs()) {
      if (model.tensor(spec.name).bytes.size() != simdclip::stored_bytes(spec)) std::abort();
    }
    model.verify();
  } catch (const simdclip::Error&) {
  }
}

uint64_t get(std::span<const std::byte> bytes, size_t offset) {
  uint64_t value = 0;
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

void seal(std::span<std::byte> bytes) {
  const auto set = [&bytes](size_t offset, uint64_t value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
  };
  set(kFileSize, bytes.size());
  for (const size_t section : kSections) {
    const uint64_t offset = get(bytes, section), size = get(bytes, section + 8);
    if (offset > bytes.size() || size > bytes.size() - offset) continue;
    set(section + 16, XXH3_64bits(bytes.data() + offset, size));
  }
  set(kHeaderChecksum, XXH3_64bits(bytes.data(), kHeaderChecksum));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  simdclip::AlignedBuffer<std::byte> bytes(size);
  if (size != 0) std::memcpy(bytes.data(), data, size);
  open(bytes.span());
  if (size < kHeader) return 0;
  seal(bytes.span());
  open(bytes.span());
  return 0;
}
