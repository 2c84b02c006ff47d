// A .sclip file as bytes that a test can spoil and seal again with right checksums, written from
// docs/format.md and not with the library's own layout code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "format/config.h"
#include "format/model_file.h"

namespace simdclip::tests {

// Offsets of the header's fields.
inline constexpr size_t kVersion = 8, kHeaderSize = 12, kFileSize = 16, kConfig = 24, kTable = 48,
                        kTokenizer = 72, kDataOffset = 96, kTensorCount = 104, kReserved = 112,
                        kHeaderChecksum = 120, kHeaderEnd = 128;
// Within a section's three fields, and within a table row.
inline constexpr size_t kOffset = 0, kSize = 8, kChecksum = 16;
inline constexpr size_t kRowNameSize = 0, kRowStorage = 2, kRowRank = 3, kRowZero = 4, kRowOffset = 8,
                        kRowSize = 16, kRowChecksum = 24, kRowShape = 32;

class CraftedFile {
 public:
  explicit CraftedFile(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}

  // A whole small model (written by ModelWriter); the same bytes every time.
  static const CraftedFile& good();
  // A file with that text as its config, right up to there.
  static CraftedFile with_config(const std::string& json);

  template <typename T>
  T get(size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(T));
    return value;
  }
  template <typename T>
  void set(size_t offset, T value) {
    std::memcpy(bytes_.data() + offset, &value, sizeof(T));
  }
  std::vector<std::byte>& bytes() { return bytes_; }
  const std::vector<std::byte>& bytes() const { return bytes_; }
  size_t size() const { return bytes_.size(); }

  size_t config_offset() const { return get<uint64_t>(kConfig); }
  size_t table_offset() const { return get<uint64_t>(kTable); }
  size_t tokenizer_offset() const { return get<uint64_t>(kTokenizer); }
  size_t row(size_t index) const;  // offset of a table row
  size_t row_bytes(size_t index) const;
  size_t tensors() const { return get<uint64_t>(kTensorCount); }

  void seal_header();
  void seal();  // table and tokenizer checksums, then the header

  ModelFile open() const;  // from aligned memory, which this object keeps until the next open()

 private:
  std::vector<std::byte> bytes_;
  mutable std::shared_ptr<AlignedBuffer<std::byte>> aligned_;  // of the last open()
};

}  // namespace simdclip::tests
