#include "format/layout.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <type_traits>

#include "base/checked.h"
#include "base/fail.h"

namespace simdclip {
namespace {

static_assert(std::endian::native == std::endian::little,
              "a .sclip file is used in place, so the host must be little-endian");

constexpr size_t kHeaderChecksumOffset = kHeaderBytes - 8;
constexpr uint64_t kEntryFixedBytes = 32;
constexpr uint64_t kEntryAlignment = 8;

template <typename T>
void append(std::vector<std::byte>& out, T value) {
  static_assert(std::is_integral_v<T>);
  const auto* bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof(T));
}

// Takes integers one after the other; the caller has checked that they are there.
class Cursor {
 public:
  explicit Cursor(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
  template <typename T>
  T take() noexcept {
    T value;
    std::memcpy(&value, bytes_.data(), sizeof(T));
    bytes_ = bytes_.subspan(sizeof(T));
    return value;
  }
  Section section() noexcept {
    const auto offset = take<uint64_t>(), size = take<uint64_t>(), checksum = take<uint64_t>();
    return {offset, size, checksum};
  }
  std::span<const std::byte> rest() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

uint64_t entry_bytes(const TensorSpec& spec) {
  return round_up(kEntryFixedBytes + 8 * spec.shape.size() + spec.name.size(), kEntryAlignment);
}

uint64_t checked_place(uint64_t offset, uint64_t size) {
  const auto end = checked_add(offset, size);
  if (!end || *end > UINT64_MAX / 2) fail(ErrorCode::too_large, "the model would need more than 2^63 bytes");
  return *end;
}

// What a file that is not ours most likely is.
std::string_view guess(std::span<const std::byte> file) {
  const auto begins = [file](std::string_view prefix, size_t at = 0) {
    return file.size() >= at + prefix.size() &&
           std::memcmp(file.data() + at, prefix.data(), prefix.size()) == 0;
  };
  if (file.empty()) return "an empty file";
  if (begins("PK"))
    return "a zip archive, as PyTorch writes its checkpoints; make a model of it with 'simdclip convert'";
  if (begins("{\"", 8)) return "a safetensors checkpoint; make a model of it with 'simdclip convert'";
  if (begins("\x80")) return "a Python pickle; make a model of it with 'simdclip convert'";
  if (begins("GGUF")) return "a GGUF file, which simdclip does not read";
  if (begins("version https://git-lfs"))
    return "a git-lfs pointer; fetch the file itself with 'git lfs pull'";
  return "something else";
}

}  // namespace

uint64_t checksum_of(std::span<const std::byte> bytes) noexcept {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Layout lay_out(const std::vector<TensorSpec>& specs, uint64_t config_bytes, uint64_t tokenizer_bytes) {
  Layout layout;
  Header& h = layout.header;
  uint64_t table_bytes = 0;
  for (const TensorSpec& spec : specs) table_bytes += entry_bytes(spec);
  h.config = {kHeaderBytes, config_bytes, 0};
  h.table = {round_up(checked_place(h.config.offset, config_bytes), kSectionAlignment), table_bytes, 0};
  h.tokenizer = {round_up(checked_place(h.table.offset, table_bytes), kSectionAlignment), tokenizer_bytes, 0};
  h.data_offset = round_up(checked_place(h.tokenizer.offset, tokenizer_bytes), kDataAlignment);
  h.tensor_count = specs.size();
  uint64_t end = h.data_offset;
  layout.entries.reserve(specs.size());
  for (const TensorSpec& spec : specs) {
    const uint64_t offset = round_up(end, kTensorAlignment);
    const uint64_t size = stored_bytes(spec);
    end = checked_place(offset, size);
    layout.entries.push_back({offset, size, 0});
  }
  h.file_size = end;
  return layout;
}

std::array<std::byte, kHeaderBytes> encode_header(const Header& h) {
  std::vector<std::byte> out;
  for (const uint8_t byte : kMagic) out.push_back(std::byte{byte});
  append(out, kFormatVersion);
  append(out, static_cast<uint32_t>(kHeaderBytes));
  append(out, h.file_size);
  for (const Section& section : {h.config, h.table, h.tokenizer}) {
    append(out, section.offset);
    append(out, section.size);
    append(out, section.checksum);
  }
  append(out, h.data_offset);
  append(out, h.tensor_count);
  append(out, uint64_t{0});
  append(out, checksum_of(out));
  std::array<std::byte, kHeaderBytes> bytes;
  std::copy(out.begin(), out.end(), bytes.begin());
  return bytes;
}

Header decode_header(std::span<const std::byte> file, const std::string& where) {
  const size_t known = std::min(file.size(), kMagic.size());
  if (known == 0 || std::memcmp(file.data(), kMagic.data(), known) != 0) {
    fail(ErrorCode::unsupported, where, ": is no .sclip model but ", guess(file));
  }
  if (file.size() < kHeaderBytes) {
    fail(ErrorCode::damaged, where, ": ends at byte ", file.size(), ", the header alone has ", kHeaderBytes,
         "; the file is truncated, copy or convert it again");
  }
  Cursor cursor(file.subspan(kMagic.size()));
  const auto version = cursor.take<uint32_t>();
  if (version != kFormatVersion) {
    fail(ErrorCode::unsupported, where, ": is of format version ", version, ", this build reads version ",
         kFormatVersion, "; convert the model again, or use the simdclip that wrote it");
  }
  const auto header_bytes = cursor.take<uint32_t>();
  Header h;
  h.file_size = cursor.take<uint64_t>();
  h.config = cursor.section();
  h.table = cursor.section();
  h.tokenizer = cursor.section();
  h.data_offset = cursor.take<uint64_t>();
  h.tensor_count = cursor.take<uint64_t>();
  const auto reserved = cursor.take<uint64_t>();
  const auto checksum = cursor.take<uint64_t>();
  if (checksum != checksum_of(file.first(kHeaderChecksumOffset))) {
    fail(ErrorCode::damaged, where,
         ": the header's checksum is wrong; the file is damaged, copy or convert it again");
  }
  if (header_bytes != kHeaderBytes)
    fail(ErrorCode::damaged, where, ": header size is ", header_bytes, ", expected ", kHeaderBytes);
  if (reserved != 0) fail(ErrorCode::damaged, where, ": reserved header field is ", reserved, ", expected 0");
  return h;
}

std::vector<std::byte> encode_table(const std::vector<TensorSpec>& specs,
                                    const std::vector<TableEntry>& entries) {
  std::vector<std::byte> out;
  for (size_t i = 0; i < specs.size(); ++i) {
    const TensorSpec& spec = specs[i];
    append(out, static_cast<uint16_t>(spec.name.size()));
    append(out, static_cast<uint8_t>(spec.storage));
    append(out, static_cast<uint8_t>(spec.shape.size()));
    append(out, uint32_t{0});
    append(out, entries[i].offset);
    append(out, entries[i].size);
    append(out, entries[i].checksum);
    for (const uint64_t extent : spec.shape) append(out, extent);
    const auto* name = reinterpret_cast<const std::byte*>(spec.name.data());
    out.insert(out.end(), name, name + spec.name.size());
    out.resize(round_up(out.size(), kEntryAlignment));
  }
  return out;
}

namespace {

// One row against what the schema and the layout demand; the lengths in the row are not trusted to find the
// next one.
TableEntry decode_entry(std::span<const std::byte> row, const TensorSpec& spec, const TableEntry& expected,
                        const std::string& where) {
  Cursor cursor(row);
  const auto name_bytes = cursor.take<uint16_t>();
  const auto storage = cursor.take<uint8_t>();
  const auto rank = cursor.take<uint8_t>();
  const auto zero = cursor.take<uint32_t>();
  const Section place = cursor.section();
  const std::string tensor = where + ": tensor '" + spec.name + "'";
  if (name_bytes != spec.name.size() || rank != spec.shape.size()) {
    fail(ErrorCode::shape_mismatch, tensor, ": the table has a name of ", name_bytes, " bytes and rank ",
         unsigned{rank}, " there, expected ", spec.name.size(), " and ", spec.shape.size(),
         "; the file is damaged or from another model, convert it again");
  }
  std::vector<uint64_t> shape;
  for (size_t i = 0; i < rank; ++i) shape.push_back(cursor.take<uint64_t>());
  if (std::memcmp(cursor.rest().data(), spec.name.data(), name_bytes) != 0) {
    fail(ErrorCode::shape_mismatch, tensor,
         ": the table has another name there; the file is damaged or from another model, convert it again");
  }
  if (shape != spec.shape || storage != static_cast<uint8_t>(spec.storage)) {
    fail(ErrorCode::shape_mismatch, tensor, " is ", shape_string(shape), " of storage ", unsigned{storage},
         ", expected ", shape_string(spec.shape), " of storage ", static_cast<unsigned>(spec.storage), " (",
         to_string(spec.storage), "); the file is damaged or from another model, convert it again");
  }
  if (place.offset != expected.offset || place.size != expected.size) {
    fail(ErrorCode::damaged, tensor, " is ", place.size, " bytes at ", place.offset, ", expected ",
         expected.size, " bytes at ", expected.offset);
  }
  const auto padding = cursor.rest().subspan(name_bytes);
  const bool clean =
      std::all_of(padding.begin(), padding.end(), [](std::byte b) { return b == std::byte{0}; });
  if (zero != 0 || !clean) fail(ErrorCode::damaged, tensor, ": bytes of the table that must be zero are not");
  return {place.offset, place.size, place.checksum};
}

}  // namespace

std::vector<TableEntry> decode_table(std::span<const std::byte> table, const std::vector<TensorSpec>& specs,
                                     const std::vector<TableEntry>& expected, const std::string& where) {
  std::vector<TableEntry> entries;
  entries.reserve(specs.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    const auto bytes = static_cast<size_t>(entry_bytes(specs[i]));
    entries.push_back(decode_entry(table.first(bytes), specs[i], expected[i], where));
    table = table.subspan(bytes);
  }
  return entries;
}

}  // namespace simdclip
