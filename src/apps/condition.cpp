#include "simdclip/condition.h"

#include <algorithm>

#include "apps/prompt_encoder.h"
#include "base/fail.h"
#include "convert/tensor_source.h"

namespace simdclip {
namespace {

constexpr uint32_t kLongestPrompt = 1U << 16U;  // ids

bool boundary(std::string_view text, size_t at) {
  if (at == 0 || at >= text.size()) return true;
  const auto word = [](char c) {
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_';
  };
  return !(word(text[at - 1]) && word(text[at]));
}

}  // namespace

PromptEncoder::Impl::Impl(const std::string& path, const ModelOptions& options)
    : clip(path, options),
      file(ModelFile::open(path)),
      text(clip.text().config()),
      context(text.context_length),
      width(text.transformer.width) {
  const ModelConfig& config = clip.config();
  if (!text.causal || context < 3) {
    fail(ErrorCode::unsupported, path,
         ": its text tower is not causal; image generators are conditioned by CLIP's, OpenCLIP's or "
         "LongCLIP's");
  }
  bos = static_cast<int32_t>(config.tokenizer->bos_id);
  eos = static_cast<int32_t>(config.tokenizer->eos_id);
  tokenizer = make_tokenizer(*config.tokenizer, text.vocab_size, kLongestPrompt, file.tokenizer(), path);
  comma = encode_text(",");
}

std::vector<int32_t> PromptEncoder::Impl::encode_text(std::string_view piece) const {
  std::vector<int32_t> ids = tokenizer->encode(piece);
  if (!ids.empty() && ids.front() == bos) ids.erase(ids.begin());
  if (!ids.empty() && ids.back() == eos) ids.pop_back();
  return ids;
}

std::vector<TokenUnit> PromptEncoder::Impl::units_of(std::string_view piece, PromptDialect dialect) const {
  std::vector<TokenUnit> units;
  const auto add_text = [&](std::string_view part) {
    for (const int32_t id : encode_text(part)) units.push_back({id});
  };
  size_t begin = 0;
  for (size_t at = 0; at < piece.size() && !embeddings.empty(); ++at) {
    for (const Embedding& embedding : embeddings) {
      const std::string name = (dialect == PromptDialect::comfyui ? "embedding:" : "") + embedding.name;
      if (!piece.substr(at).starts_with(name) || !boundary(piece, at) || !boundary(piece, at + name.size()))
        continue;
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

Conditioning PromptEncoder::Impl::run(const PromptChunk& chunk, const ConditionOptions& options,
                                      std::span<const uint8_t> hidden) const {
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
  request.hidden = hidden;
  request.skip = options.clip_skip - 1;
  request.final_norm = options.final_norm;
  request.pooled =
      static_cast<size_t>(std::find(chunk.ids.begin(), chunk.ids.end(), eos) - chunk.ids.begin());
  Workspace ws(clip.text().workspace_floats(clip.engine().pool.size()));
  clip.text().states(request, {out.states.data(), context, width, width},
                     {out.pooled_state.data(), 1, width, width},
                     {out.pooled.data(), 1, out.pooled.size(), out.pooled.size()}, ws, clip.engine());
  return out;
}

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
  if (name.empty())
    fail(ErrorCode::invalid_argument, path, ": an embedding needs a name by which prompts call it");
  const auto source = open_checkpoint(path);
  const auto& tensors = source->tensors();
  const auto fits = [&](const ForeignTensor& t) {
    return (t.shape.size() == 1 || t.shape.size() == 2) && t.shape.back() == s.width;
  };
  const auto found = std::find_if(tensors.begin(), tensors.end(), fits);
  if (found == tensors.end()) {
    std::string shapes;
    for (const ForeignTensor& t : tensors) {
      shapes += (shapes.empty() ? "" : ", ") + t.name + " [";
      for (size_t i = 0; i < t.shape.size(); ++i) shapes += (i == 0 ? "" : ",") + std::to_string(t.shape[i]);
      shapes += "]";
    }
    fail(ErrorCode::unsupported, path, ": holds no vectors of ", s.width,
         " values, which this text tower's tokens have; it holds: ", shapes);
  }
  const size_t count = found->elements() / s.width, first = s.vectors.size() / s.width;
  if (count == 0 || count > s.context - 2)
    fail(ErrorCode::unsupported, path, ": holds ", count, " vectors, expected 1 to ", s.context - 2);
  s.vectors.resize((first + count) * s.width);
  source->read(static_cast<size_t>(found - tensors.begin()), std::span(s.vectors).subspan(first * s.width));
  Impl::Embedding embedding{name, {}};
  for (size_t i = 0; i < count; ++i) embedding.ids.push_back(-1 - static_cast<int32_t>(first + i));
  s.embeddings.push_back(std::move(embedding));
  // "cat-toy-2" before "cat-toy".
  std::stable_sort(
      s.embeddings.begin(), s.embeddings.end(),
      [](const Impl::Embedding& a, const Impl::Embedding& b) { return a.name.size() > b.name.size(); });
  return count;
}

Conditioning PromptEncoder::encode(const std::string& prompt, const ConditionOptions& options) const {
  const Impl& s = *impl_;
  if (options.clip_skip == 0 || options.clip_skip > layers()) {
    fail(ErrorCode::invalid_argument, "clip_skip is ", options.clip_skip, ", expected 1 (the last block) to ",
         layers());
  }
  if (options.dialect == PromptDialect::compel) return s.compel(prompt, options);
  const std::vector<WeightedText> pieces = parse_prompt(prompt, options.dialect);
  const std::vector<PromptChunk> chunks =
      options.dialect == PromptDialect::a1111     ? s.chunks_a1111(pieces, options)
      : options.dialect == PromptDialect::comfyui ? s.chunks_comfyui(pieces, options)
                                                  : std::vector{s.cut(pieces, options)};
  Conditioning all;
  for (const PromptChunk& chunk : chunks) {
    Conditioning z = s.run(chunk, options);
    if (options.dialect == PromptDialect::a1111) s.weigh_a1111(z);
    if (options.dialect == PromptDialect::comfyui) s.weigh_from_empty(z, options);
    if (all.tokens == 0) {
      all = std::move(z);
    } else {
      append_tokens(all, z);
    }
  }
  return all;
}

}  // namespace simdclip
