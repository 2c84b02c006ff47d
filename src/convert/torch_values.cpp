#include "convert/torch_values.h"

#include <algorithm>
#include <array>

#include "base/checked.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr size_t kMaxTensors = 200'000;
constexpr size_t kMaxRank = 32;
constexpr uint64_t kMaxExpanded =
    1U << 20;  // elements that an expanded (stride 0) tensor may have beyond its storage

struct Named {
  std::string_view name;
  ForeignType type;
};
constexpr std::array<Named, 10> kStorages = {{{"FloatStorage", ForeignType::f32},
                                              {"HalfStorage", ForeignType::f16},
                                              {"BFloat16Storage", ForeignType::bf16},
                                              {"DoubleStorage", ForeignType::f64},
                                              {"LongStorage", ForeignType::i64},
                                              {"IntStorage", ForeignType::i32},
                                              {"ShortStorage", ForeignType::i16},
                                              {"CharStorage", ForeignType::i8},
                                              {"ByteStorage", ForeignType::u8},
                                              {"BoolStorage", ForeignType::boolean}}};
constexpr std::array<Named, 10> kDtypes = {{{"float32", ForeignType::f32},
                                            {"float16", ForeignType::f16},
                                            {"bfloat16", ForeignType::bf16},
                                            {"float64", ForeignType::f64},
                                            {"int64", ForeignType::i64},
                                            {"int32", ForeignType::i32},
                                            {"int16", ForeignType::i16},
                                            {"int8", ForeignType::i8},
                                            {"uint8", ForeignType::u8},
                                            {"bool", ForeignType::boolean}}};

template <size_t N>
std::optional<ForeignType> lookup(const std::array<Named, N>& table, std::string_view name) {
  for (const Named& entry : table)
    if (entry.name == name) return entry.type;
  return std::nullopt;
}

template <typename... Parts>
[[noreturn]] void damaged(const PickleValues& values, const Parts&... parts) {
  fail(ErrorCode::damaged, values.where(), ": ", parts...);
}

uint64_t size_value(const PickleValues& values, PickleRef ref, const char* what) {
  if (values.kind(ref) != PickleKind::integer)
    damaged(values, "a tensor's ", what, " should be an integer, found ", values.describe(ref));
  if (values.integer(ref) < 0) damaged(values, "a tensor's ", what, " is negative: ", values.integer(ref));
  return static_cast<uint64_t>(values.integer(ref));
}

std::vector<uint64_t> size_list(const PickleValues& values, PickleRef ref, const char* what) {
  if (values.kind(ref) != PickleKind::tuple && values.kind(ref) != PickleKind::list)
    damaged(values, "a tensor's ", what, " should be a tuple, found ", values.describe(ref));
  if (values.items(ref).size() > kMaxRank)
    damaged(values, "a tensor's ", what, " has more than ", kMaxRank, " extents");
  std::vector<uint64_t> out;
  for (PickleRef item : values.items(ref)) out.push_back(size_value(values, item, what));
  return out;
}

PickleRef opaque(PickleValues& values, std::string_view global) {
  std::string name(global);
  std::replace(name.begin(), name.end(), ' ', '.');
  return values.add_text(PickleKind::opaque, std::move(name));
}

}  // namespace

bool TorchTensor::contiguous() const noexcept {
  uint64_t expected = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    if (shape[i] != 1 && strides[i] != expected) return false;
    expected *= shape[i];
  }
  return true;
}

PickleRef TorchHost::call(PickleValues& values, std::string_view global, PickleRef args_ref) {
  const std::vector<PickleRef> args = values.items(args_ref);
  const auto first = [&]() -> PickleRef {
    if (args.empty()) damaged(values, global, " needs arguments, found none");
    return args[0];
  };
  if (global == "torch._utils _rebuild_tensor_v2" || global == "torch._utils _rebuild_tensor")
    return rebuild_tensor(values, args, {});
  if (global == "torch._utils _rebuild_tensor_v3") {
    if (args.size() < 7 || values.kind(args[6]) != PickleKind::global)
      damaged(values, "a tensor without its element type");
    const std::string_view dtype = values.text(args[6]);
    const auto type = dtype.starts_with("torch ") ? lookup(kDtypes, dtype.substr(6)) : std::nullopt;
    return type ? rebuild_tensor(values, args, type) : opaque(values, "a tensor of " + std::string(dtype));
  }
  if (global == "torch._utils _rebuild_parameter" || global == "torch._utils _rebuild_parameter_with_state") {
    const PickleKind kind = values.kind(first());
    if (kind != PickleKind::tensor && kind != PickleKind::opaque)
      damaged(values, "a parameter made of ", values.describe(first()));
    return first();
  }
  if (global == "torch._tensor _rebuild_from_type_v2") return from_type(values, args);
  if (global == "collections OrderedDict") return ordered_dict(values, args_ref);
  if (global == "collections defaultdict" || global == "builtins dict" || global == "__builtin__ dict")
    return values.add_items(PickleKind::dict, {});
  if (global == "torch Size") return first();
  // TorchScript wraps typed lists and dicts: the value is the first argument.
  if (global.starts_with("torch.jit._pickle ")) return first();
  if (global.starts_with("__torch__")) return values.add_object();
  return opaque(values, global);
}

PickleRef TorchHost::ordered_dict(PickleValues& values, PickleRef args_ref) {
  const std::vector<PickleRef> args = values.items(args_ref);
  std::vector<PickleRef> pairs;
  if (!args.empty() && values.kind(args[0]) == PickleKind::list) {
    for (PickleRef pair : values.items(args[0])) {
      const PickleKind kind = values.kind(pair);
      if ((kind != PickleKind::list && kind != PickleKind::tuple) || values.items(pair).size() != 2)
        damaged(values, "an OrderedDict made of ", values.describe(pair), ", expected pairs");
      pairs.insert(pairs.end(), values.items(pair).begin(), values.items(pair).end());
    }
  }
  return values.add_items(PickleKind::dict, std::move(pairs));
}

