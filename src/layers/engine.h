// What every layer needs to run: the selected kernels and the threads.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string_view>

#include "base/thread_pool.h"
#include "kernels/registry.h"
#include "layers/span2.h"

namespace simdclip {

struct Engine {
  const kernels::Kernels& kernels;
  ThreadPool& pool;
  // Called after every block ("visual.blocks.3") with its output rows; empty outside tests and the parity
  // runner.
  std::function<void(std::string_view name, ConstSpan2f rows)> trace = {};

  // body(first, count) over contiguous ranges that cover [0, n), at most one per thread and none empty.
  template <typename Body>
  void parallel_ranges(size_t n, const Body& body) const {
    const size_t parts = std::min<size_t>(pool.size(), n);
    if (parts <= 1) {
      if (n > 0) body(size_t{0}, n);
      return;
    }
    pool.parallel_for(parts, [&](size_t part) {
      const size_t first = n * part / parts;
      body(first, n * (part + 1) / parts - first);
    });
  }
};

}  // namespace simdclip
