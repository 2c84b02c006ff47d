// hnswlib over rows that stay where they are: an element is the number of its row and nothing else.
//
// hnswlib copies vectors into its nodes and calls back with pointers to two of them. Here a node's data is
// empty, so that the pointer meets the label behind it: the row's number. The row itself is looked up in
// Vectors and multiplied by the kernels of kernels/dot. The query's "node" is a Point, which begins with a
// number that no row has.
#pragma once

// No use of instruction sets chosen at compile time, and no functions in the global namespace.
#define NO_MANUAL_VECTORIZATION
#include <hnswlib/hnswlib.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

#include "kernels/registry.h"
#include "store/graph_file.h"
#include "store/queries.h"
#include "store/vectors.h"

namespace simdclip {

// A query, or a row that is being inserted.
struct Point {
  uint64_t mark = ~uint64_t{0};
  const float* floats = nullptr;   // f32 and f16 rows
  const int16_t* words = nullptr;  // int8 rows, with their scale
  const float* scale = nullptr;
};

// What distance() gets beside two nodes.
struct RowSpace {
  RowSpace(const Vectors& rows, const std::string& isa);
  const Vectors::State& vectors;
  const kernels::Kernels& kernels;
  uint64_t serial;  // of this process: tells one thread's widened rows of another space apart
};

// A row's Point and what it points to.
struct WidenedRow {
  uint64_t serial = 0, row = 0;
  std::vector<float> floats;
  std::vector<int16_t> words;
  float scale = 0;

  void widen(const RowSpace& space, uint64_t which);
  Point point() const { return {.floats = floats.data(), .words = words.data(), .scale = &scale}; }
};

// -(dot product), so that near is small; +infinity where that is no number.
float distance(const void* a, const void* b, const void* space);

// hnswlib's members are public, and its own constructors print, its reader trusts its file: so members are
// set here.
class Hnsw : public hnswlib::HierarchicalNSW<float> {
 public:
  // To build, or to walk (`view` not null: its memory is used in place and never written).
  Hnsw(const RowSpace& space, size_t nodes, unsigned links, unsigned effort, const GraphView* view);
  Hnsw(const Hnsw&) = delete;
  Hnsw& operator=(const Hnsw&) = delete;
  ~Hnsw();

  // Inserts a row. May be called by several threads, once one row is in.
  void insert(const RowSpace& space, size_t row);
  // The k nearest, nearest last.
  std::vector<Hit> nearest(const Point& query, size_t k) const;
  // The file, in memory, of the header's rows and these twins: nodes by their rows, not in the order of
  // insertion.
  AlignedBuffer<std::byte> image(const GraphHeader& header, std::span<const Twin> twins) const;

 private:
  const bool borrowed_;
};

}  // namespace simdclip
