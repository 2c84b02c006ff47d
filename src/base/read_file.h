// A whole file read into memory: for what may change while it is looked at, as pictures do. Reading a mapping
// behind the end of a file that became shorter would end the process (SIGBUS).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace simdclip {

inline constexpr uint64_t kMaxPictureBytes = uint64_t{1} << 30U;  // of one encoded picture

// A regular file, as long as it is when it is opened, or shorter where it shrinks meanwhile. `out` keeps its
// capacity. Errors: not_found, io (a folder, a pipe, no permission), too_large (more than `limit` bytes).
void read_file(const std::string& path, std::vector<std::byte>& out, uint64_t limit = kMaxPictureBytes);

}  // namespace simdclip
