// Vectors on disk as NumPy reads them, with the names of their rows beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simdclip/export.h"
#include "simdclip/search.h"

namespace simdclip {

// float32 values of any shape, row-major, as OUT.npy (format version 1.0). The file appears whole or not at
// all. Throws Error: io; invalid_argument where the shape and the number of values differ.
SIMDCLIP_API void write_npy(const std::string& path, std::span<const size_t> shape,
                            std::span<const float> values);

// The sources of the rows of FILE.npy, from FILE.tsv beside it. Throws Error: not_found, io, damaged.
SIMDCLIP_API std::vector<std::string> read_row_names(const std::string& npy);

// The same, looked up one at a time: opening takes a pass over the file, and 8 bytes for 64 rows are kept of
// it. The file is mapped and must not change meanwhile.
class SIMDCLIP_API RowNames {
 public:
  explicit RowNames(const std::string& npy);  // Throws Error: not_found, io, damaged
  RowNames(RowNames&&) noexcept;
  RowNames& operator=(RowNames&&) noexcept;
  ~RowNames();

  size_t size() const noexcept;
  std::string name(size_t row) const;  // row < size(). Throws Error damaged where its line is of another row

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct RowWriterOptions {
  RowType type = RowType::f32;
  // What decides the rows, as "name=value" pairs one a line: the model, the inputs, options. Where it is not
  // empty the work outlives the process: OUT.npy.part and OUT.tsv.part with OUT.npy.resume, which says how
  // far it came.
  std::string job = {};
  double checkpoint_seconds = 3;  // what a process that is killed loses at most
  bool restart = false;           // forget an unfinished run instead of going on with it
  // Part of a larger list: OUT.shard says what merge_rows() must know. 0 of 0: the whole.
  unsigned shard = 0, shards = 0;
};

// Rows [n, width] written as they come: OUT.npy, and OUT.tsv with one line "row <tab> source" for each. Both
// appear on commit(), the .tsv first, or not at all.
class SIMDCLIP_API RowWriter {
 public:
  // path: of the .npy file; the .tsv has the same name with another ending. Errors: io; unsupported where an
  // unfinished run of another job is there, with what differs.
  RowWriter(const std::string& path, size_t width, const RowWriterOptions& options = {});
  ~RowWriter();  // an unfinished run stays where it has reached a checkpoint
  RowWriter(const RowWriter&) = delete;
  RowWriter& operator=(const RowWriter&) = delete;

  // source: any bytes; tab, newline, carriage return and backslash are written as \t, \n, \r and \\. Error
  // io.
  void append(std::span<const float> row, std::string_view source);
  size_t rows() const noexcept;
  const std::string& names_path() const noexcept;  // of the .tsv file

  // How many inputs an earlier run of this job has done, and the notes it left; whether it was through
  // already.
  size_t resumed() const noexcept;
  const std::vector<std::string>& notes() const noexcept;
  bool complete() const noexcept;
  // Inputs before `done` are done. Every checkpoint_seconds, everything is synced and the resume file
  // written. Needs a job.
  void checkpoint(size_t done);
  // A line that a resumed run must know of: an input that gave no row, say.
  void note(std::string line);

  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Joins the parts that were written with shard 1 ... n of one job, in any order, to what one run would have
// written. Verifies that they are of one job, all there, complete and unchanged. Returns the number of rows.
// Throws Error: not_found, damaged; unsupported where a part is missing, doubled or of another job; io.
SIMDCLIP_API size_t merge_rows(const std::string& path, std::span<const std::string> parts);

}  // namespace simdclip
