#include "apps/label_table.h"

#include <algorithm>
#include <numeric>

#include "base/checked.h"
#include "base/thread_pool.h"
#include "kernels/registry.h"

namespace simdclip {

LabelTable::LabelTable(const Model& model, const std::string& kind, std::vector<std::string> labels,
                       const std::function<std::string(const std::string&)>& text, const CacheOptions& cache,
                       const TextProgress& progress)
    : labels_(std::move(labels)), isa_(parse_isa(model.info().isa)), threads_(model.info().threads) {
  RowKey key(kind, model);
  key.add(text("{}"));
  key.add(labels_);
  rows_ =
      CachedRows::get(cache, key, RowType::f16, labels_.size(), model.embed_dim(), [&](std::span<float> out) {
        embed_many_texts(
            model, labels_.size(), [&](size_t i) { return text(labels_[i]); }, out, progress);
      });
}

std::vector<float> LabelTable::scores(std::span<const float> images) const {
  const size_t n = width() == 0 ? 0 : images.size() / width();
  std::vector<float> out(n * size());
  if (out.empty()) return out;
  const kernels::Kernels& kernels = kernels::select_kernels(isa_);
  constexpr size_t kRows = 2048;
  const auto block = [&](size_t i) {
    const size_t first = i * kRows, count = std::min(kRows, size() - first);
    kernels::DotF16Args args;
    args.queries = n;
    args.rows = count;
    args.width = width();
    args.query = images.data();
    args.ldq = width();
    args.row = rows_.f16().data() + first * width();
    args.ldr = width();
    args.out = {out.data() + first, size()};
    kernels.dot_f16(args);
  };
  const size_t blocks = ceil_div(size(), kRows);
  if (blocks == 1) {
    block(0);
    return out;
  }
  ThreadPool pool(threads_);
  pool.parallel_for(blocks, block);
  return out;
}

std::vector<size_t> top_indices(std::span<const float> scores, size_t k, bool reverse) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  k = std::min(k, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<ptrdiff_t>(k), order.end(),
                    [&](size_t a, size_t b) {
                      const float x = reverse ? -scores[a] : scores[a], y = reverse ? -scores[b] : scores[b];
                      return x > y || (x == y && a < b);
                    });
  order.resize(k);
  return order;
}

}  // namespace simdclip