// (function, type, args, state): a tensor with Python attributes. One level only.
PickleRef TorchHost::from_type(PickleValues& values, const std::vector<PickleRef>& args) {
  if (args.size() < 3 || values.kind(args[0]) != PickleKind::global ||
      values.kind(args[2]) != PickleKind::tuple)
    damaged(values, "_rebuild_from_type_v2 with other arguments than torch writes");
  const std::string function(values.text(args[0]));
  if (function == "torch._tensor _rebuild_from_type_v2") damaged(values, "_rebuild_from_type_v2 of itself");
  return call(values, function, args[2]);
}

PickleRef TorchHost::persistent(PickleValues& values, PickleRef id) {
  const auto& parts = values.items(id);
  if (values.kind(id) != PickleKind::tuple || parts.size() != 5 ||
      values.kind(parts[0]) != PickleKind::text || values.text(parts[0]) != "storage")
    damaged(values, "a persistent id that is no storage");
  if (values.kind(parts[1]) != PickleKind::global || values.kind(parts[2]) != PickleKind::text)
    damaged(values, "a storage whose type or key has the wrong kind");
  const std::string_view type = values.text(parts[1]);
  const std::string key(values.text(parts[2]));
  const uint64_t count = size_value(values, parts[4], "storage size");
  TorchStorage storage;
  const bool untyped = type == "torch.storage UntypedStorage" || type == "torch UntypedStorage" ||
                       type == "torch.storage _UntypedStorage";
  if (!untyped) {
    storage.type = type.starts_with("torch ") ? lookup(kStorages, type.substr(6)) : std::nullopt;
    if (!storage.type) return opaque(values, "a storage of " + std::string(type));
  }
  storage.entry = archive_.find(root_ + "data/" + key);
  if (storage.entry == nullptr) damaged(values, "storage '", key.substr(0, 40), "' is not in the archive");
  const auto bytes = checked_mul(count, untyped ? 1 : element_size(*storage.type));
  if (!bytes || *bytes != storage.entry->size)
    damaged(values, "storage '", key.substr(0, 40), "' should have ", count,
            untyped ? " bytes" : " elements of ", untyped ? std::string_view() : to_string(*storage.type),
            ", the archive holds ", storage.entry->size, " bytes of it");
  if (storages_.size() == kMaxTensors)
    fail(ErrorCode::too_large, values.where(), ": more than ", kMaxTensors, " storages");
  storages_.push_back(storage);
  return values.add(PickleKind::storage, static_cast<int64_t>(storages_.size() - 1));
}

// (storage, offset, size, stride, ...); `type` where the storage is raw bytes.
PickleRef TorchHost::rebuild_tensor(PickleValues& values, const std::vector<PickleRef>& args,
                                    std::optional<ForeignType> type) {
  if (args.size() < 4)
    damaged(values, "a tensor of ", args.size(), " parts, expected storage, offset, size, stride");
  if (values.kind(args[0]) == PickleKind::opaque) return args[0];
  if (values.kind(args[0]) != PickleKind::storage)
    damaged(values, "a tensor whose storage is ", values.describe(args[0]));
  const TorchStorage& storage = storages_[static_cast<size_t>(values.integer(args[0]))];
  if (!type) type = storage.type;
  if (!type) return opaque(values, "a tensor of raw bytes");
  TorchTensor tensor;
  tensor.entry = storage.entry;
  tensor.type = *type;
  tensor.offset = size_value(values, args[1], "storage offset");
  tensor.shape = size_list(values, args[2], "size");
  tensor.strides = size_list(values, args[3], "stride");
  check_extent(values, tensor);
  if (tensors_.size() == kMaxTensors)
    fail(ErrorCode::too_large, values.where(), ": more than ", kMaxTensors, " tensors");
  tensors_.push_back(std::move(tensor));
  return values.add(PickleKind::tensor, static_cast<int64_t>(tensors_.size() - 1));
}

// The last element must lie in the storage, and the elements together must be no more than it holds.
void TorchHost::check_extent(const PickleValues& values, const TorchTensor& tensor) const {
  const uint64_t available = tensor.entry->size / element_size(tensor.type);
  const auto shape = [&] { return shape_string(tensor.shape) + " strides " + shape_string(tensor.strides); };
  if (tensor.shape.size() != tensor.strides.size())
    damaged(values, "a tensor of size ", shape(), ": one stride for each extent expected");
  const auto count = checked_bytes(tensor.shape, 1);
  if (!count) damaged(values, "a tensor of size ", shape_string(tensor.shape), ": the product overflows");
  if (*count == 0) return;
  std::optional<uint64_t> end = checked_add(tensor.offset, 1);
  for (size_t i = 0; i < tensor.shape.size() && end; ++i) {
    const auto reach = checked_mul(tensor.shape[i] - 1, tensor.strides[i]);
    end = reach ? checked_add(*end, *reach) : std::nullopt;
  }
  if (!end || *end > available)
    damaged(values, "a tensor of size ", shape(), " from element ", tensor.offset,
            " reaches beyond its storage of ", available, " elements");
  if (*count > available && *count > kMaxExpanded)
    fail(ErrorCode::too_large, values.where(), ": a tensor of size ", shape(), " repeats its storage of ",
         available, " elements; save it with .contiguous()");
}

}  // namespace simdclip
