#include "simdclip/condition.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/fail.h"
#include "convert/tensor_source.h"
#include "format/model_file.h"
#include "model/clip.h"
#include "text/tokenizer.h"

namespace simdclip {
namespace {

constexpr uint32_t kLongestPrompt = 1U << 16U;  // ids
constexpr size_t kWholeWord = 8;                // comfyui keeps shorter segments in one chunk

// One token, or the vectors of an embedding, which stay together.
using Unit = std::vector<int32_t>;

struct Chunk {
  std::vector<int32_t> ids;
  std::vector<float> weights;

  void add(std::span<const int32_t> unit, double weight) {
    ids.insert(ids.end(), unit.begin(), unit.end());
    weights.insert(weights.end(), unit.size(), static_cast<float>(weight));
  }
};

struct Embedding {
  std::string name;
  Unit ids;
};

bool boundary(std::string_view text, size_t at) {
  if (at == 0 || at >= text.size()) return true;
  const auto word = [](char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_'; };
  return !(word(text[at - 1]) && word(text[at]));
}

}  // namespace

struct PromptEncoder::Impl {
  Impl(const std::string& path, const ModelOptions& options)
      : clip(path, options), file(ModelFile::open(path)), text(clip.text().config()), context(text.context_length), width(text.transformer.width) {
    const ModelConfig& config = clip.config();
    if (!text.causal || context < 3) {
      fail(ErrorCode::unsupported, path, ": its text tower is not causal; image generators are conditioned by CLIP's, OpenCLIP's or LongCLIP's");
    }
    bos = static_cast<int32_t>(config.tokenizer->bos_id);
    eos = static_cast<int32_t>(config.tokenizer->eos_id);
    tokenizer = make_tokenizer(*config.tokenizer, text.vocab_size, kLongestPrompt, file.tokenizer(), path);
    comma = encode_text(",");
  }

  // Without begin and end.
  std::vector<int32_t> encode_text(std::string_view piece) const {
    std::vector<int32_t> ids = tokenizer->encode(piece);
    if (!ids.empty() && ids.front() == bos) ids.erase(ids.begin());
    if (!ids.empty() && ids.back() == eos) ids.pop_back();
    return ids;
  }

  std::vector<Unit> units_of(std::string_view piece, PromptDialect dialect) const {
    std::vector<Unit> units;
    const auto add_text = [&](std::string_view part) {
      for (const int32_t id : encode_text(part)) units.push_back({id});
    };
    size_t begin = 0;
    for (size_t at = 0; at < piece.size() && !embeddings.empty(); ++at) {
      for (const Embedding& embedding : embeddings) {
        const std::string name = (dialect == PromptDialect::comfyui ? "embedding:" : "") + embedding.name;
        if (!piece.substr(at).starts_with(name) || !boundary(piece, at) || !boundary(piece, at + name.size())) continue;
        add_text(piece.substr(begin, at - begin));
        units.push_back(embedding.ids);
        begin = at + name.size();
        at = begin - 1;
        break;
      }
    }
    add_text(piece.substr(begin));
    return units;
  }

  Chunk begun() const { return {{bos}, {1.0F}}; }
  void finish(Chunk& chunk, const ConditionOptions& options) const {
    chunk.add(Unit{eos}, 1);
    while (chunk.ids.size() < context) chunk.add(Unit{options.pad_with_end ? eos : 0}, 1);
  }

  std::vector<Chunk> cut(const std::vector<WeightedText>& pieces, const ConditionOptions& options) const {
    Chunk chunk = begun();
    for (const WeightedText& piece : pieces) {
      for (const Unit& unit : units_of(piece.text, options.dialect)) {
        for (const int32_t id : unit) {
          if (chunk.ids.size() + 1 < context) chunk.add(std::span(&id, 1), piece.weight);
        }
      }
    }
    finish(chunk, options);
    return {chunk};
  }

  // A1111's tokenize_line: chunks of 75; where a chunk is full, what follows its last comma moves on with the token.
  std::vector<Chunk> chunks_a1111(const std::vector<WeightedText>& pieces, const ConditionOptions& options) const {
    std::vector<Chunk> chunks;
    Chunk chunk = begun();
    size_t last_comma = 0;  // its place in the chunk; 0: none
    const auto next = [&] {
      finish(chunk, options);
      chunks.push_back(chunk);
      chunk = begun();
      last_comma = 0;
    };
    for (const WeightedText& piece : pieces) {
      if (piece.chunk_break) {
        next();
        continue;
      }
      for (const Unit& unit : units_of(piece.text, options.dialect)) {
        const size_t size = chunk.ids.size();
        const bool full = size == context - 1;
        if (unit == comma) {
          last_comma = size;
        } else if (full && options.comma_backtrack != 0 && last_comma != 0 && size - last_comma <= options.comma_backtrack) {
          const auto from = static_cast<ptrdiff_t>(last_comma) + 1;
          const std::vector<int32_t> ids(chunk.ids.begin() + from, chunk.ids.end());
          const std::vector<float> weights(chunk.weights.begin() + from, chunk.weights.end());
          chunk.ids.resize(last_comma + 1);
          chunk.weights.resize(last_comma + 1);
          next();
          chunk.ids.insert(chunk.ids.end(), ids.begin(), ids.end());
          chunk.weights.insert(chunk.weights.end(), weights.begin(), weights.end());
        }
        if (chunk.ids.size() == context - 1) {
          next();
          if (unit == comma) last_comma = 0;
        }
        if (chunk.ids.size() + unit.size() > context - 1) next();
        chunk.add(unit, piece.weight);
      }
    }
    if (chunk.ids.size() > 1 || chunks.empty()) next();
    return chunks;
  }

