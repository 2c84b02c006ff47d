// torch.save archives (.bin, .pt, .pth) and TorchScript archives: a zip with data.pkl, which names the
// tensors, and data/N.
#include <algorithm>
#include <cstring>
#include <set>

#include "base/fail.h"
#include "convert/read_span.h"
#include "convert/torch_values.h"
#include "convert/wrappers.h"

namespace simdclip {
namespace {

constexpr uint64_t kMaxPickle = 64U << 20;
constexpr uint64_t kMaxCode = 16U << 20;
constexpr size_t kMaxNames = 200'000, kMaxDepth = 64, kMaxVisits = 1'000'000;

struct NamedTensor {
  std::string name;
  PickleRef value = 0;
};

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What precedes "data.pkl": "archive/", the file's own stem, or nothing.
std::string find_root(const ZipArchive& archive) {
  const std::string_view pickle = "data.pkl";
  std::vector<std::string> roots;
  for (const ZipEntry& entry : archive.entries()) {
    const size_t slash = entry.name.find('/');
    const std::string_view name = slash == std::string::npos ? std::string_view(entry.name)
                                                             : std::string_view(entry.name).substr(slash + 1);
    if (name == pickle) roots.push_back(entry.name.substr(0, entry.name.size() - pickle.size()));
  }
  if (roots.empty())
    fail(ErrorCode::unsupported, archive.path(),
         ": a zip archive without data.pkl: not a checkpoint that torch.save or torch.jit.save wrote");
  if (roots.size() > 1)
    fail(ErrorCode::damaged, archive.path(), ": a zip archive with ", roots.size(), " data.pkl");
  return roots.front();
}

// The attributes of nested modules, as torch names them: visual.conv1.weight. Bounded, because a hostile
// archive can share one module a million times or put it into itself.
void flatten_modules(const PickleValues& values, PickleRef root, std::vector<NamedTensor>& out) {
  struct Item {
    PickleRef object;
    std::string prefix;
    size_t depth;
  };
  std::vector<Item> todo = {{root, "", 0}};
  size_t visits = 0;
  while (!todo.empty()) {
    const Item item = std::move(todo.back());
    todo.pop_back();
    const auto attributes = values.attributes(item.object);
    if (!attributes) continue;
    if (item.depth > kMaxDepth)
      fail(ErrorCode::damaged, values.where(), ": modules nested deeper than ", kMaxDepth,
           ", or inside themselves");
    const auto& pairs = values.items(*attributes);
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      if (++visits > kMaxVisits || out.size() > kMaxNames)
        fail(ErrorCode::too_large, values.where(), ": more than ", kMaxNames, " names in modules");
      if (values.kind(pairs[i]) != PickleKind::text) continue;
      std::string name = item.prefix + std::string(values.text(pairs[i]));
      if (values.kind(pairs[i + 1]) == PickleKind::tensor) out.push_back({std::move(name), pairs[i + 1]});
      if (values.kind(pairs[i + 1]) == PickleKind::object)
        todo.push_back({pairs[i + 1], name + ".", item.depth + 1});
    }
  }
}

std::vector<NamedTensor> dict_tensors(const PickleValues& values, PickleRef dict) {
  std::vector<NamedTensor> out;
  const auto& pairs = values.items(dict);
  for (size_t i = 0; i + 1 < pairs.size(); i += 2)
    if (values.kind(pairs[i]) == PickleKind::text && values.kind(pairs[i + 1]) == PickleKind::tensor)
      out.push_back({std::string(values.text(pairs[i])), pairs[i + 1]});
  return out;
}

// A state dict, or a training checkpoint that holds one beside optimizer state, epoch and arguments; or a
// textual inversion.
std::vector<NamedTensor> find_state(const PickleValues& values, PickleRef root) {
  std::vector<NamedTensor> out;
  if (values.kind(root) == PickleKind::object) {
    flatten_modules(values, root, out);
  } else if (values.kind(root) == PickleKind::dict) {
    PickleRef state = root;
    for (const char* key : {"state_dict", "model_state_dict", "model", "string_to_param"}) {
      const auto inner = values.find(root, key);
      if (!inner || values.kind(*inner) != PickleKind::dict) continue;
      state = *inner;
      break;
    }
    out = dict_tensors(values, state);
  } else {
    fail(ErrorCode::unsupported, values.where(), ": the pickle holds ", values.describe(root),
         ", expected a state dict; save model.state_dict() instead of the model");
  }
  if (out.empty())
    fail(ErrorCode::unsupported, values.where(),
         ": the pickle holds no tensor by name, expected a state dict");
  return out;
}

class TorchFile final : public TensorSource {
 public:
  explicit TorchFile(const std::string& path) : path_(path), archive_(ZipArchive::open(path)) {
    const std::string root = find_root(archive_);
    check_byte_order(root);
    PickleValues values(path + ": " + root + "data.pkl");
    TorchHost host(archive_, root);
    const ZipEntry* entry = archive_.find(root + "data.pkl");
    const auto pickle = archive_.extract(*entry, kMaxPickle);
    const PickleRef value = run_pickle(pickle, values, host);
    auto named = find_state(values, value);
    const size_t wrapper =
        wrapper_length(named, [](const NamedTensor& n) -> const std::string& { return n.name; });
    std::sort(named.begin(), named.end(),
              [](const NamedTensor& a, const NamedTensor& b) { return a.name < b.name; });
    for (NamedTensor& n : named) {
      const TorchTensor& tensor = host.tensor(values.integer(n.value));
      tensors_.push_back({n.name.substr(wrapper), tensor.type, tensor.shape});
      layouts_.push_back(tensor);
      if (tensors_.size() > 1 && tensors_.back().name == tensors_[tensors_.size() - 2].name)
        fail(ErrorCode::damaged, values.where(), ": two tensors are named '", n.name, "'");
    }
    read_code(root);
  }

  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  SourceFacts facts() const noexcept override { return facts_; }

