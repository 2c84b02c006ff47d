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
  // Lays the whole file out from the schema and asks the disk for the room; nothing is at `path` before
  // commit(). Errors: io, damaged (the config is no model's), unsupported, too_large.
  ModelWriter(std::string path, const ModelConfig& config, std::span<const std::byte> tokenizer);
  ~ModelWriter();

  const std::vector<TensorSpec>& specs() const noexcept;
  const ModelConfig& config() const noexcept;  // as written: labels cleaned
  uint64_t bytes_done() const noexcept;        // for progress
  uint64_t bytes_total() const noexcept;

  // The next tensor in schema order, as logical row-major floats ([N, K] for GEMM weights); packs and rounds
  // as the spec says. Memory beside `values` stays below a few megabytes. Error shape_mismatch when the
  // tensor or the number of values is not the next spec's.
  void write(const TensorSpec& spec, std::span<const float> values);

  // Checks that every tensor was written, patches checksums and header, fsyncs, renames.
  void commit();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace simdclip
