// The .npy format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0.
#include "simdclip/npy.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <vector>

#include "base/atomic_file.h"
#include "base/checked.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "store/npy_header.h"
#include "store/row_names.h"

namespace simdclip {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

static_assert(std::endian::native == std::endian::little, "the header says little-endian");

void write_npy(const std::string& path, std::span<const size_t> shape, std::span<const float> values) {
  std::vector<uint64_t> extents(shape.begin(), shape.end());
  const auto bytes = checked_bytes(extents, sizeof(float));
  if (!bytes || *bytes != values.size_bytes()) {
    fail(ErrorCode::invalid_argument, path, ": ", values.size(), " values do not fill the shape ",
         shape_string(shape));
  }
  AtomicFile file(path);
  file.write(bytes_of(npy_header("<f4", shape)));
  file.write(std::as_bytes(values));
  file.commit();
}

std::vector<std::string> read_row_names(const std::string& npy) {
  const std::string path = names_beside(npy);
  const MappedFile file = MappedFile::open(path);
  std::string_view rest(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  std::vector<std::string> out;
  out.reserve(static_cast<size_t>(std::count(rest.begin(), rest.end(), '\n')));
  while (!rest.empty()) {
    const size_t end = rest.find('\n'), tab = rest.find('\t');
    if (end == std::string_view::npos || tab == std::string_view::npos || tab > end ||
        rest.substr(0, tab) != std::to_string(out.size())) {
      fail(ErrorCode::damaged, path, ": line ", out.size() + 1, " is not 'row <tab> source' of row ",
           out.size());
    }
    out.push_back(unescaped(rest.substr(tab + 1, end - tab - 1)));
    rest.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace simdclip
