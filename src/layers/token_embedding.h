// Token ids to the vectors that enter a text transformer: embedding row plus position row.
#pragma once

#include <cstdint>
#include <span>

#include "format/model_file.h"
#include "layers/engine.h"
#include "layers/span2.h"

namespace simdclip {

class TokenEmbedding {
 public:
  TokenEmbedding() = default;
  // Tensors text.token_embedding (f32 or bf16), text.positional_embedding; .class_embedding where one is
  // appended.
  TokenEmbedding(const ModelFile& file, const TextConfig& config);

  // ids: one sequence of at most context_length ids, each below vocab_size; x: [ids.size(), D]. `places`:
  // the position of each id, empty where they follow one another.
  void forward(std::span<const int32_t> ids, std::span<const uint32_t> places, Span2f x) const;
  // Position `place`'s token is `vector` [D] instead of a row of the table (textual inversion); to: [D].
  void replace(std::span<const float> vector, size_t place, float* to) const;
  // The appended class token: its embedding at the position behind the context; to: [D].
  void append(float* to) const;

 private:
  Storage storage_ = Storage::f32;
  const std::byte* table_ = nullptr;  // [vocab, D]
  const float* positions_ = nullptr;  // [context, D]
  const float* class_ = nullptr;      // [D]
  size_t context_ = 0, width_ = 0;
};

}  // namespace simdclip
