#include "convert/zip_archive.h"

#define ZLIB_CONST  // next_in is a pointer to const
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "base/checked.h"
#include "base/fail.h"
#include "convert/read_span.h"

namespace simdclip {
namespace {

constexpr uint32_t kLocalMagic = 0x04034b50, kCentralMagic = 0x02014b50, kEndMagic = 0x06054b50;
constexpr uint32_t kEnd64Magic = 0x06064b50, kLocator64Magic = 0x07064b50;
constexpr uint64_t kEndSize = 22, kLocatorSize = 20, kEnd64Size = 56, kCentralSize = 46, kLocalSize = 30;
constexpr uint64_t kMaxEntries = 1U << 20;
constexpr uint64_t kMaxRatio = 1032;  // deflate's own limit; more is a lie
constexpr uint16_t kEncrypted = 0x1 | 0x40 | 0x2000;

struct Directory {
  uint64_t entries = 0, size = 0, offset = 0;
};

class Parser {
 public:
  explicit Parser(const MappedFile& file) : bytes_(file.bytes()), path_(file.path()) {}

  std::vector<ZipEntry> entries() const {
    const Directory directory = find_directory();
    std::vector<ZipEntry> out;
    uint64_t at = directory.offset;
    const uint64_t end = directory.offset + directory.size;
    for (uint64_t i = 0; i < directory.entries; ++i) at = central_entry(at, end, out);
    if (at != end) damaged("the central directory has ", end - at, " bytes after its last entry");
    check_overlaps(out, directory.offset);
    std::sort(out.begin(), out.end(), [](const ZipEntry& a, const ZipEntry& b) { return a.name < b.name; });
    for (size_t i = 1; i < out.size(); ++i)
      if (out[i].name == out[i - 1].name) damaged("two entries are named '", out[i].name, "'");
    return out;
  }

 private:
  template <typename... Parts>
  [[noreturn]] void damaged(const Parts&... parts) const {
    fail(ErrorCode::damaged, path_, ": zip archive: ", parts...);
  }
  template <typename T>
  T at(uint64_t offset) const {
    if (offset > bytes_.size() || bytes_.size() - offset < sizeof(T))
      damaged("it ends in the middle of a header, at byte ", bytes_.size());
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
  }

  // The end record is the last thing in the file, but for a comment of up to 65,535 bytes.
  Directory find_directory() const {
    if (bytes_.size() < kEndSize)
      damaged(bytes_.size(), " bytes are too few; the file is truncated, download it again");
    const uint64_t last = bytes_.size() - kEndSize;
    const uint64_t first = last > 65535 ? last - 65535 : 0;
    for (uint64_t pos = last + 1; pos-- > first;) {
      if (at<uint32_t>(pos) != kEndMagic || at<uint16_t>(pos + 20) != bytes_.size() - pos - kEndSize)
        continue;
      return end_record(pos);
    }
    damaged("no end record; the file is truncated, download it again");
  }

  Directory end_record(uint64_t pos) const {
    Directory d{at<uint16_t>(pos + 10), at<uint32_t>(pos + 12), at<uint32_t>(pos + 16)};
    uint64_t limit = pos;
    const bool wide = d.entries == 0xFFFF || d.size == 0xFFFFFFFF || d.offset == 0xFFFFFFFF;
    if (wide || (pos >= kLocatorSize && at<uint32_t>(pos - kLocatorSize) == kLocator64Magic)) {
      if (pos < kLocatorSize || at<uint32_t>(pos - kLocatorSize) != kLocator64Magic)
        damaged("its zip64 locator is missing");
      const uint64_t record = at<uint64_t>(pos - kLocatorSize + 8);
      if (record > pos - kLocatorSize || pos - kLocatorSize - record < kEnd64Size ||
          at<uint32_t>(record) != kEnd64Magic)
        damaged("its zip64 end record is not where the locator says");
      if (at<uint32_t>(record + 16) != 0 || at<uint32_t>(record + 20) != 0) damaged("it spans several disks");
      d = {at<uint64_t>(record + 32), at<uint64_t>(record + 40), at<uint64_t>(record + 48)};
      limit = record;
    } else if (at<uint16_t>(pos + 4) != 0 || at<uint16_t>(pos + 6) != 0) {
      damaged("it spans several disks");
    }
    const auto end = checked_add(d.offset, d.size);
    if (!end || *end > limit)
      damaged("its central directory does not lie within the file; the file is truncated or damaged");
    if (d.entries > kMaxEntries || d.entries > d.size / kCentralSize)
      damaged("it claims ", d.entries, " entries, more than its directory can hold");
    return d;
  }

