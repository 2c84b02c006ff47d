// What every layer needs to run: the selected kernels and the threads.
#pragma once

#include <algorithm>
#include <cstddef>

#include "base/thread_pool.h"
#include "kernels/registry.h"
#include "layers/span2.h"

namespace simdclip {

// Sees what every linear layer of an f32 model multiplies (calibration).
struct InputProbe {
  virtual ~InputProbe() = default;
  // weight: the layer's, in the model file, or a part of it.
  virtual void see(const void* weight, ConstSpan2f x) = 0;
};

struct Engine {
  const kernels::Kernels& kernels;
  ThreadPool& pool;
  InputProbe* probe = nullptr;

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
