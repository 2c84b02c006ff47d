// Reading a mapped run of numbers piece by piece, so that no more than one piece of the file is resident.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "base/mapped_file.h"
#include "convert/widen.h"

namespace simdclip {

inline constexpr uint64_t kReadPiece = 8U << 20;  // bytes; a multiple of every page size

// out.size() elements of `type` at `offset` of the file, which the caller has checked to be there.
inline void read_span(const MappedFile& file, uint64_t offset, ForeignType type, std::span<float> out) {
  const uint64_t size = element_size(type);
  const uint64_t piece = kReadPiece / size;
  for (uint64_t done = 0; done < out.size(); done += piece) {
    const uint64_t count = std::min<uint64_t>(piece, out.size() - done);
    const uint64_t at = offset + done * size;
    widen(type, file.bytes().data() + at, out.subspan(done, count));
    file.drop(at, count * size);
  }
}

}  // namespace simdclip
