// Writing a .sclip file, tensor by tensor in schema order, atomically.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "format/config.h"
#include "format/schema.h"

namespace simdclip {

class ModelWriter {
 public:
  // Lays the whole file out from the schema; nothing is at `path` before commit().
  ModelWriter(std::string path, const ModelConfig& config, std::span<const std::byte> tokenizer);
  ~ModelWriter();

  const std::vector<TensorSpec>& specs() const noexcept;

  // The next tensor in schema order, as logical row-major floats ([N, K] for GEMM weights); packs and rounds as the spec says.
  void write(const TensorSpec& spec, std::span<const float> values);

  // Checks that every tensor was written, patches checksums and header, fsyncs, renames.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simdclip
