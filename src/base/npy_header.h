// The header of a .npy file: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace simdclip {

// Room for a shape of several 20-digit extents: the header's size does not depend on the number of rows,
// which is known last.
inline constexpr size_t kNpyHeaderBytes = 128;

// descr: "<f4", "<f2", "|i1".
std::string npy_header(const std::string& descr, std::span<const size_t> shape);

struct NpyHeader {
  std::string descr;
  std::vector<uint64_t> shape;
  uint64_t data = 0;  // where the values begin
};
// Of the first bytes of a file, at least its header: any type, any size behind it. Error damaged, unsupported
// (fortran_order).
NpyHeader parse_npy_header(std::span<const std::byte> head, const std::string& path);
// Of a whole file in memory; float32, float16 or int8, and its size must fit the header.
NpyHeader parse_npy(std::span<const std::byte> file, const std::string& path);

}  // namespace simdclip
