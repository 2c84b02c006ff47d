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

// What is wrong with the list of neighbours at p, or nothing. floors[node]: how high a node stands.
const char* list_fault(const std::byte* p, uint32_t capacity, uint64_t nodes, uint32_t floor,
                       const std::vector<uint8_t>& floors) {
  const uint32_t count = word(p);
  if (count > capacity) return "more neighbours than there is room for";
  uint32_t highest = 0;
  for (uint32_t i = 1; i <= count; ++i) highest = std::max(highest, word(p + 4 * size_t{i}));
  if (count > 0 && highest >= nodes) return "a neighbour that is no node";
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
  if (h.nodes == 0 || h.nodes > h.rows) damaged("says that ", h.nodes, " of ", h.rows, " rows differ");
  if (h.floors > kMaxFloors || h.entry >= h.nodes)
    damaged("begins at node ", h.entry, " on floor ", h.floors);
  // Each upper node has between 1 and kMaxFloors lists: products stay far below 2^64.
  if (h.upper_nodes > h.nodes || h.lists < h.upper_nodes || h.lists > h.upper_nodes * kMaxFloors)
    damaged("says that ", h.upper_nodes, " nodes have ", h.lists, " lists");
  if (h.file_bytes != graph_bytes(h) || h.file_bytes != size)
    damaged("has ", size, " bytes, expected ", graph_bytes(h));
  for (const uint64_t zero : h.reserved) {
    if (zero != 0) damaged("a reserved field is not zero");
  }
}

template <typename Damaged>
std::vector<uint8_t> checked_floors(const GraphView& view, const Damaged& damaged) {
  const GraphHeader& h = view.header;
  std::vector<uint8_t> floors(h.nodes);
  uint64_t lists = 0, last = 0;
  for (size_t i = 0; i < view.upper.size(); ++i) {
    const UpperNode upper = view.upper[i];
    if (upper.node >= h.nodes || (i > 0 && upper.node <= last)) damaged(upper.node, "nodes are out of order");
    if (upper.floors == 0 || upper.floors > h.floors) damaged(upper.node, "stands higher than the graph");
    last = upper.node;
    lists += upper.floors;
    floors[upper.node] = static_cast<uint8_t>(upper.floors);
  }
  if (lists != h.lists) damaged(0, "the numbers of floors do not add up");
  if (floors[h.entry] != h.floors)
    damaged(h.entry, "walks begin here, but it does not stand on the highest floor");
  return floors;
}

// Every row is a node or the twin of one.
template <typename Damaged>
void check_rows(const GraphView& view, const Damaged& damaged) {
  const GraphHeader& h = view.header;
  const size_t node = node_bytes(h.links);
  std::vector<uint8_t> seen(h.rows);
  uint64_t next = 0;
  for (uint64_t i = 0; i < h.nodes; ++i) {
    uint64_t row = 0;
    std::memcpy(&row, view.nodes + (i + 1) * node - sizeof row, sizeof row);
    if (row < next || row >= h.rows) damaged(i, "is out of order or no row");
    next = row + 1;
    seen[row] = 1;
  }
  for (size_t i = 0; i < view.twins.size(); ++i) {
    const Twin twin = view.twins[i];
    if (twin.row >= h.rows || twin.twin >= h.rows || seen[twin.row] != 1 || seen[twin.twin] != 0 ||
        (i > 0 && twin < view.twins[i - 1]))
      damaged(twin.row, "has a twin that is out of order or no row");
    seen[twin.twin] = 2;
  }
}

void check_body(const GraphView& view, const std::string& path) {
  const GraphHeader& h = view.header;
  const auto damaged = [&](uint64_t at, const char* what) {
    fail(ErrorCode::damaged, path, ": node ", at, ": ", what,
         "; build the graph again with `simdclip graph`");
  };
  const std::vector<uint8_t> floors = checked_floors(view, damaged);
  check_rows(view, damaged);
  const size_t node = node_bytes(h.links), list = list_bytes(h.links);
  for (uint64_t i = 0; i < h.nodes; ++i) {
    if (const char* fault = list_fault(view.nodes + i * node, 2 * h.links, h.nodes, 0, floors))
      damaged(i, fault);
  }
  const std::byte* p = view.lists;
  for (const UpperNode upper : view.upper) {
    for (uint32_t floor = 1; floor <= upper.floors; ++floor, p += list) {
      if (const char* fault = list_fault(p, h.links, h.nodes, floor, floors)) damaged(upper.node, fault);
    }
  }
}

}  // namespace

uint64_t graph_bytes(const GraphHeader& h) {
  return sizeof(GraphHeader) + h.nodes * node_bytes(h.links) + h.upper_nodes * sizeof(UpperNode) +
         h.lists * list_bytes(h.links) + (h.rows - h.nodes) * sizeof(Twin);
}

GraphView lay_out(const GraphHeader& header, std::span<const std::byte> file) {
  GraphView out;
  out.header = header;
  out.nodes = file.data() + sizeof(GraphHeader);
  // All parts are multiples of 4 bytes.
  const std::byte* upper = out.nodes + header.nodes * node_bytes(header.links);
  out.upper = {reinterpret_cast<const UpperNode*>(upper), header.upper_nodes};
  out.lists = upper + header.upper_nodes * sizeof(UpperNode);
  out.twins = {reinterpret_cast<const Twin*>(out.lists + header.lists * list_bytes(header.links)),
               header.rows - header.nodes};
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
  if (header.body_checksum != XXH3_64bits(file.data() + sizeof header, file.size() - sizeof header))
    damaged("body");
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
    const std::span<const std::byte> row =
        vectors.encoded_row(sampled == rows ? i : i * (rows - 1) / (sampled - 1));
    hash = XXH3_64bits_withSeed(row.data(), row.size(), hash);
  }
  return hash;
}

}  // namespace simdclip
