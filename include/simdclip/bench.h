// How fast a model is on this machine: one tower alone, its input in memory.
#pragma once

#include <cstddef>
#include <string>

#include "simdclip/export.h"
#include "simdclip/model.h"

namespace simdclip {

struct BenchOptions {
  bool text = false;    // the text tower; else the image tower
  size_t batch = 1;     // pictures or texts in one call
  size_t tokens = 10;   // of each text, begin and end included
  double seconds = 2;   // measured, after one second at most of warming up
};

struct BenchResult {
  std::string isa;             // in force
  unsigned threads = 1;
  double items_per_s = 0;      // of all calls together
  double ms = 0;               // of one call: the median
  double gflops = 0;           // 1e9 operations per second in matrix products and attention that the tower computes
  double peak_gflops = 0;      // what these threads reach on registers in the model's precision, measured just after
  double peak_fraction = 0;    // gflops / peak_gflops
  size_t calls = 0;
};

// Throws Error: unsupported where the model lacks the tower, invalid_argument.
SIMDCLIP_API BenchResult bench(const Model& model, const BenchOptions& options = {});

// Operations (a multiply-add counts two) that the model's tower computes for one picture, or for one text of `tokens`.
SIMDCLIP_API double image_operations(const Model& model);
SIMDCLIP_API double text_operations(const Model& model, size_t tokens);

}  // namespace simdclip
