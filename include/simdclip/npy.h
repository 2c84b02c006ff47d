// Vectors on disk as NumPy reads them, with the names of their rows beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "simdclip/export.h"

namespace simdclip {

// float32 values of any shape, row-major, as OUT.npy (format version 1.0). The file appears whole or not at all.
// Throws Error: io; invalid_argument where the shape and the number of values differ.
SIMDCLIP_API void write_npy(const std::string& path, std::span<const size_t> shape, std::span<const float> values);

// Rows [n, width] written as they come: OUT.npy, and OUT.tsv with one line "row <tab> source" for each. Both
// appear on commit(), the .tsv first, or not at all.
class SIMDCLIP_API RowWriter {
 public:
  // path: of the .npy file; the .tsv has the same name with another ending. Error io.
  RowWriter(const std::string& path, size_t width);
  ~RowWriter();
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  // source: any bytes; tab, newline, carriage return and backslash are written as \t, \n, \r and \\. Error io.
  void append(std::span<const float> row, std::string_view source);
  size_t rows() const noexcept;
  const std::string& names_path() const noexcept;  // of the .tsv file
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simdclip
