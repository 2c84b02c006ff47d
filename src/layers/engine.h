// What every layer needs to run: the selected kernels and the threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/thread_pool.h"
#include "kernels/registry.h"

namespace simdclip {

struct Engine {
  const kernels::Kernels& kernels;
  ThreadPool& pool;

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
