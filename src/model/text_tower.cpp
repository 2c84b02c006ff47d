#include "model/text_tower.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <numeric>

namespace simdclip {
namespace {

// For every text of a micro-batch the rows of the tokens that it shares with earlier ones.
class PrefixRows {
 public:
  // The next text: its first `shared` tokens are the last text's, its others are `rows` rows from `first_row`
  // on.
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

ConstSpan2f relative_bias(const ModelFile& file, const TextConfig& config) {
  if (!config.transformer.relative_bias) return {};
  const size_t columns = 2 * size_t{config.context_length} - 1;
  return {file.tensor("text.relative_bias").f32(), config.transformer.heads, columns, columns};
}

// One text of which some tokens are hidden: those that are not stand first, as one sequence that knows
// nothing of the others; behind it each hidden one is a sequence of its own that attends to the tokens before
// it, and not to itself.
struct HiddenTokens {
  std::vector<uint32_t> tokens;  // which token each row is
  std::vector<size_t> starts = {0}, prefix_starts = {0};
  std::vector<uint32_t> prefix_rows;
  std::vector<uint8_t> blind;

  HiddenTokens(size_t count, std::span<const uint8_t> hidden) {
    const auto is_hidden = [&](uint32_t t) { return !hidden.empty() && hidden[t] != 0; };
    for (uint32_t t = 0; t < count; ++t) {
      if (!is_hidden(t)) tokens.push_back(t);
    }
    end_sequence(false);
    for (uint32_t t = 0, before = 0; t < count; ++t) {
      if (!is_hidden(t)) {
        ++before;
        continue;
      }
      for (uint32_t row = 0; row < before; ++row) prefix_rows.push_back(row);
      tokens.push_back(t);
      end_sequence(true);
    }
  }
  Sequences sequences() const {
    Sequences all{starts};
    if (blind.size() == 1) return all;
    all.prefix_starts = prefix_starts;
    all.prefix_rows = prefix_rows;
    all.blind_last = blind;
    return all;
  }

 private:
  void end_sequence(bool sees_not_itself) {
    starts.push_back(tokens.size());
    prefix_starts.push_back(prefix_rows.size());
    blind.push_back(sees_not_itself ? 1 : 0);
  }
};

}  // namespace

KeptTokens kept_tokens(const TextConfig& config, std::span<const int32_t> ids) {
  const auto pad = static_cast<int32_t>(config.pad_id);
  KeptTokens kept;
  if (config.drop_padding) {
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(kept.ids), [&](int32_t id) { return id != pad; });
    if (kept.ids.empty()) kept.ids.push_back(ids[0]);  // a text has a token
    if (config.transformer.relative_bias)
      for (uint32_t i = 0; i < ids.size(); ++i)
        if (ids[i] != pad) kept.places.push_back(i);
    kept.places.resize(config.transformer.relative_bias ? kept.ids.size() : 0);
    return kept;
  }
  const auto id_at = [&](size_t i) { return i < ids.size() ? ids[i] : pad; };
  for (uint32_t i = 0; i < config.context_length; ++i) {
    if (i > 0 && id_at(i - 1) == pad) continue;
    kept.ids.push_back(id_at(i));
    kept.places.push_back(i);
  }
  kept.blind_class = id_at(config.context_length - 1) == pad;
  return kept;
}

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
    case Pooling::appended: extent.pooled = kept_tokens(config, ids).ids.size(); break;
    case Pooling::first:
    case Pooling::mean:
    case Pooling::attention: break;
  }
  if (config.drop_padding) extent.length = kept_tokens(config, ids).ids.size();
  if (config.causal) extent.length = extent.pooled + 1;
  return extent;
}

TextTower::TextTower(const ModelFile& file, const TextConfig& config, size_t embed_dim)
    : config_(config),
      precision_(file.config().precision),
      embed_dim_(embed_dim),
      embedding_(file, config),
      transformer_(file, "text", config.transformer, config.causal, {}, relative_bias(file, config)) {
  const float eps = config.transformer.norm_eps;
  const bool rms = config.transformer.rms_norm;
  if (config.embedding_norm) ln_embed_.emplace(file, "text.ln_embed", eps, rms);
  if (config.final_norm) ln_final_.emplace(file, "text.ln_final", eps, rms);
  if (config.projection_hidden != 0) projection_in_.emplace(file, "text.proj_in", false);
  if (config.projection) projection_.emplace(file, "text.proj", config.projection_bias);
}

size_t TextTower::micro_batch_rows() const noexcept {
  return std::max<size_t>(kMicroBatchRows, text_positions(config_));
}

size_t TextTower::workspace_floats(size_t threads) const noexcept {
  const size_t rows = micro_batch_rows(), width = config_.transformer.width,
               hidden = config_.projection_hidden,
               longest = text_positions(config_);  // each text has a token, so n <= rows
  return 2 * simdclip::workspace_floats(rows, width) + operand_workspace_floats(precision_, rows, width) +
         (hidden == 0 ? 0
                      : simdclip::workspace_floats(rows, hidden) +
                            operand_workspace_floats(precision_, rows, hidden)) +
         block_workspace_floats(config_.transformer, precision_, rows, longest, threads) +
         (config_.causal ? prefix_workspace_floats(longest, width / config_.transformer.heads, threads) : 0);
}

