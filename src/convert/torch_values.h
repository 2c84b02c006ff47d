// What the names in torch's pickles mean: storages, tensors, ordered dicts. Nothing else has a meaning.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "convert/pickle.h"
#include "convert/tensor_source.h"
#include "convert/zip_archive.h"

namespace simdclip {

struct TorchStorage {
  const ZipEntry* entry = nullptr;
  std::optional<ForeignType> type;  // none: raw bytes (UntypedStorage), the tensor says the type
};

struct TorchTensor {
  const ZipEntry* entry = nullptr;
  ForeignType type = ForeignType::f32;
  uint64_t offset = 0;  // elements from the storage's start
  std::vector<uint64_t> shape;
  std::vector<uint64_t> strides;  // elements; every element lies inside the storage

  bool contiguous() const noexcept;
};

class TorchHost final : public PickleHost {
 public:
  // root: what precedes "data/N" in the archive's names. The archive must outlive this and its tensors.
  TorchHost(const ZipArchive& archive, std::string root) : archive_(archive), root_(std::move(root)) {}

  PickleRef call(PickleValues& values, std::string_view global, PickleRef args) override;
  PickleRef persistent(PickleValues& values, PickleRef id) override;
  const TorchTensor& tensor(int64_t index) const noexcept { return tensors_[static_cast<size_t>(index)]; }

 private:
  PickleRef rebuild_tensor(PickleValues& values, const std::vector<PickleRef>& args,
                           std::optional<ForeignType> type);
  PickleRef ordered_dict(PickleValues& values, PickleRef args);
  PickleRef from_type(PickleValues& values, const std::vector<PickleRef>& args);
  void check_extent(const PickleValues& values, const TorchTensor& tensor) const;

  const ZipArchive& archive_;
  std::string root_;
  std::vector<TorchStorage> storages_;
  std::vector<TorchTensor> tensors_;
};

}  // namespace simdclip
