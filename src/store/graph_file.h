// The file of a graph: everything that walking it relies on is checked here, whoever wrote it.
//
//   header   128 bytes
//   nodes    nodes x [ count u32 | 2 * links neighbours u32 | row u64 ]  the ground floor, as hnswlib keeps
//   it; rows ascend upper    upper_nodes x [ node u32 | floors u32 ]                     nodes that stand on
//   higher floors, ascending lists    for each of them, for each of its floors: [ count u32 | links
//   neighbours u32 ] twins    (rows - nodes) x [ row u32 | twin u32 ]                     rows equal to that
//   of a node, ascending
//
// Little-endian. Neighbours are nodes, and one on floor f stands on floor f itself. Of equal rows one is a
// node: a thousand copies of one picture would otherwise be each other's neighbours and nobody else's.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "simdclip/search.h"

namespace simdclip {

struct GraphHeader {
  char magic[8] = {'S', 'C', 'L', 'P', 'H', 'N', 'S', 'W'};
  uint32_t version = 1, row_type = 0;
  uint64_t rows = 0, width = 0;
  uint64_t vectors = 0;            // fingerprint()
  uint32_t links = 0, effort = 0;  // it was built with
  uint32_t floors = 0,
           entry = 0;  // above the ground; the node where walks begin, which stands on the highest one
  uint64_t nodes = 0;  // different rows
  uint64_t upper_nodes = 0, lists = 0;  // lists: of all upper nodes together
  uint64_t file_bytes = 0;
  uint64_t body_checksum = 0;  // XXH3-64 of all that follows the header
  uint64_t reserved[3] = {};
  uint64_t header_checksum = 0;  // XXH3-64 of what precedes it
};
static_assert(sizeof(GraphHeader) == 128);

inline constexpr uint32_t kMaxFloors = 32, kMaxLinks = 256;
inline constexpr uint64_t kMaxGraphRows = (uint64_t{1} << 31U) - 1;  // hnswlib counts with int

constexpr size_t node_bytes(uint32_t links) { return 4 + 8 * size_t{links} + 8; }
constexpr size_t list_bytes(uint32_t links) { return 4 + 4 * size_t{links}; }

struct UpperNode {
  uint32_t node = 0, floors = 0;
};
struct Twin {
  uint32_t row = 0, twin = 0;
  friend auto operator<=>(const Twin&, const Twin&) = default;
};

struct GraphView {
  GraphHeader header;
  const std::byte* nodes = nullptr;
  std::span<const UpperNode> upper;
  const std::byte* lists = nullptr;
  std::span<const Twin> twins;
};

// Where the parts lie, of a header whose counts are known to fit.
GraphView lay_out(const GraphHeader& header, std::span<const std::byte> file);
uint64_t graph_bytes(const GraphHeader& header);
// Checksums of a whole file in memory.
void seal(std::span<std::byte> file);
// Errors damaged, unsupported (a later version).
GraphView parse_graph(std::span<const std::byte> file, const std::string& path);

// Of number, width and type of rows, and of 1,024 of them spread over all: it does not read a large file
// whole.
uint64_t fingerprint(const Vectors& vectors);

}  // namespace simdclip
