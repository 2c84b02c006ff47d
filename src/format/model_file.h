// Reading a .sclip file: mapped, checked against the schema, used in place.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "format/config.h"
#include "format/schema.h"

namespace simdclip {

struct TensorView {
  const TensorSpec* spec = nullptr;
  std::span<const std::byte> bytes;  // 64-byte aligned, in the mapping

  const float* f32() const noexcept { return reinterpret_cast<const float*>(bytes.data()); }
  const uint16_t* bf16() const noexcept { return reinterpret_cast<const uint16_t*>(bytes.data()); }
};

// The parts of a gemm_int8 tensor, for columns rounded up to whole panels: weight(n, k) = scales[n] * q(n,
// k).
struct Int8Weights {
  const int8_t* packed;  // panels of q
  const float* scales;
  const int32_t* sums;  // of q over k
};
Int8Weights int8_weights(const TensorView& view) noexcept;

class ModelFile {
 public:
  // Milliseconds for any size: checks header, config, table and tokenizer (with their checksums) but reads no
  // weight. Errors: not_found, io, damaged, unsupported, shape_mismatch, too_large.
  static ModelFile open(const std::string& path);

  // The same from memory that stays there as long as this object, aligned to 64 bytes; `name` stands for the
  // path.
  static ModelFile open_memory(std::span<const std::byte> bytes, const std::string& name);

  const std::string& path() const noexcept { return path_; }
  const ModelConfig& config() const noexcept { return config_; }
  const std::vector<TensorSpec>& specs() const noexcept { return specs_; }
  TensorView tensor(
      std::string_view name) const;  // the schema has it, else a programming error (std::logic_error)
  TensorView tensor(size_t index) const noexcept { return {&specs_[index], data_[index]}; }  // beside specs()
  std::span<const std::byte> tokenizer() const noexcept {
    return tokenizer_;
  }  // the section's bytes; empty without a text tower
  size_t file_size() const noexcept { return bytes_.size(); }
  // Of all that decides the embeddings: config (without its labels name and source), tokenizer and every
  // tensor's checksum.
  uint64_t fingerprint() const noexcept { return fingerprint_; }
  uint64_t parameters() const noexcept;

  // Reads every weight and compares its checksum. Error damaged names the tensor.
  void verify() const;

 private:
  ModelFile(MappedFile file, std::span<const std::byte> bytes, const std::string& path);

  MappedFile file_;  // empty for open_memory
  std::string path_;
  std::span<const std::byte> bytes_;
  ModelConfig config_;
  std::vector<TensorSpec> specs_;
  std::vector<std::span<const std::byte>> data_;  // beside specs_
  std::vector<uint64_t> checksums_;
  std::vector<uint32_t> by_name_;  // indices into specs_, sorted by name
  std::span<const std::byte> tokenizer_;
  uint64_t fingerprint_ = 0;
};

}  // namespace simdclip
