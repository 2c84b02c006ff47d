#include "apps/label_table.h"

#include <algorithm>
#include <numeric>

#include "kernels/registry.h"

namespace simdclip {
namespace {

constexpr size_t kLongList = 4096;  // shorter ones are scored at once in a millisecond

}  // namespace

LabelTable::LabelTable(const Model& model, const std::string& kind, std::vector<std::string> labels,
                       const std::function<std::string(const std::string&)>& text, const CacheOptions& cache,
                       const TextProgress& progress, bool by_bytes)
    : model_(&model),
      labels_(std::move(labels)),
      text_(text),
      isa_(parse_isa(model.info().isa)),
      threads_(model.info().threads) {
  RowKey key(kind, model);
  key.add(text("{}"));
  key.add(labels_);
  const auto get = [&](bool verify) {
    return CachedRows::get(
        cache, key, RowType::f16, labels_.size(), model.embed_dim(),
        [&](std::span<float> out) {
          embed_many_texts(
              model, labels_.size(), [&](size_t i) { return text(labels_[i]); }, out, progress);
        },
        verify);
  };
  by_bytes = by_bytes && labels_.size() >= kLongList;
  rows_ = get(!by_bytes);
  if (!by_bytes) return;
  const auto sound = [&]() -> const CachedRows& {
    if (!rows_.verified()) rows_ = get(true);
    return rows_;
  };
  coarse_ = CoarseRows(rows_, sound, kind, model, cache);
}

std::vector<uint16_t> LabelTable::embedded_again(size_t i) const {
  const std::vector<float> row = model_->embed_text(text_(labels_[i]));
  std::vector<uint16_t> halves(row.size());
  encode_row(row, RowType::f16, std::as_writable_bytes(std::span(halves)));
  return halves;
}

void LabelTable::score_rows(std::span<const float> images, const uint16_t* rows, size_t count,
                            kernels::DotOutput out) const {
  kernels::DotF16Args args;
  args.queries = images.size() / width();
  args.rows = count;
  args.width = width();
  args.query = images.data();
  args.ldq = width();
  args.row = rows;
  args.ldr = width();
  args.out = out;
  kernels::select_kernels(isa_).dot_f16(args);
}

std::vector<float> LabelTable::scores(std::span<const float> images) const {
  std::vector<float> out(width() == 0 ? 0 : images.size() / width() * size());
  if (out.empty()) return out;
  if (!rows_.verified()) {
    for (size_t n = 0; n < out.size() / size(); ++n)
      in_row_blocks(size(), threads_, [&](size_t first, size_t count) {
        for (size_t i = first; i < first + count; ++i)
          out[n * size() + i] = score(images.subspan(n * width(), width()), i);
      });
    return out;
  }
  in_row_blocks(size(), threads_, [&](size_t first, size_t count) {
    score_rows(images, rows_.f16().data() + first * width(), count, {out.data() + first, size()});
  });
  return out;
}

float LabelTable::score(std::span<const float> image, size_t i) const {
  const std::span<const uint16_t> row = rows_.f16().subspan(i * width(), width());
  float out = 0;
  if (rows_.verified() || coarse_.made_of(i, std::as_bytes(row))) {
    score_rows(image, row.data(), 1, {&out, 1});
  } else {
    score_rows(image, embedded_again(i).data(), 1, {&out, 1});
  }
  return out;
}

Estimates LabelTable::estimates(std::span<const float> image) const {
  if (coarse_.size() != 0) return coarse_.estimate(image, isa_, threads_);
  return {scores(image), std::vector<float>(size(), 0.0F)};
}

std::vector<Ranked> LabelTable::top(std::span<const float> image, size_t k) const {
  return exact_top(estimates(image), 0, size(), k, false, [&](size_t i) { return score(image, i); });
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