  // ComfyUI's tokenize_with_weights: segments below eight tokens are not cut.
  std::vector<Chunk> chunks_comfyui(const std::vector<WeightedText>& pieces, const ConditionOptions& options) const {
    std::vector<Chunk> chunks;
    Chunk chunk = begun();
    const auto next = [&] {
      finish(chunk, options);
      chunks.push_back(chunk);
      chunk = begun();
    };
    const auto add_group = [&](std::span<const int32_t> ids, double weight) {
      const bool large = ids.size() >= kWholeWord;
      while (!ids.empty()) {
        const size_t room = context - 1 - chunk.ids.size();
        if (ids.size() <= room) {
          chunk.add(ids, weight);
          return;
        }
        if (large) {
          chunk.add(ids.first(room), weight);
          ids = ids.subspan(room);
        }
        next();
      }
    };
    for (const WeightedText& piece : pieces) {
      std::vector<int32_t> group;
      for (const Unit& unit : units_of(piece.text, options.dialect)) {
        if (unit[0] >= 0) {
          group.insert(group.end(), unit.begin(), unit.end());
          continue;
        }
        add_group(group, piece.weight);
        group.clear();
        add_group(unit, piece.weight);
      }
      add_group(group, piece.weight);
    }
    next();
    return chunks;
  }

  // One chunk through the tower.
  Conditioning run(const Chunk& chunk, const ConditionOptions& options) const {
    Conditioning out;
    out.tokens = context;
    out.width = width;
    out.ids = chunk.ids;
    out.weights = chunk.weights;
    out.states.resize(context * width);
    out.pooled_state.resize(width);
    out.pooled.resize(clip.text().embed_dim());
    TextTower::States request;
    request.ids = chunk.ids;
    request.extra = vectors;
    request.skip = options.clip_skip - 1;
    request.final_norm = options.final_norm;
    request.pooled = static_cast<size_t>(std::find(chunk.ids.begin(), chunk.ids.end(), eos) - chunk.ids.begin());
    Workspace ws(clip.text().workspace_floats(clip.engine().pool.size()));
    clip.text().states(request, {out.states.data(), context, width, width}, {out.pooled_state.data(), 1, width, width},
                       {out.pooled.data(), 1, out.pooled.size(), out.pooled.size()}, ws, clip.engine());
    return out;
  }

  void weigh_a1111(Conditioning& z) const {
    const auto mean = [&] {
      double sum = 0;
      for (const float value : z.states) sum += static_cast<double>(value);
      return sum / static_cast<double>(z.states.size());
    };
    const double before = mean();
    for (size_t i = 0; i < z.states.size(); ++i) z.states[i] *= z.weights[i / width];
    const double scale = before / mean();
    if (std::all_of(z.weights.begin(), z.weights.end(), [](float w) { return w == 1.0F; }) || !std::isfinite(scale)) return;
    for (float& value : z.states) value = static_cast<float>(static_cast<double>(value) * scale);
  }

  void weigh_from_empty(Conditioning& z, const ConditionOptions& options) const {
    if (std::all_of(z.weights.begin(), z.weights.end(), [](float w) { return w == 1.0F; })) return;
    Chunk nothing = begun();
    finish(nothing, options);
    const Conditioning empty = run(nothing, options);
    for (size_t i = 0; i < z.states.size(); ++i) {
      const float weight = z.weights[i / width];
      if (weight != 1.0F) z.states[i] = (z.states[i] - empty.states[i]) * weight + empty.states[i];
    }
  }

  Conditioning compel(const std::vector<WeightedText>& pieces, const ConditionOptions& options) const {
    Conditioning base = run(cut(pieces, options)[0], options);
    weigh_from_empty(base, options);
    std::vector<double> sum(base.states.begin(), base.states.end());
    double total = 1;
    size_t start = 1;
    for (size_t i = 0; i < pieces.size() && start < context - 1; ++i) {
      for (const Unit& unit : units_of(pieces[i].text, options.dialect)) start += unit.size();
      if (pieces[i].weight >= 1) continue;
      std::vector<WeightedText> others = pieces;
      others.erase(others.begin() + static_cast<ptrdiff_t>(i));
      Conditioning without = run(cut(others, options)[0], options);
      weigh_from_empty(without, options);
      const double share = std::tan((1.0 - std::max(1e-5, pieces[i].weight)) * 1.5707963267948966);
      for (size_t k = 0; k < sum.size(); ++k) sum[k] += share * static_cast<double>(without.states[k]);
      total += share;
    }
    for (size_t k = 0; k < sum.size(); ++k) base.states[k] = static_cast<float>(sum[k] / total);
    return base;
  }

