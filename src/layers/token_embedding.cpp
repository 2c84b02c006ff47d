#include "layers/token_embedding.h"

#include "kernels/gemm/pack.h"

namespace simdclip {

TokenEmbedding::TokenEmbedding(const ModelFile& file, const TextConfig& config)
    : context_(config.context_length), width_(config.transformer.width) {
  const TensorView table = file.tensor("text.token_embedding");
  storage_ = table.spec->storage;
  table_ = table.bytes.data();
  positions_ = file.tensor("text.positional_embedding").f32();
  if (config.pooling == Pooling::appended) class_ = file.tensor("text.class_embedding").f32();
}

void TokenEmbedding::append(float* to) const {
  const float* position = positions_ + context_ * width_;
  for (size_t d = 0; d < width_; ++d) to[d] = class_[d] + position[d];
}

void TokenEmbedding::forward(std::span<const int32_t> ids, std::span<const uint32_t> places, Span2f x) const {
  for (size_t t = 0; t < ids.size(); ++t) {
    const size_t row = static_cast<size_t>(ids[t]) * x.cols;
    const float* position = positions_ + (places.empty() ? t : places[t]) * x.cols;
    float* to = x.row(t);
    if (storage_ == Storage::bf16) {
      const uint16_t* from = reinterpret_cast<const uint16_t*>(table_) + row;
      for (size_t d = 0; d < x.cols; ++d) to[d] = kernels::from_bf16(from[d]) + position[d];
    } else {
      const float* from = reinterpret_cast<const float*>(table_) + row;
      for (size_t d = 0; d < x.cols; ++d) to[d] = from[d] + position[d];
    }
  }
}

void TokenEmbedding::replace(std::span<const float> vector, size_t place, float* to) const {
  const float* position = positions_ + place * width_;
  for (size_t d = 0; d < width_; ++d) to[d] = vector[d] + position[d];
}

}  // namespace simdclip
