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
};

class ModelFile {
 public:
  // Milliseconds for any size: checks header, config, table and tokenizer (with their checksums) but reads no weight.
  // Errors: not_found, io, damaged, unsupported, shape_mismatch, too_large.
  static ModelFile open(const std::string& path);

  const std::string& path() const noexcept { return file_.path(); }
  const ModelConfig& config() const noexcept { return config_; }
  const std::vector<TensorSpec>& specs() const noexcept { return specs_; }
  TensorView tensor(std::string_view name) const;   // the schema has it, else a programming error (asserts)
  std::span<const std::byte> tokenizer() const noexcept { return tokenizer_; }  // the section's bytes; empty without a text tower
  size_t file_size() const noexcept { return file_.bytes().size(); }
  uint64_t fingerprint() const noexcept { return fingerprint_; }  // of config, tokenizer and all tensors' checksums: names the model
  uint64_t parameters() const noexcept;

  // Reads every weight and compares its checksum. Error damaged names the tensor.
  void verify() const;

 private:
  MappedFile file_;
  ModelConfig config_;
  std::vector<TensorSpec> specs_;
  std::vector<std::span<const std::byte>> data_;   // beside specs_
  std::vector<uint64_t> checksums_;
  std::span<const std::byte> tokenizer_;
  uint64_t fingerprint_ = 0;
};

}  // namespace simdclip