bool TextTower::embed(std::span<const int32_t> ids, size_t skipped, Span2f x) const {
  if (!selects()) {
    std::vector<uint32_t> places(x.rows);
    std::iota(places.begin(), places.end(), static_cast<uint32_t>(skipped));
    embedding_.forward(ids.subspan(skipped, x.rows), places, x);
    return false;
  }
  const KeptTokens kept = kept_tokens(config_, ids);
  embedding_.forward(kept.ids, kept.places, x.sub_rows(0, kept.ids.size()));
  if (config_.pooling == Pooling::appended) embedding_.append(x.row(x.rows - 1));
  return kept.blind_class;
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
    assert(skipped(i) == 0 || (skipped(i) <= extent.pooled && !selects()));
    starts[i + 1] = starts[i] + extent.length - skipped(i);
    pooled_rows[i] = extent.pooled - skipped(i);
    prefixes.add(skipped(i), starts[i], starts[i + 1] - starts[i]);
  }
  const Workspace::Scope scope(ws);
  const Span2f x = ws.take(starts[n], width);  // [tokens of all texts, D]
  const Span2f pooled = ws.take(n, width);     // [n, D]
  std::vector<uint8_t> blind(n);
  for (size_t i = 0; i < n; ++i)
    blind[i] = embed(texts[i], skipped(i), x.sub_rows(starts[i], starts[i + 1] - starts[i])) ? 1 : 0;
  if (ln_embed_) ln_embed_->forward(x, x, engine);
  Sequences sequences = prefixes.sequences(starts);
  if (config_.pooling == Pooling::appended) sequences.blind_last = blind;
  const std::vector<uint32_t> at = places(texts);
  sequences.places = at;
  pool(x, sequences, pooled_rows, pooled, ws, engine);
  project(pooled, out, ws, engine);
}

std::vector<uint32_t> TextTower::places(std::span<const std::span<const int32_t>> texts) const {
  std::vector<uint32_t> all;
  if (!config_.transformer.relative_bias || !config_.drop_padding) return all;
  for (const auto& text : texts) {
    const std::vector<uint32_t> one = kept_tokens(config_, text).places;
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

void TextTower::pool(Span2f x, const Sequences& sequences, std::span<const size_t> rows, Span2f pooled,
                     Workspace& ws, const Engine& engine) const {
  if (config_.pooling != Pooling::mean) {
    transformer_.forward_rows(x, sequences, rows, pooled, ws, engine);
    if (ln_final_) ln_final_->forward(pooled, pooled, engine);
    return;
  }
  transformer_.forward(x, sequences, ws, engine);
  if (ln_final_) ln_final_->forward(x, x, engine);
  for (size_t i = 0; i < sequences.count(); ++i)
    mean_rows(x.sub_rows(sequences.starts[i], sequences.length(i)), pooled.row(i));
}

void TextTower::project(Span2f pooled, Span2f out, Workspace& ws, const Engine& engine) const {
  if (!projection_) {
    for (size_t i = 0; i < pooled.rows; ++i) std::copy_n(pooled.row(i), pooled.cols, out.row(i));
    return;
  }
  Span2f input = pooled;
  if (projection_in_) {
    input = ws.take(pooled.rows, projection_in_->outputs());  // [n, hidden]
    projection_in_->forward(projection_in_->operand(pooled, ws, engine), input, engine, kernels::Act::gelu);
  }
  projection_->forward(projection_->operand(input, ws, engine), out, engine);
}

void TextTower::states(const States& request, Span2f states, Span2f pooled_state, Span2f out, Workspace& ws,
                       const Engine& engine) const {
  const size_t tokens = request.ids.size(), width = config_.transformer.width;
  assert(tokens <= config_.context_length && states.rows == tokens && request.skip <= transformer_.layers());
  assert(request.hidden.empty() ||
         (config_.causal && request.hidden.size() == tokens && request.hidden[0] == 0));
  const HiddenTokens order(tokens, request.hidden);
  const Sequences sequences = order.sequences();
  const Workspace::Scope scope(ws);
  const Span2f x = ws.take(tokens, width);  // [T, D], in that order
  std::vector<int32_t> ids(tokens);
  for (size_t row = 0; row < tokens; ++row) ids[row] = std::max(request.ids[order.tokens[row]], 0);
  embedding_.forward(ids, order.tokens, x);
  for (size_t row = 0; row < tokens; ++row) {
    const int32_t id = request.ids[order.tokens[row]];
    if (id >= 0) continue;
    const std::span<const float> vector = request.extra.subspan(static_cast<size_t>(-1 - id) * width, width);
    embedding_.replace(vector, order.tokens[row], x.row(row));
  }
  if (ln_embed_) ln_embed_->forward(x, x, engine);
  const size_t kept = transformer_.layers() - request.skip;
  transformer_.forward_part(0, kept, x, sequences, ws, engine);
  for (size_t row = 0; row < tokens; ++row) std::copy_n(x.row(row), width, states.row(order.tokens[row]));
  if (request.final_norm && ln_final_) ln_final_->forward(states, states, engine);
  transformer_.forward_part(kept, transformer_.layers(), x, sequences, ws, engine);
  const auto pooled_row =
      std::find(order.tokens.begin(), order.tokens.end(), request.pooled) - order.tokens.begin();
  std::copy_n(x.row(static_cast<size_t>(pooled_row)), width, pooled_state.row(0));
  if (ln_final_) ln_final_->forward(pooled_state, pooled_state, engine);
  project(pooled_state, out, ws, engine);
}

}  // namespace simdclip
