// Named tensors of a foreign checkpoint, whatever its file format.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace simdclip {

enum class ForeignType : uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

struct ForeignTensor {
  std::string name;               // as in the file, wrappers such as "state_dict." and "module." already stripped
  ForeignType type = ForeignType::f32;
  std::vector<uint64_t> shape;    // row-major
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual const std::string& path() const noexcept = 0;                        // for messages
  virtual const std::vector<ForeignTensor>& tensors() const noexcept = 0;      // sorted by name
  // The tensor's elements widened to f32, row-major; `index` into tensors(). Strided torch storages are made contiguous.
  virtual void read(size_t index, std::vector<float>& out) const = 0;
};

// The readers: each checks everything that its file says before it trusts it, and executes nothing.
// Errors: not_found, io, damaged, unsupported, too_large.
std::unique_ptr<TensorSource> open_safetensors(const std::string& path);            // one file
std::unique_ptr<TensorSource> open_safetensors_sharded(const std::string& index);   // *.safetensors.index.json
std::unique_ptr<TensorSource> open_torch(const std::string& path);                  // zip pickle or TorchScript archive
std::unique_ptr<TensorSource> open_torch_sharded(const std::string& index);         // pytorch_model.bin.index.json

// By content, not by extension: safetensors, a torch zip, a *.index.json.
std::unique_ptr<TensorSource> open_checkpoint(const std::string& path);

}  // namespace simdclip
