// Named tensors of a foreign checkpoint, whatever its file format.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace simdclip {

enum class ForeignType : uint8_t { f64, f32, f16, bf16, i64, i32, i16, i8, u8, boolean };

size_t element_size(ForeignType type) noexcept;
std::string_view to_string(ForeignType type) noexcept;  // "f16"

struct ForeignTensor {
  std::string name;  // as in the file, wrappers such as "state_dict." and "module." already stripped
  ForeignType type = ForeignType::f32;
  std::vector<uint64_t> shape;  // row-major

  uint64_t elements() const noexcept;  // their product is checked when the file is opened
};

// What a file says beside its tensors; decides how a single file is understood.
struct SourceFacts {
  bool torchscript = false;        // a torch.jit archive: it carries its own code
  bool code_has_erf_gelu = false;  // its code calls gelu
  bool code_has_sigmoid = false;   // its code calls sigmoid (QuickGELU)
};

class TensorSource {
 public:
  virtual ~TensorSource() = default;
  virtual const std::string& path() const noexcept = 0;                    // for messages
  virtual const std::vector<ForeignTensor>& tensors() const noexcept = 0;  // sorted by name
  // The tensor's elements widened to f32, row-major, into out (exactly elements() floats); `index` into
  // tensors(). Strided torch storages are made contiguous. Pages of the file are released as they have been
  // read. Error damaged: a payload that its own checksum contradicts.
  virtual void read(size_t index, std::span<float> out) const = 0;
  virtual SourceFacts facts() const noexcept { return {}; }

  std::optional<size_t> find(std::string_view name) const noexcept;  // index into tensors()
};

// The readers: each checks everything that its file says before it trusts it, and executes nothing.
// Errors: not_found, io, damaged, unsupported, too_large.
std::unique_ptr<TensorSource> open_safetensors(const std::string& path);  // one file
std::unique_ptr<TensorSource> open_torch(const std::string& path);        // zip pickle or TorchScript archive
// numpy.savez (big_vision's checkpoints); arrays of stacked layers ("encoderblock/...") appear as
// "encoderblock_0/...".
std::unique_ptr<TensorSource> open_npz(const std::string& path);
bool is_npz(const std::string& path);  // of a zip archive; errors as ZipArchive::open
// model.safetensors.index.json, pytorch_model.bin.index.json: the shards beside it, each by content.
std::unique_ptr<TensorSource> open_sharded(const std::string& index);

// By content, not by extension: safetensors, a torch zip, a .npz, a *.index.json.
std::unique_ptr<TensorSource> open_checkpoint(const std::string& path);

}  // namespace simdclip
