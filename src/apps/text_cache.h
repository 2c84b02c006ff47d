// Rows of text embeddings on disk: mapped where they were computed before, computed and written where not.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "simdclip/cache.h"
#include "simdclip/model.h"
#include "simdclip/search.h"

namespace simdclip {

// 128 bits over everything that decides the rows; the order of the parts counts.
class RowKey {
 public:
  // kind: begins the file's name, "classes".
  RowKey(std::string kind, const Model& model);
  ~RowKey();
  RowKey(const RowKey&) = delete;
  RowKey& operator=(const RowKey&) = delete;
  void add(std::string_view part);
  void add(std::span<const std::string> parts);
  void add_number(uint64_t number);
  std::string name() const;  // "classes-0123...cdef.rows"

 private:
  std::string kind_;
  void* state_;  // XXH3_state_t
};

// [rows, width] in memory or in a mapped file.
class CachedRows {
 public:
  size_t rows() const noexcept { return rows_; }
  size_t width() const noexcept { return width_; }
  bool from_disk() const noexcept { return !file_.bytes().empty(); }
  std::span<const float> f32() const noexcept;              // of RowType::f32
  std::span<const uint16_t> f16() const noexcept;           // of RowType::f16: IEEE halves
  std::span<const std::byte> bytes() const noexcept;        // of any type
  uint64_t checksum() const noexcept { return checksum_; }  // XXH3-64 of bytes()
  std::vector<float> row(size_t i) const;                   // widened

  // Whether bytes() were compared with checksum(), or computed here.
  bool verified() const noexcept { return verified_; }

  // The rows of `key` from the cache, or what `compute` fills in (all rows * width floats), then written to
  // the cache. verify: a file whose bytes are damaged counts as none; without, only its header is looked at,
  // and the caller checks what it reads.
  static CachedRows get(const CacheOptions& options, const RowKey& key, RowType type, size_t rows,
                        size_t width, const std::function<void(std::span<float> out)>& compute,
                        bool verify = true);

 private:
  const std::byte* data() const noexcept;
  bool open(const std::string& path, bool verify);
  void save(const std::string& path) const;

  RowType type_ = RowType::f32;
  size_t rows_ = 0, width_ = 0;
  uint64_t checksum_ = 0;
  bool verified_ = true;
  MappedFile file_;
  std::vector<std::byte> memory_;
};

// Called with texts embedded so far and in all.
using TextProgress = std::function<void(size_t done, size_t total)>;

// Unit vectors of n texts made one by one by `text(i)`, in groups large enough for the tower to pack: out [n,
// E].
void embed_many_texts(const Model& model, size_t n, const std::function<std::string(size_t)>& text,
                      std::span<float> out, const TextProgress& progress);

}  // namespace simdclip