  Clip clip;
  ModelFile file;
  const TextConfig& text;
  size_t context, width;
  int32_t bos = 0, eos = 0;
  Unit comma;
  std::unique_ptr<Tokenizer> tokenizer;
  std::vector<Embedding> embeddings;
  std::vector<float> vectors;  // of all the embeddings: [*, width]
};

PromptEncoder::PromptEncoder(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
PromptEncoder::PromptEncoder(PromptEncoder&&) noexcept = default;
PromptEncoder& PromptEncoder::operator=(PromptEncoder&&) noexcept = default;
PromptEncoder::~PromptEncoder() = default;

PromptEncoder PromptEncoder::open(const std::string& path, const ModelOptions& options) {
  return PromptEncoder(std::make_unique<Impl>(path, options));
}

size_t PromptEncoder::width() const noexcept { return impl_->width; }
size_t PromptEncoder::layers() const noexcept { return impl_->clip.text().layers(); }
size_t PromptEncoder::embed_dim() const noexcept { return impl_->clip.text().embed_dim(); }

size_t PromptEncoder::add_embedding(const std::string& name, const std::string& path) {
  Impl& s = *impl_;
  if (name.empty()) fail(ErrorCode::invalid_argument, path, ": an embedding needs a name by which prompts call it");
  const auto source = open_checkpoint(path);
  const auto& tensors = source->tensors();
  const auto fits = [&](const ForeignTensor& t) { return (t.shape.size() == 1 || t.shape.size() == 2) && t.shape.back() == s.width; };
  const auto found = std::find_if(tensors.begin(), tensors.end(), fits);
  if (found == tensors.end()) {
    std::string shapes;
    for (const ForeignTensor& t : tensors) {
      shapes += (shapes.empty() ? "" : ", ") + t.name + " [";
      for (size_t i = 0; i < t.shape.size(); ++i) shapes += (i == 0 ? "" : ",") + std::to_string(t.shape[i]);
      shapes += "]";
    }
    fail(ErrorCode::unsupported, path, ": holds no vectors of ", s.width, " values, which this text tower's tokens have; it holds: ", shapes);
  }
  const size_t count = found->elements() / s.width, first = s.vectors.size() / s.width;
  if (count == 0 || count > s.context - 2) fail(ErrorCode::unsupported, path, ": holds ", count, " vectors, expected 1 to ", s.context - 2);
  s.vectors.resize((first + count) * s.width);
  source->read(static_cast<size_t>(found - tensors.begin()), std::span(s.vectors).subspan(first * s.width));
  Embedding embedding{name, {}};
  for (size_t i = 0; i < count; ++i) embedding.ids.push_back(-1 - static_cast<int32_t>(first + i));
  s.embeddings.push_back(std::move(embedding));
  // "cat-toy-2" before "cat-toy".
  std::stable_sort(s.embeddings.begin(), s.embeddings.end(), [](const Embedding& a, const Embedding& b) { return a.name.size() > b.name.size(); });
  return count;
}

Conditioning PromptEncoder::encode(const std::string& prompt, const ConditionOptions& options) const {
  const Impl& s = *impl_;
  if (options.clip_skip == 0 || options.clip_skip > layers()) {
    fail(ErrorCode::invalid_argument, "clip_skip is ", options.clip_skip, ", expected 1 (the last block) to ", layers());
  }
  const std::vector<WeightedText> pieces = parse_prompt(prompt, options.dialect);
  if (options.dialect == PromptDialect::compel) return s.compel(pieces, options);
  const std::vector<Chunk> chunks = options.dialect == PromptDialect::a1111     ? s.chunks_a1111(pieces, options)
                                    : options.dialect == PromptDialect::comfyui ? s.chunks_comfyui(pieces, options)
                                                                                : s.cut(pieces, options);
  Conditioning all;
  for (const Chunk& chunk : chunks) {
    Conditioning z = s.run(chunk, options);
    if (options.dialect == PromptDialect::a1111) s.weigh_a1111(z);
    if (options.dialect == PromptDialect::comfyui) s.weigh_from_empty(z, options);
    if (all.tokens == 0) {
      all = std::move(z);
      continue;
    }
    all.tokens += z.tokens;
    all.states.insert(all.states.end(), z.states.begin(), z.states.end());
    all.ids.insert(all.ids.end(), z.ids.begin(), z.ids.end());
    all.weights.insert(all.weights.end(), z.weights.begin(), z.weights.end());
  }
  return all;
}

}  // namespace simdclip
