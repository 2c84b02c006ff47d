// How fast a model is on this machine: one tower alone, its input in memory.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "simdclip/export.h"
#include "simdclip/model.h"

namespace simdclip {

struct BenchOptions {
  bool text = false;   // the text tower; else the image tower
  size_t batch = 1;    // pictures or texts in one call
  size_t tokens = 10;  // of each text, begin and end included
  double seconds = 2;  // measured, after one second at most of warming up
};

struct BenchResult {
  std::string isa;  // in force
  unsigned threads = 1;
  double items_per_s = 0;  // of all calls together
  double ms = 0;           // of one call: the median
  double gflops = 0;  // 1e9 operations per second in matrix products and attention that the tower computes
  // What these threads reach on registers in the model's precision, measured just after
  double peak_gflops = 0;
  double peak_fraction = 0;  // gflops / peak_gflops
  size_t calls = 0;
};

// Throws Error: unsupported where the model lacks the tower, invalid_argument.
SIMDCLIP_API BenchResult bench(const Model& model, const BenchOptions& options = {});

// Operations (a multiply-add counts two) that the model's tower computes for one picture, or for one text of
// `tokens`.
SIMDCLIP_API double image_operations(const Model& model);
SIMDCLIP_API double text_operations(const Model& model, size_t tokens);

// One kind of layer of a tower on a roofline (Williams, Waterman, Patterson 2009), or the whole tower.
struct RooflinePoint {
  std::string name;       // "attn.qkv", "attention", ..., "whole tower"
  double operations = 0;  // of one run: all rows of one micro-batch; the tower: one call
  double bytes = 0;       // weights, input and output, each read or written once
  double seconds = 0;  // one run, in the best pass over all blocks (the tower: the median call). All blocks'
                       // weights take turns, so that they come from where a tower finds them
  double intensity() const noexcept { return operations / bytes; }
  double gflops() const noexcept { return operations / seconds * 1e-9; }
};
struct Roofline {
  double peak_gflops = 0;   // as BenchResult
  double bandwidth_gb = 0;  // 1e9 bytes per second that the same threads read from memory
  std::vector<RooflinePoint> points;
  // The most that `intensity` operations per byte allow here. Above it lie layers whose data stays in a
  // cache.
  double limit(double intensity) const noexcept;
};

// Measures bandwidth and layers, in a few seconds, beside `result`, which bench() gave for the same options.
SIMDCLIP_API Roofline roofline(const Model& model, const BenchOptions& options, const BenchResult& result);

// A picture of it, complete or not at all. Error io.
SIMDCLIP_API void write_roofline(const std::string& svg_path, const Roofline& roofline,
                                 const std::string& title);

}  // namespace simdclip