  // Appends the entry at `pos`; returns where the next one begins.
  uint64_t central_entry(uint64_t pos, uint64_t end, std::vector<ZipEntry>& out) const {
    if (end - pos < kCentralSize || at<uint32_t>(pos) != kCentralMagic)
      damaged("entry ", out.size(), " of its central directory is damaged");
    const uint64_t name_size = at<uint16_t>(pos + 28), extra_size = at<uint16_t>(pos + 30),
                   comment = at<uint16_t>(pos + 32);
    const uint64_t whole = kCentralSize + name_size + extra_size + comment;
    if (end - pos < whole) damaged("entry ", out.size(), " of its central directory is damaged");
    ZipEntry entry;
    entry.name.assign(reinterpret_cast<const char*>(bytes_.data()) + pos + kCentralSize, name_size);
    check_name(entry.name);
    const uint16_t flags = at<uint16_t>(pos + 8), method = at<uint16_t>(pos + 10);
    if ((flags & kEncrypted) != 0)
      fail(ErrorCode::unsupported, path_, ": entry '", entry.name, "' is encrypted");
    if (method != 0 && method != 8)
      fail(ErrorCode::unsupported, path_, ": entry '", entry.name, "' is compressed by method ", method,
           ", expected stored or deflated");
    entry.deflated = method == 8;
    entry.crc = at<uint32_t>(pos + 16);
    entry.compressed = at<uint32_t>(pos + 20);
    entry.size = at<uint32_t>(pos + 24);
    uint64_t local = at<uint32_t>(pos + 42);
    if (at<uint16_t>(pos + 34) != 0 && at<uint16_t>(pos + 34) != 0xFFFF)
      damaged("entry '", entry.name, "' lies on another disk");
    wide_sizes(pos + kCentralSize + name_size, extra_size, entry, local);
    check_sizes(entry);
    locate(entry, local);
    out.push_back(std::move(entry));
    return pos + whole;
  }

  // A name is only ever looked up, never opened; one that points elsewhere still marks a hostile file.
  void check_name(const std::string& name) const {
    if (name.empty() || name.find('\0') != name.npos || name.front() == '/' || name.find('\\') != name.npos ||
        ("/" + name + "/").find("/../") != std::string::npos)
      damaged("the entry name '", printable(name), "' is not allowed");
  }
  static std::string printable(const std::string& name) {
    std::string out = name.substr(0, 80);
    for (char& c : out)
      if (static_cast<unsigned char>(c) < 32 || static_cast<unsigned char>(c) > 126) c = '?';
    return out;
  }

  // zip64: each field that is all ones stands in the extra field 1, in this order.
  void wide_sizes(uint64_t extra, uint64_t extra_size, ZipEntry& entry, uint64_t& local) const {
    constexpr uint32_t kOnes = 0xFFFFFFFF;
    if (entry.size != kOnes && entry.compressed != kOnes && local != kOnes) return;
    for (uint64_t pos = 0; pos + 4 <= extra_size;) {
      const uint64_t id = at<uint16_t>(extra + pos), size = at<uint16_t>(extra + pos + 2);
      if (size > extra_size - pos - 4) break;
      if (id != 1) {
        pos += 4 + size;
        continue;
      }
      uint64_t field = 0;
      const auto take = [&](uint64_t& value) {
        if (value != kOnes) return;
        if (field + 8 > size) damaged("entry '", entry.name, "': its zip64 field is too short");
        value = at<uint64_t>(extra + pos + 4 + field);
        field += 8;
      };
      take(entry.size);
      take(entry.compressed);
      take(local);
      return;
    }
    damaged("entry '", entry.name, "': its zip64 field is missing");
  }

  void check_sizes(const ZipEntry& entry) const {
    if (!entry.deflated && entry.size != entry.compressed)
      damaged("stored entry '", entry.name, "' claims ", entry.size, " bytes from ", entry.compressed);
    if (entry.deflated && entry.size / kMaxRatio > entry.compressed + 64)
      fail(ErrorCode::too_large, path_, ": entry '", entry.name, "' claims to inflate ", entry.compressed,
           " bytes to ", entry.size, ", more than deflate can; this is a zip bomb");
    if (entry.compressed > bytes_.size())
      damaged("entry '", entry.name, "' claims ", entry.compressed, " bytes, the file has ", bytes_.size());
  }

  // The local header must agree with the directory; what is read is what the directory says.
  void locate(ZipEntry& entry, uint64_t local) const {
    if (at<uint32_t>(local) != kLocalMagic) damaged("entry '", entry.name, "' has no header at byte ", local);
    const uint64_t name_size = at<uint16_t>(local + 26), extra_size = at<uint16_t>(local + 28);
    const auto begin = checked_add(local, kLocalSize + name_size + extra_size);
    if (!begin || *begin > bytes_.size() || bytes_.size() - *begin < entry.compressed)
      damaged("entry '", entry.name, "' ends beyond the file; the file is truncated, download it again");
    const std::string_view name(reinterpret_cast<const char*>(bytes_.data()) + local + kLocalSize, name_size);
    if (name != entry.name) damaged("the header of entry '", entry.name, "' has another name");
    if ((at<uint16_t>(local + 8) == 8) != entry.deflated)
      damaged("the header of entry '", entry.name, "' has another compression method");
    entry.data = *begin;
  }