  void read(size_t index, std::span<float> out) const override {
    const TorchTensor& tensor = layouts_[index];
    if (out.empty()) return;
    const uint64_t size = element_size(tensor.type);
    if (tensor.entry->deflated) {
      if (inflated_entry_ != tensor.entry) {
        inflated_.clear();
        inflated_ = archive_.extract(*tensor.entry, tensor.entry->size);
        inflated_entry_ = tensor.entry;
      }
      gather(tensor, inflated_.data(), out);
      return;
    }
    if (verified_.insert(tensor.entry).second) archive_.verify(*tensor.entry);
    const uint64_t data = tensor.entry->data;
    if (tensor.contiguous()) {
      read_span(archive_.file(), data + tensor.offset * size, tensor.type, out);
    } else {
      gather(tensor, archive_.file().bytes().data() + data, out);
      archive_.file().drop(data, tensor.entry->size);
    }
  }

 private:
  void check_byte_order(const std::string& root) const {
    const ZipEntry* entry = archive_.find(root + "byteorder");
    if (entry == nullptr) return;
    const auto bytes = archive_.extract(*entry, 64);
    if (as_text(bytes) != "little")
      fail(ErrorCode::unsupported, path_, ": its byte order is '", as_text(bytes),
           "', expected 'little'; save it on a little-endian machine");
  }

  // A TorchScript archive carries the text of its own forward(): which activation it calls is a fact, not a
  // guess.
  void read_code(const std::string& root) {
    facts_.torchscript = archive_.find(root + "constants.pkl") != nullptr;
    uint64_t total = 0;
    for (const ZipEntry& entry : archive_.entries()) {
      if (!entry.name.starts_with(root + "code/") || !entry.name.ends_with(".py")) continue;
      total += entry.size;
      const auto bytes = archive_.extract(entry, kMaxCode);
      if (total > kMaxCode) fail(ErrorCode::too_large, path_, ": more than ", kMaxCode, " bytes of code");
      const std::string_view code = as_text(bytes);
      facts_.code_has_erf_gelu = facts_.code_has_erf_gelu || code.find("torch.gelu(") != code.npos;
      facts_.code_has_sigmoid = facts_.code_has_sigmoid || code.find("torch.sigmoid(") != code.npos;
    }
  }

  // Any strides, in row-major order of the shape.
  static void gather(const TorchTensor& tensor, const std::byte* storage, std::span<float> out) {
    const uint64_t size = element_size(tensor.type);
    if (tensor.contiguous()) return widen(tensor.type, storage + tensor.offset * size, out);
    std::vector<uint64_t> index(tensor.shape.size(), 0);
    uint64_t element = tensor.offset;
    for (float& value : out) {
      value = widen_one(tensor.type, storage + element * size);
      for (size_t axis = index.size(); axis-- > 0;) {
        element += tensor.strides[axis];
        if (++index[axis] < tensor.shape[axis]) break;
        element -= index[axis] * tensor.strides[axis];
        index[axis] = 0;
      }
    }
  }

  std::string path_;
  ZipArchive archive_;
  std::vector<ForeignTensor> tensors_;
  std::vector<TorchTensor> layouts_;
  SourceFacts facts_;
  mutable std::set<const ZipEntry*> verified_;
  mutable const ZipEntry* inflated_entry_ = nullptr;  // the last deflated storage, in memory
  mutable std::vector<std::byte> inflated_;
};

void refuse_legacy(const std::string& path) {
  const MappedFile file = MappedFile::open(path);
  const std::string_view head = as_text(file.bytes().first(std::min<size_t>(file.bytes().size(), 64)));
  // torch before 1.6 wrote its magic number as a pickle of its own.
  const bool legacy =
      head.starts_with(std::string_view("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.", 15));
  const bool tar = file.bytes().size() > 262 && as_text(file.bytes().subspan(257, 5)) == "ustar";
  if (!legacy && !tar && !head.starts_with("\x80")) return;
  fail(ErrorCode::unsupported, path,
       ": a torch file of the old kind (before torch 1.6, no zip archive). Save it again: python3 -c "
       "\"import torch; ",
       "torch.save(torch.load('OLD', map_location='cpu', weights_only=True), 'NEW')\"");
}

}  // namespace

std::unique_ptr<TensorSource> open_torch(const std::string& path) {
  refuse_legacy(path);
  return std::make_unique<TorchFile>(path);
}

}  // namespace simdclip
