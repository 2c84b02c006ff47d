// The places of everything in a .sclip file (docs/format.md), computed by one function for writer and reader.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "format/schema.h"

namespace simdclip {

// 0x89 is no text, CR LF shows a transfer in text mode.
inline constexpr std::array<uint8_t, 8> kMagic = {0x89, 'S', 'C', 'L', 'I', 'P', '\r', '\n'};
inline constexpr uint32_t kFormatVersion = 1;
inline constexpr uint64_t kHeaderBytes = 128;
inline constexpr uint64_t kSectionAlignment = 64;
inline constexpr uint64_t kDataAlignment = 4096;  // of the first tensor
inline constexpr uint64_t kTensorAlignment = 64;  // of every tensor
inline constexpr uint64_t kMaxTokenizerBytes = uint64_t{1} << 28U;

struct Section {
  uint64_t offset = 0, size = 0, checksum = 0;  // XXH3-64
};

struct Header {
  uint64_t file_size = 0;
  Section config, table, tokenizer;
  uint64_t data_offset = 0;  // of the first tensor
  uint64_t tensor_count = 0;
};

// A tensor's row in the table. Name, shape and storage are the schema's.
struct TableEntry {
  uint64_t offset = 0, size = 0, checksum = 0;
};

struct Layout {
  Header header;  // without checksums
  std::vector<TableEntry> entries;
};

// Error too_large when the sizes overflow.
Layout lay_out(const std::vector<TensorSpec>& specs, uint64_t config_bytes, uint64_t tokenizer_bytes);

uint64_t checksum_of(std::span<const std::byte> bytes) noexcept;

std::array<std::byte, kHeaderBytes> encode_header(const Header& header);
std::vector<std::byte> encode_table(const std::vector<TensorSpec>& specs,
                                    const std::vector<TableEntry>& entries);

// Checks magic, version, checksum and the fixed fields. Errors: unsupported (no .sclip file, another
// version), damaged.
Header decode_header(std::span<const std::byte> file, const std::string& where);

// Compares each row with the schema and the layout, and returns the rows with their checksums. Errors:
// damaged, shape_mismatch.
std::vector<TableEntry> decode_table(std::span<const std::byte> table, const std::vector<TensorSpec>& specs,
                                     const std::vector<TableEntry>& expected, const std::string& where);

}  // namespace simdclip