  void check_overlaps(const std::vector<ZipEntry>& entries, uint64_t directory) const {
    std::vector<const ZipEntry*> order;
    for (const ZipEntry& entry : entries) order.push_back(&entry);
    std::sort(order.begin(), order.end(),
              [](const ZipEntry* a, const ZipEntry* b) { return a->data < b->data; });
    for (size_t i = 0; i < order.size(); ++i) {
      const uint64_t end = order[i]->data + order[i]->compressed;
      const uint64_t limit =
          i + 1 < order.size() ? order[i + 1]->data - kLocalSize - order[i + 1]->name.size() : directory;
      if (end > limit)
        damaged("entry '", order[i]->name, "' overlaps ",
                i + 1 < order.size() ? "another entry" : "the central directory");
    }
  }

  std::span<const std::byte> bytes_;
  const std::string& path_;
};

uLong update_crc(uLong crc, const std::byte* data, uint64_t size) {
  return crc32_z(crc, reinterpret_cast<const Bytef*>(data), size);
}

void check_crc(const ZipEntry& entry, uLong crc, const std::string& path) {
  if (entry.crc != 0 && crc != entry.crc)
    fail(ErrorCode::damaged, path, ": entry '", entry.name,
         "' does not match its checksum; the file is damaged, download it again");
}

}  // namespace

ZipArchive ZipArchive::open(const std::string& path) {
  ZipArchive archive;
  archive.file_ = MappedFile::open(path);
  archive.entries_ = Parser(archive.file_).entries();
  return archive;
}

const ZipEntry* ZipArchive::find(std::string_view name) const noexcept {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), name,
                       [](const ZipEntry& entry, std::string_view wanted) { return entry.name < wanted; });
  return at == entries_.end() || at->name != name ? nullptr : &*at;
}

std::vector<std::byte> ZipArchive::extract(const ZipEntry& entry, uint64_t max_size) const {
  if (entry.size > max_size)
    fail(ErrorCode::too_large, path(), ": entry '", entry.name, "' has ", entry.size, " bytes, at most ",
         max_size, " are read");
  const std::byte* data = file_.bytes().data() + entry.data;
  if (!entry.deflated) {
    check_crc(entry, update_crc(0, data, entry.size), path());
    return {data, data + entry.size};
  }
  std::vector<std::byte> out(entry.size);
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  // zlib takes 32-bit counts: feed and drain in pieces.
  uint64_t fed = 0, made = 0;
  int status = Z_OK;
  while (status == Z_OK) {
    const auto in = static_cast<uInt>(std::min<uint64_t>(entry.compressed - fed, 1U << 30));
    const auto room = static_cast<uInt>(std::min<uint64_t>(out.size() - made, 1U << 30));
    Bytef overflow = 0;
    stream.next_in = reinterpret_cast<const Bytef*>(data + fed);
    stream.avail_in = in;
    stream.next_out = room == 0 ? &overflow : reinterpret_cast<Bytef*>(out.data() + made);
    stream.avail_out = room == 0 ? 1 : room;
    status = inflate(&stream, Z_NO_FLUSH);
    fed += in - stream.avail_in;
    made += room - (room == 0 ? 0 : stream.avail_out);
    if (room == 0 && stream.avail_out == 0) status = Z_DATA_ERROR;  // more than it claims
  }
  inflateEnd(&stream);
  if (status != Z_STREAM_END || made != entry.size || fed != entry.compressed)
    fail(ErrorCode::damaged, path(), ": entry '", entry.name, "' does not inflate to the ", entry.size,
         " bytes that it claims");
  check_crc(entry, update_crc(0, out.data(), out.size()), path());
  return out;
}

std::vector<std::byte> ZipArchive::head(const ZipEntry& entry, uint64_t size) const {
  const std::byte* data = file_.bytes().data() + entry.data;
  std::vector<std::byte> out(std::min(entry.size, size));
  if (!entry.deflated) {
    std::copy_n(data, out.size(), out.data());
    return out;
  }
  if (out.empty()) return out;
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  stream.next_in = reinterpret_cast<const Bytef*>(data);
  stream.avail_in = static_cast<uInt>(std::min<uint64_t>(entry.compressed, 1U << 30));
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  inflate(&stream, Z_SYNC_FLUSH);
  const bool whole = stream.avail_out == 0;
  inflateEnd(&stream);
  if (!whole) fail(ErrorCode::damaged, path(), ": entry '", entry.name, "' does not inflate");
  return out;
}

void ZipArchive::verify(const ZipEntry& entry) const {
  if (entry.crc == 0) return;
  uLong crc = 0;
  for (uint64_t done = 0; done < entry.size; done += kReadPiece) {
    const uint64_t count = std::min(kReadPiece, entry.size - done);
    crc = update_crc(crc, file_.bytes().data() + entry.data + done, count);
    file_.drop(entry.data + done, count);
  }
  check_crc(entry, crc, path());
}

}  // namespace simdclip
