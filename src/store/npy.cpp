// The .npy format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, version 1.0.
#include "simdclip/npy.h"

#include <bit>
#include <limits>
#include <vector>

#include "base/atomic_file.h"
#include "base/checked.h"
#include "base/fail.h"
#include "store/npy_header.h"

namespace simdclip {
namespace {

constexpr size_t kFlushBytes = size_t{1} << 20;

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string names_beside(const std::string& npy) {
  const size_t dot = npy.rfind('.'), slash = npy.rfind('/');
  const bool has_ending =
      dot != std::string::npos && dot != 0 && (slash == std::string::npos || dot > slash + 1);
  const std::string names = (has_ending ? npy.substr(0, dot) : npy) + ".tsv";
  if (names == npy) {
    fail(ErrorCode::invalid_argument, npy,
         ": this name is taken by the list of sources; give the output the ending .npy");
  }
  return names;
}

void append_escaped(std::string& out, std::string_view source) {
  for (const char c : source) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\\': out += "\\\\"; break;
      default: out += c;
    }
  }
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

struct RowWriter::State {
  State(const std::string& path, size_t row_width)
      : width(row_width), names_path(names_beside(path)), vectors(path), names(names_path) {}

  void flush() {
    vectors.write(std::as_bytes(std::span(pending)));
    pending.clear();
    names.write(bytes_of(pending_names));
    pending_names.clear();
  }

  size_t width, rows = 0;
  std::string names_path;
  AtomicFile vectors, names;
  std::vector<float> pending;
  std::string pending_names;
};

RowWriter::RowWriter(const std::string& path, size_t width) : state_(std::make_unique<State>(path, width)) {
  const size_t shape[] = {0, width};
  state_->vectors.write(bytes_of(npy_header("<f4", shape)));
}
RowWriter::~RowWriter() = default;

size_t RowWriter::rows() const noexcept { return state_->rows; }
const std::string& RowWriter::names_path() const noexcept { return state_->names_path; }

void RowWriter::append(std::span<const float> row, std::string_view source) {
  State& s = *state_;
  if (row.size() != s.width) {
    fail(ErrorCode::invalid_argument, "row has ", row.size(), " values, expected ", s.width);
  }
  s.pending.insert(s.pending.end(), row.begin(), row.end());
  s.pending_names += std::to_string(s.rows) + '\t';
  append_escaped(s.pending_names, source);
  s.pending_names += '\n';
  ++s.rows;
  if (s.pending.size() * sizeof(float) + s.pending_names.size() >= kFlushBytes) s.flush();
}

void RowWriter::commit() {
  State& s = *state_;
  s.flush();
  const size_t shape[] = {s.rows, s.width};
  s.vectors.write_at(0, bytes_of(npy_header("<f4", shape)));
  s.names.commit();
  s.vectors.commit();
}

}  // namespace simdclip
