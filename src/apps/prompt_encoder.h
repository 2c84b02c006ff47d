// The encoder behind PromptEncoder: its chunks (prompt_chunks.cpp) and how weights are applied
// (prompt_weights.cpp, prompt_compel.cpp).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/model_file.h"
#include "model/clip.h"
#include "simdclip/condition.h"
#include "text/tokenizer.h"

namespace simdclip {

// One token, or the vectors of an embedding, which stay together.
using TokenUnit = std::vector<int32_t>;

// A context's worth of ids with their weights.
struct PromptChunk {
  std::vector<int32_t> ids;
  std::vector<float> weights;

  void add(std::span<const int32_t> unit, double weight) {
    ids.insert(ids.end(), unit.begin(), unit.end());
    weights.insert(weights.end(), unit.size(), static_cast<float>(weight));
  }
};

struct PromptEncoder::Impl {
  struct Embedding {
    std::string name;
    TokenUnit ids;
  };

  Impl(const std::string& path, const ModelOptions& options);

  // Without begin and end.
  std::vector<int32_t> encode_text(std::string_view piece) const;
  std::vector<TokenUnit> units_of(std::string_view piece, PromptDialect dialect) const;

  PromptChunk begun() const { return {{bos}, {1.0F}}; }
  void finish(PromptChunk& chunk, const ConditionOptions& options) const;
  PromptChunk cut(const std::vector<WeightedText>& pieces, const ConditionOptions& options) const;
  std::vector<PromptChunk> chunks_a1111(const std::vector<WeightedText>& pieces,
                                        const ConditionOptions& options) const;
  std::vector<PromptChunk> chunks_comfyui(const std::vector<WeightedText>& pieces,
                                          const ConditionOptions& options) const;

  // One chunk through the tower. hidden: as TextTower::States.
  Conditioning run(const PromptChunk& chunk, const ConditionOptions& options,
                   std::span<const uint8_t> hidden = {}) const;
  Conditioning empty(const ConditionOptions& options) const;

  void weigh_a1111(Conditioning& z) const;
  void weigh_from_empty(Conditioning& z, const ConditionOptions& options) const;
  Conditioning compel(const std::string& prompt, const ConditionOptions& options) const;

  // compel (prompt_compel.cpp)
  struct CompelChunks;
  size_t compel_split(std::span<const int32_t> ids) const;
  CompelChunks compel_chunks(const std::vector<WeightedText>& pieces, const ConditionOptions& options) const;
  // hidden: of all chunks' tokens, or empty.
  Conditioning run_compel(const std::vector<PromptChunk>& chunks, const ConditionOptions& options,
                          std::span<const uint8_t> hidden = {}) const;
  void fill_up(Conditioning& z, size_t tokens, const ConditionOptions& options) const;
  Conditioning compel_prompt(const std::vector<WeightedText>& pieces, const ConditionOptions& options) const;
  Conditioning compel_blend(const CompelPart& part, const ConditionOptions& options) const;

  Clip clip;
  ModelFile file;
  const TextConfig& text;
  size_t context, width;
  int32_t bos = 0, eos = 0;
  TokenUnit comma;
  std::unique_ptr<Tokenizer> tokenizer;
  std::vector<Embedding> embeddings;
  std::vector<float> vectors;  // of all the embeddings: [*, width]
};

// Appends the tokens of `next`.
void append_tokens(Conditioning& all, const Conditioning& next);

}  // namespace simdclip
