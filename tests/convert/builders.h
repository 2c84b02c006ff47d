// Files made byte by byte, so that each part of them can be wrong.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "convert/tensor_source.h"
#include "simdclip/error.h"
#include "support/temporary_folder.h"

namespace simdclip::tests {

inline std::string little(uint64_t value, size_t bytes) {
  std::string out;
  for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

inline std::string floats(std::initializer_list<float> values) {
  std::string out(values.size() * 4, '\0');
  std::memcpy(out.data(), std::data(values), out.size());
  return out;
}

// --- safetensors ---

inline std::string safetensors(const std::string& header, const std::string& data) {
  return little(header.size(), 8) + header + data;
}

// --- zip ---

struct ZipItem {
  std::string name, content;
  bool deflate = false;
  // What the headers claim, where it is not the truth.
  std::string local_name = {};
  int64_t size = -1, compressed = -1, crc = -1, method = -1, flags = 0, offset = -1;
  std::string extra = {};  // of the central directory
};

inline std::string deflated(const std::string& content) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(compressBound(content.size()) + 64, '\0');
  std::string input = content;
  stream.next_in = reinterpret_cast<Bytef*>(input.data());
  stream.avail_in = static_cast<uInt>(input.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string zip_end(uint64_t entries, uint64_t size, uint64_t offset,
                           const std::string& comment = "") {
  return "PK\x05\x06" + little(0, 2) + little(0, 2) + little(entries, 2) + little(entries, 2) +
         little(size, 4) + little(offset, 4) + little(comment.size(), 2) + comment;
}

struct ZipParts {
  std::string body, directory;
  size_t entries = 0;
};

inline ZipParts zip_parts(const std::vector<ZipItem>& items) {
  ZipParts out;
  for (const ZipItem& item : items) {
    const std::string stored = item.deflate ? deflated(item.content) : item.content;
    const uint64_t crc = item.crc >= 0 ? static_cast<uint64_t>(item.crc)
                                       : crc32(0, reinterpret_cast<const Bytef*>(item.content.data()),
                                               static_cast<uInt>(item.content.size()));
    const uint64_t method = item.method >= 0 ? static_cast<uint64_t>(item.method) : item.deflate ? 8 : 0;
    const uint64_t size = item.size >= 0 ? static_cast<uint64_t>(item.size) : item.content.size();
    const uint64_t compressed = item.compressed >= 0 ? static_cast<uint64_t>(item.compressed) : stored.size();
    const uint64_t offset = item.offset >= 0 ? static_cast<uint64_t>(item.offset) : out.body.size();
    const std::string common = little(static_cast<uint64_t>(item.flags), 2) + little(method, 2) +
                               little(0, 4) + little(crc, 4) + little(compressed, 4) + little(size, 4);
    const std::string& local = item.local_name.empty() ? item.name : item.local_name;
    out.body +=
        "PK\x03\x04" + little(20, 2) + common + little(local.size(), 2) + little(0, 2) + local + stored;
    out.directory += "PK\x01\x02" + little(20, 2) + little(20, 2) + common + little(item.name.size(), 2) +
                     little(item.extra.size(), 2) + little(0, 2) + little(0, 2) + little(0, 2) +
                     little(0, 4) + little(offset, 4) + item.name + item.extra;
    ++out.entries;
  }
  return out;
}

inline std::string zip(const std::vector<ZipItem>& items) {
  const ZipParts parts = zip_parts(items);
  return parts.body + parts.directory + zip_end(parts.entries, parts.directory.size(), parts.body.size());
}

// --- pickles ---

inline std::string p_text(const std::string& text) { return "X" + little(text.size(), 4) + text; }
inline std::string p_int(int64_t value) { return "\x8a\x08" + little(static_cast<uint64_t>(value), 8); }
inline std::string p_global(const std::string& module, const std::string& name) {
  return "c" + module + "\n" + name + "\n";
}
inline std::string p_tuple(const std::vector<int64_t>& values) {
  std::string out = "(";
  for (int64_t value : values) out += p_int(value);
  return out + "t";
}
inline std::string p_storage(const std::string& type, const std::string& key, int64_t count) {
  return "(" + p_text("storage") + p_global("torch", type) + p_text(key) + p_text("cpu") + p_int(count) +
         "tQ";
}
inline std::string p_tensor(const std::string& storage, int64_t offset, const std::vector<int64_t>& shape,
                            const std::vector<int64_t>& strides) {
  return p_global("torch._utils", "_rebuild_tensor_v2") + "(" + storage + p_int(offset) + p_tuple(shape) +
         p_tuple(strides) + "\x89" + p_global("collections", "OrderedDict") + ")RtR";
}
inline std::string p_dict(const std::vector<std::pair<std::string, std::string>>& items) {
  std::string out = "}(";
  for (const auto& [key, value] : items) out += p_text(key) + value;
  return out + "u";
}
inline std::string p_whole(const std::string& value) { return "\x80\x02" + value + "."; }

// A torch archive of one pickle and its storages 0, 1, ...
inline std::string torch_archive(const std::string& pickle, const std::vector<std::string>& storages) {
  std::vector<ZipItem> items = {{.name = "archive/data.pkl", .content = pickle},
                                {.name = "archive/byteorder", .content = "little"}};
  for (size_t i = 0; i < storages.size(); ++i)
    items.push_back({.name = "archive/data/" + std::to_string(i), .content = storages[i]});
  return zip(items);
}

// --- cases ---

struct BadFile {
  std::string name;  // of the case
  std::string bytes;
  ErrorCode code = ErrorCode::damaged;
  std::string part;  // must stand in the message
};

inline void PrintTo(const BadFile& bad, std::ostream* out) { *out << bad.name; }
inline std::string case_name(const testing::TestParamInfo<BadFile>& info) {
  std::string out = info.param.name;
  for (char& c : out)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return out + "_" + std::to_string(info.index);
}

// A good file cut at every byte is refused; with any bit flipped it is refused or read, and nothing else
// happens. `read` opens the file and reads all of it.
template <typename Read>
void expect_cuts_and_flips_survived(const std::string& path, const std::string& good, const Read& read) {
  for (size_t size = 0; size < good.size(); ++size) {
    write_text(path, good.substr(0, size));
    EXPECT_THROW(read(), Error) << size;
  }
  for (size_t bit = 0; bit < good.size() * 8; ++bit) {
    std::string bad = good;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << bit % 8));
    write_text(path, bad);
    try {
      read();
    } catch (const Error&) {
      continue;
    }
  }
}

inline void read_all(const TensorSource& source) {
  for (size_t i = 0; i < source.tensors().size(); ++i) {
    std::vector<float> out(source.tensors()[i].elements());
    source.read(i, out);
  }
}

}  // namespace simdclip::tests
