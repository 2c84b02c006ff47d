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
#include "base/npy_header.h"
#include "store/row_names.h"

namespace simdclip {
namespace {

constexpr size_t kStride = 64;  // lines between two that RowNames knows

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string_view text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

// Of the line that `text` begins with.
std::string name_in(std::string_view text, size_t row, const std::string& path) {
  const size_t end = text.find('\n'), tab = text.find('\t');
  if (end == std::string_view::npos || tab == std::string_view::npos || tab > end ||
      text.substr(0, tab) != std::to_string(row))
    fail(ErrorCode::damaged, path, ": line ", row + 1, " is not 'row <tab> source' of row ", row);
  return unescaped(text.substr(tab + 1, end - tab - 1));
}

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

struct RowNames::State {
  MappedFile file;
  std::vector<uint64_t> begins;  // of every kStride-th line
  size_t size = 0;
};

RowNames::RowNames(const std::string& npy) : state_(std::make_unique<State>()) {
  State& s = *state_;
  s.file = MappedFile::open(names_beside(npy));
  const std::string_view text = text_of(s.file);
  if (!text.empty() && text.back() != '\n')
    fail(ErrorCode::damaged, s.file.path(), ": its last line is cut off");
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    if (s.size++ % kStride == 0) s.begins.push_back(at);
  }
}
RowNames::RowNames(RowNames&&) noexcept = default;
RowNames& RowNames::operator=(RowNames&&) noexcept = default;
RowNames::~RowNames() = default;

size_t RowNames::size() const noexcept { return state_->size; }

std::string RowNames::name(size_t row) const {
  std::string_view rest = text_of(state_->file).substr(state_->begins[row / kStride]);
  for (size_t i = row / kStride * kStride; i < row; ++i) rest.remove_prefix(rest.find('\n') + 1);
  return name_in(rest, row, state_->file.path());
}

std::vector<std::string> read_row_names(const std::string& npy) {
  const MappedFile file = MappedFile::open(names_beside(npy));
  std::string_view rest = text_of(file);
  std::vector<std::string> out;
  out.reserve(static_cast<size_t>(std::count(rest.begin(), rest.end(), '\n')));
  while (!rest.empty()) {
    out.push_back(name_in(rest, out.size(), file.path()));
    rest.remove_prefix(rest.find('\n') + 1);
  }
  return out;
}

}  // namespace simdclip
