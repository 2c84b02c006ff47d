#include "store/graph_file.h"

#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include "base/checked.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr size_t kSampledRows = 1024;

uint64_t header_checksum(const GraphHeader& header) {
  return XXH3_64bits(&header, offsetof(GraphHeader, header_checksum));
}

uint32_t word(const std::byte* p) {
  uint32_t out = 0;
  std::memcpy(&out, p, sizeof out);
  return out;
}

// What is wrong with the list of neighbours at p, or nothing. floors[row]: how high a row stands.
const char* list_fault(const std::byte* p, uint32_t capacity, uint64_t rows, uint32_t floor,
                       const std::vector<uint8_t>& floors) {
  const uint32_t count = word(p);
  if (count > capacity) return "more neighbours than there is room for";
  uint32_t highest = 0;
  for (uint32_t i = 1; i <= count; ++i) highest = std::max(highest, word(p + 4 * size_t{i}));
  if (count > 0 && highest >= rows) return "a neighbour that is no row";
  if (floor == 0) return nullptr;
  for (uint32_t i = 1; i <= count; ++i) {
    if (floors[word(p + 4 * size_t{i})] < floor) return "a neighbour that does not stand on that floor";
  }
  return nullptr;
}

void check_header(const GraphHeader& h, size_t size, const std::string& path) {
  const auto damaged = [&](const auto&... parts) {
    fail(ErrorCode::damaged, path, ": ", parts..., "; build the graph again with `simdclip graph`");
  };
  if (h.rows == 0 || h.rows > kMaxGraphRows || h.width == 0 || h.width > (uint64_t{1} << 24U))
    damaged("says that it links ", h.rows, " rows of ", h.width, " values");
  if (h.row_type > static_cast<uint32_t>(RowType::int8)) damaged("rows of the unknown type ", h.row_type);
  if (h.links < 2 || h.links > kMaxLinks) damaged("says that a row has ", h.links, " links");
  if (h.floors > kMaxFloors || h.entry >= h.rows) damaged("begins at row ", h.entry, " on floor ", h.floors);
  // Each upper row has between 1 and kMaxFloors lists: products stay far below 2^64.
  if (h.upper_rows > h.rows || h.lists < h.upper_rows || h.lists > h.upper_rows * kMaxFloors)
    damaged("says that ", h.upper_rows, " rows have ", h.lists, " lists");
  if (h.file_bytes != graph_bytes(h) || h.file_bytes != size)
    damaged("has ", size, " bytes, expected ", graph_bytes(h));
  for (const uint64_t zero : h.reserved) {
    if (zero != 0) damaged("a reserved field is not zero");
  }
}

void check_body(const GraphView& view, const std::string& path) {
  const GraphHeader& h = view.header;
  const auto damaged = [&](uint64_t row, const char* what) {
    fail(ErrorCode::damaged, path, ": row ", row, ": ", what, "; build the graph again with `simdclip graph`");
  };
  std::vector<uint8_t> floors(h.rows);
  uint64_t lists = 0, last = 0;
  for (size_t i = 0; i < view.upper.size(); ++i) {
    const UpperRow upper = view.upper[i];
    if (upper.row >= h.rows || (i > 0 && upper.row <= last)) damaged(upper.row, "rows are out of order");
    if (upper.floors == 0 || upper.floors > h.floors) damaged(upper.row, "stands higher than the graph");
    last = upper.row;
    lists += upper.floors;
    floors[upper.row] = static_cast<uint8_t>(upper.floors);
  }
  if (lists != h.lists) damaged(0, "the numbers of floors do not add up");
  if (floors[h.entry] != h.floors) damaged(h.entry, "walks begin here, but it does not stand on the highest floor");
  const size_t node = node_bytes(h.links), list = list_bytes(h.links);
  for (uint64_t row = 0; row < h.rows; ++row) {
    const std::byte* p = view.nodes + row * node;
    if (const char* fault = list_fault(p, 2 * h.links, h.rows, 0, floors)) damaged(row, fault);
    uint64_t own = 0;
    std::memcpy(&own, p + node - sizeof own, sizeof own);
    if (own != row) damaged(row, "does not know its own number");
  }
  const std::byte* p = view.lists;
  for (const UpperRow upper : view.upper) {
    for (uint32_t floor = 1; floor <= upper.floors; ++floor, p += list) {
      if (const char* fault = list_fault(p, h.links, h.rows, floor, floors)) damaged(upper.row, fault);
    }
  }
}

}  // namespace

uint64_t graph_bytes(const GraphHeader& h) {
  return sizeof(GraphHeader) + h.rows * node_bytes(h.links) + h.upper_rows * sizeof(UpperRow) +
         h.lists * list_bytes(h.links);
}

GraphView lay_out(const GraphHeader& header, std::span<const std::byte> file) {
  GraphView out;
  out.header = header;
  out.nodes = file.data() + sizeof(GraphHeader);
  const std::byte* upper = out.nodes + header.rows * node_bytes(header.links);  // a multiple of 4 from the beginning
  out.upper = {reinterpret_cast<const UpperRow*>(upper), header.upper_rows};
  out.lists = upper + header.upper_rows * sizeof(UpperRow);
  return out;
}

void seal(std::span<std::byte> file) {
  GraphHeader header;
  std::memcpy(&header, file.data(), sizeof header);
  header.file_bytes = file.size();
  header.body_checksum = XXH3_64bits(file.data() + sizeof header, file.size() - sizeof header);
  header.header_checksum = header_checksum(header);
  std::memcpy(file.data(), &header, sizeof header);
}

GraphView parse_graph(std::span<const std::byte> file, const std::string& path) {
  GraphHeader header;
  const GraphHeader fresh;
  if (file.size() < sizeof header || std::memcmp(file.data(), fresh.magic, sizeof fresh.magic) != 0)
    fail(ErrorCode::damaged, path, ": is no graph; build one with `simdclip graph VECTORS.npy`");
  std::memcpy(&header, file.data(), sizeof header);
  if (header.version != fresh.version) {
    fail(ErrorCode::unsupported, path, ": has version ", header.version, ", this program knows version ",
         fresh.version, "; build the graph again with `simdclip graph`");
  }
  const auto damaged = [&](const char* what) {
    fail(ErrorCode::damaged, path, ": the checksum of its ", what,
         " is wrong; build the graph again with `simdclip graph`");
  };
  if (header.header_checksum != header_checksum(header)) damaged("header");
  check_header(header, file.size(), path);
  if (header.body_checksum != XXH3_64bits(file.data() + sizeof header, file.size() - sizeof header)) damaged("body");
  const GraphView view = lay_out(header, file);
  check_body(view, path);
  return view;
}

uint64_t fingerprint(const Vectors& vectors) {
  const uint64_t rows = vectors.size();
  const uint64_t shape[] = {rows, vectors.width(), static_cast<uint64_t>(vectors.type())};
  uint64_t hash = XXH3_64bits(shape, sizeof shape);
  const uint64_t sampled = std::min<uint64_t>(rows, kSampledRows);
  for (uint64_t i = 0; i < sampled; ++i) {
    const std::span<const std::byte> row = vectors.encoded_row(sampled == rows ? i : i * (rows - 1) / (sampled - 1));
    hash = XXH3_64bits_withSeed(row.data(), row.size(), hash);
  }
  return hash;
}

}  // namespace simdclip
