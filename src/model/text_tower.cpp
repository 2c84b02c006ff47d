#include "model/text_tower.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace simdclip {
namespace {

// For every text of a micro-batch the rows of the tokens that it shares with earlier ones.
class PrefixRows {
 public:
  // The next text: its first `shared` tokens are the last text's, its others are `rows` rows from `first_row` on.
  void add(size_t shared, size_t first_row, size_t rows) {
    path_.resize(shared);
    rows_.insert(rows_.end(), path_.begin(), path_.end());
    starts_.push_back(rows_.size());
    for (size_t r = 0; r < rows; ++r) path_.push_back(static_cast<uint32_t>(first_row + r));
  }
  Sequences sequences(std::span<const size_t> starts) const {
    Sequences all{starts};
    if (rows_.empty()) return all;
    all.prefix_starts = starts_;
    all.prefix_rows = rows_;
    return all;
  }

 private:
  std::vector<uint32_t> path_;  // the row of each token of the last text
  std::vector<uint32_t> rows_;
  std::vector<size_t> starts_ = {0};
};

}  // namespace

TextExtent text_extent(const TextConfig& config, std::span<const int32_t> ids) {
  TextExtent extent{ids.size(), 0};
  switch (config.pooling) {
    case Pooling::argmax_id:
      extent.pooled = static_cast<size_t>(std::max_element(ids.begin(), ids.end()) - ids.begin());
      break;
    case Pooling::first_eos: {
      const auto eos = std::find(ids.begin(), ids.end(), static_cast<int32_t>(config.eos_id));
      extent.pooled = eos == ids.end() ? 0 : static_cast<size_t>(eos - ids.begin());
      break;
    }
    case Pooling::last: extent.pooled = ids.size() - 1; break;
    case Pooling::first:
    case Pooling::mean:
    case Pooling::attention: break;
  }
  if (config.causal) extent.length = extent.pooled + 1;
  return extent;
}

TextTower::TextTower(const ModelFile& file, const TextConfig& config, size_t embed_dim)
    : config_(config),
      precision_(file.config().precision),
      embed_dim_(embed_dim),
      embedding_(file, config),
      transformer_(file, "text", config.transformer, config.causal),
      ln_final_(file, "text.ln_final", config.transformer.norm_eps) {
  if (config.projection) projection_.emplace(file, "text.proj", config.projection_bias);
}

size_t TextTower::micro_batch_rows() const noexcept {
  return std::max<size_t>(kMicroBatchRows, config_.context_length);
}

size_t TextTower::workspace_floats(size_t threads) const noexcept {
  const size_t rows = micro_batch_rows(),
               width = config_.transformer.width;  // each text has a token, so n <= rows
  const size_t longest = config_.context_length, head_dim = width / config_.transformer.heads;
  return 2 * simdclip::workspace_floats(rows, width) + operand_workspace_floats(precision_, rows, width) +
         block_workspace_floats(config_.transformer, precision_, rows, longest, threads) +
         (config_.causal ? prefix_workspace_floats(longest, head_dim, threads) : 0);
}

void TextTower::forward(std::span<const std::span<const int32_t>> texts, std::span<const size_t> shared,
                        Span2f out, Workspace& ws, const Engine& engine) const {
  const size_t n = texts.size(), width = config_.transformer.width;
  assert(out.rows == n && out.cols == embed_dim_);
  const auto skipped = [&](size_t i) { return shared.empty() ? 0 : shared[i]; };
  std::vector<size_t> starts(n + 1), pooled_rows(n);
  PrefixRows prefixes;
  for (size_t i = 0; i < n; ++i) {
    const TextExtent extent = text_extent(config_, texts[i]);
    assert(skipped(i) == 0 || skipped(i) <= extent.pooled);
    starts[i + 1] = starts[i] + extent.length - skipped(i);
    pooled_rows[i] = extent.pooled - skipped(i);
    prefixes.add(skipped(i), starts[i], starts[i + 1] - starts[i]);
  }
  const Workspace::Scope scope(ws);
  const Span2f x = ws.take(starts[n], width);  // [tokens of all texts, D]
  const Span2f pooled = ws.take(n, width);     // [n, D]
  std::vector<uint32_t> places(config_.context_length);
  std::iota(places.begin(), places.end(), 0U);
  for (size_t i = 0; i < n; ++i) {
    const size_t rows = starts[i + 1] - starts[i];
    embedding_.forward(texts[i].subspan(skipped(i), rows), std::span(places).subspan(skipped(i), rows),
                       x.sub_rows(starts[i], rows));
  }
  transformer_.forward_rows(x, prefixes.sequences(starts), pooled_rows, pooled, ws, engine);
  ln_final_.forward(pooled, pooled, engine);
  if (projection_) {
    projection_->forward(projection_->operand(pooled, ws, engine), out, engine);
  } else {
    for (size_t i = 0; i < n; ++i) std::copy_n(pooled.row(i), width, out.row(i));
  }
}

void TextTower::states(const States& request, Span2f states, Span2f pooled_state, Span2f out, Workspace& ws,
                       const Engine& engine) const {
  const size_t tokens = request.ids.size(), width = config_.transformer.width;
  assert(tokens <= config_.context_length && states.rows == tokens && request.skip <= transformer_.layers());
  const size_t starts[] = {0, tokens};
  const Sequences sequence{starts};
  const Workspace::Scope scope(ws);
  const Span2f x = ws.take(tokens, width);  // [T, D]
  std::vector<int32_t> ids(request.ids.begin(), request.ids.end());
  for (int32_t& id : ids) id = std::max(id, 0);
  embedding_.forward(ids, {}, x);
  for (size_t t = 0; t < tokens; ++t) {
    const int32_t id = request.ids[t];
    if (id < 0) embedding_.replace(t, request.extra.subspan(static_cast<size_t>(-1 - id) * width, width), x);
  }
  const size_t kept = transformer_.layers() - request.skip;
  transformer_.forward_part(0, kept, x, sequence, ws, engine);
  for (size_t t = 0; t < tokens; ++t) std::copy_n(x.row(t), width, states.row(t));
  if (request.final_norm) ln_final_.forward(states, states, engine);
  transformer_.forward_part(kept, transformer_.layers(), x, sequence, ws, engine);
  std::copy_n(x.row(request.pooled), width, pooled_state.row(0));
  ln_final_.forward(pooled_state, pooled_state, engine);
  if (projection_) {
    projection_->forward(projection_->operand(pooled_state, ws, engine), out, engine);
  } else {
    std::copy_n(pooled_state.row(0), width, out.row(0));
  }
}

}  // namespace simdclip
