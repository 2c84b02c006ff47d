// Layer normalisation with its weights, rows spread over the threads.
#pragma once

#include <string>

#include "format/model_file.h"
#include "layers/engine.h"
#include "layers/span2.h"

namespace simdclip {

class LayerNorm {
 public:
  LayerNorm() = default;
  // "<name>.weight", "<name>.bias": [D].
  LayerNorm(const ModelFile& file, const std::string& name, float eps);

  // x, y: [rows, D]; y may be x.
  void forward(ConstSpan2f x, Span2f y, const Engine& engine) const;

 private:
  const float* gamma_ = nullptr;
  const float* beta_ = nullptr;
  float eps_ = 0;
};

}  // namespace simdclip
