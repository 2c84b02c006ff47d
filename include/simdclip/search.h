// Exact search: the rows of a set with the largest dot products with a query; cosines, where both have unit
// length.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simdclip/export.h"

namespace simdclip {

// How the values of a row are stored. f16: IEEE half precision, rounded to nearest even. int8: the row
// divided by its largest magnitude times 127, rounded; only its direction is kept, and it counts as a row of
// unit length.
enum class RowType : uint8_t { f32, f16, int8 };
SIMDCLIP_API std::string_view to_string(RowType type) noexcept;
// "f32", "f16", "int8"; anything else is Error invalid_argument.
SIMDCLIP_API RowType parse_row_type(std::string_view name);
// Bytes of a stored row.
SIMDCLIP_API size_t row_bytes(RowType type, size_t width) noexcept;
// values [width] -> bytes [row_bytes], and back. Widened int8 rows have unit length.
SIMDCLIP_API void encode_row(std::span<const float> values, RowType type, std::span<std::byte> out);
SIMDCLIP_API void decode_row(std::span<const std::byte> bytes, RowType type, std::span<float> out);

// Rows [size, width] in memory, or mapped from a .npy file. A const object serves many threads.
class SIMDCLIP_API Vectors {
 public:
  Vectors(size_t width, RowType type);
  // Maps a two-dimensional .npy file of little-endian float32, float16 or int8 in C order, as `simdclip
  // embed` and numpy write them. Nothing is copied; the file must not change meanwhile. Throws Error:
  // not_found, io, damaged, unsupported.
  static Vectors open(const std::string& npy);
  Vectors(Vectors&&) noexcept;
  Vectors& operator=(Vectors&&) noexcept;
  ~Vectors();

  size_t size() const noexcept;
  size_t width() const noexcept;
  RowType type() const noexcept;

  void reserve(size_t rows);
  // Throws Error invalid_argument for a row of another size, or where the rows are mapped.
  void append(std::span<const float> row);
  void append_encoded(std::span<const std::byte> row);

  // One row, widened. i < size().
  std::vector<float> row(size_t i) const;
  std::span<const std::byte> encoded_row(size_t i) const;

  struct State;  // of the library
  const State& state() const noexcept { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

struct Hit {
  size_t row = 0;
  float score = 0;  // dot product
  friend bool operator==(const Hit&, const Hit&) = default;
};

struct SearchOptions {
  size_t top = 10;                                         // hits for each query, at most
  float lowest = -std::numeric_limits<float>::infinity();  // no hit below this score
  std::span<const uint8_t> allowed = {};  // where not empty, [size]: rows with a zero are left out
  unsigned threads = 0;                   // 0: the cores that this process may use
  std::string isa = {};                   // "": SIMDCLIP_ISA, else the best of this CPU
};

// queries: [n, width]. For each its hits, best first; equal scores in the order of the rows. Every row is
// compared. The result does not depend on the number of threads or on the other queries, and not on the CPU
// either (docs/numerics.md). Throws Error invalid_argument, isa_unavailable.
SIMDCLIP_API std::vector<std::vector<Hit>> search(const Vectors& vectors, std::span<const float> queries,
                                                  const SearchOptions& options = {});

// weights[0] * rows[0] + weights[1] * rows[1] + ..., of unit length: "like this and that" with positive
// weights, "but not that" with a negative one. rows: [weights.size(), width]. Error invalid_argument where
// the sum is zero.
SIMDCLIP_API std::vector<float> combine(std::span<const float> rows, std::span<const float> weights);

// Rows that are near-duplicates: groups of rows linked by dot products of at least `lowest`, each in
// ascending order, groups in the order of their first rows. Rows without a near-duplicate stand in no group.
// `progress` gets the number of rows done.
SIMDCLIP_API std::vector<std::vector<size_t>> find_duplicates(const Vectors& vectors, float lowest,
                                                              void (*progress)(void* context,
                                                                               size_t rows) = nullptr,
                                                              void* context = nullptr);

// Spherical k-means, deterministic: rows start spread out (the farthest from the centres so far) and settle
// in at most `rounds` rounds. Returns for each row its cluster, 0 ... clusters - 1, numbered by falling size.
struct Clusters {
  std::vector<uint32_t> of_row;
  std::vector<float> score;  // cosine of a row with its centre
  size_t count = 0;
};
SIMDCLIP_API Clusters cluster(const Vectors& vectors, size_t clusters, size_t rounds = 20);

}  // namespace simdclip
