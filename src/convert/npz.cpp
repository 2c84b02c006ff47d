// numpy.savez archives (.npz): a zip of .npy files, each one array. Layers that Flax's scan has stacked in
// one array are taken apart, so that one naming describes both forms.
#include <algorithm>
#include <cstring>
#include <set>

#include "base/checked.h"
#include "base/fail.h"
#include "base/npy_header.h"
#include "convert/read_span.h"
#include "convert/tensor_source.h"
#include "convert/zip_archive.h"

namespace simdclip {
namespace {

constexpr uint64_t kMaxHeader = 64U << 10;
constexpr uint64_t kMaxLayers = 1024;
constexpr std::string_view kStacked = "/encoderblock/";

struct NpyType {
  const char* descr;
  ForeignType type;
};
// numpy has no bfloat16: its two bytes are saved as raw ones.
constexpr NpyType kTypes[] = {
    {"<f4", ForeignType::f32},  {"<f2", ForeignType::f16},    {"<f8", ForeignType::f64},
    {"|V2", ForeignType::bf16}, {"<V2", ForeignType::bf16},   {"<i8", ForeignType::i64},
    {"<i4", ForeignType::i32},  {"<i2", ForeignType::i16},    {"|i1", ForeignType::i8},
    {"|u1", ForeignType::u8},   {"|b1", ForeignType::boolean}};

// Where a tensor's values lie in an entry.
struct Place {
  const ZipEntry* entry = nullptr;
  uint64_t offset = 0;  // bytes from the entry's start
};

class NpzFile final : public TensorSource {
 public:
  explicit NpzFile(const std::string& path) : path_(path), archive_(ZipArchive::open(path)) {
    for (const ZipEntry& entry : archive_.entries()) add(entry);
    std::vector<size_t> order(tensors_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return tensors_[a].name < tensors_[b].name; });
    std::vector<ForeignTensor> tensors;
    std::vector<Place> places;
    for (size_t i : order) {
      if (!tensors.empty() && tensors.back().name == tensors_[i].name)
        fail(ErrorCode::damaged, path, ": two arrays are '", tensors_[i].name, "', one of them stacked");
      tensors.push_back(std::move(tensors_[i]));
      places.push_back(places_[i]);
    }
    tensors_ = std::move(tensors);
    places_ = std::move(places);
  }

  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }

  void read(size_t index, std::span<float> out) const override {
    const Place& place = places_[index];
    const ForeignType type = tensors_[index].type;
    if (out.empty()) return;
    if (!place.entry->deflated) {
      if (verified_.insert(place.entry).second) archive_.verify(*place.entry);
      return read_span(archive_.file(), place.entry->data + place.offset, type, out);
    }
    if (inflated_entry_ != place.entry) {
      inflated_.clear();
      inflated_ = archive_.extract(*place.entry, place.entry->size);
      inflated_entry_ = place.entry;
    }
    widen(type, inflated_.data() + place.offset, out);
  }

 private:
  void add(const ZipEntry& entry) {
    const std::string where = path_ + ": " + entry.name;
    if (!entry.name.ends_with(".npy"))
      fail(ErrorCode::unsupported, where, ": is no array; a .npz file holds .npy files only");
    const NpyHeader header = parse_npy_header(archive_.head(entry, kMaxHeader), where);
    const auto* type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                    [&](const NpyType& t) { return header.descr == t.descr; });
    if (type == std::end(kTypes))
      fail(ErrorCode::unsupported, where, ": elements of type '", header.descr,
           "' cannot be read; save the arrays as float32, float16 or bfloat16");
    const auto bytes = checked_bytes(header.shape, element_size(type->type));
    if (!bytes || *bytes != entry.size - header.data)
      fail(ErrorCode::damaged, where, ": shape ", shape_string(header.shape), " needs ",
           bytes ? std::to_string(*bytes) : "more than 2^64", " bytes behind the header, found ",
           entry.size - header.data);
    add_arrays(entry, entry.name.substr(0, entry.name.size() - 4), type->type, header);
  }

  void add_arrays(const ZipEntry& entry, const std::string& name, ForeignType type, const NpyHeader& header) {
    const size_t at = name.find(kStacked);
    if (at == std::string::npos || header.shape.size() < 2 || header.shape[0] == 0) {
      tensors_.push_back({name, type, header.shape});
      places_.push_back({&entry, header.data});
      return;
    }
    const uint64_t layers = header.shape[0];
    if (layers > kMaxLayers)
      fail(ErrorCode::too_large, path_, ": array '", name, "' stacks ", layers, " layers, at most ",
           kMaxLayers, " are read");
    const std::vector<uint64_t> shape(header.shape.begin() + 1, header.shape.end());
    const uint64_t each = (entry.size - header.data) / layers;
    for (uint64_t layer = 0; layer < layers; ++layer) {
      tensors_.push_back({name.substr(0, at + kStacked.size() - 1) + "_" + std::to_string(layer) +
                              name.substr(at + kStacked.size() - 1),
                          type, shape});
      places_.push_back({&entry, header.data + layer * each});
    }
  }

  std::string path_;
  ZipArchive archive_;
  std::vector<ForeignTensor> tensors_;
  std::vector<Place> places_;
  mutable std::set<const ZipEntry*> verified_;
  mutable const ZipEntry* inflated_entry_ = nullptr;  // the last deflated array, in memory
  mutable std::vector<std::byte> inflated_;
};

}  // namespace

bool is_npz(const std::string& path) {
  const ZipArchive archive = ZipArchive::open(path);
  const auto& entries = archive.entries();
  return std::any_of(entries.begin(), entries.end(),
                     [](const ZipEntry& e) { return e.name.ends_with(".npy"); }) &&
         std::none_of(entries.begin(), entries.end(),
                      [](const ZipEntry& e) { return e.name.ends_with("data.pkl"); });
}

std::unique_ptr<TensorSource> open_npz(const std::string& path) { return std::make_unique<NpzFile>(path); }

}  // namespace simdclip
