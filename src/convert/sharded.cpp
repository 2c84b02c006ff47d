// A checkpoint in several files: *.index.json says which file holds which tensor.
#include <algorithm>
#include <map>

#include "base/fail.h"
#include "convert/json_strict.h"
#include "convert/tensor_source.h"

namespace simdclip {
namespace {

constexpr size_t kMaxShards = 4096;

// The index names files of its own folder and nothing else.
void check_shard_name(const std::string& name, const std::string& index) {
  const bool plain = !name.empty() && name != "." && name != ".." &&
                     name.find_first_of(std::string_view("/\\\0:", 4)) == name.npos;
  if (!plain || name.ends_with(".json"))  // an index of indices could name itself
    fail(ErrorCode::damaged, index, ": weight_map names the file '", name,
         "'; expected the name of a checkpoint in the same folder");
}

class ShardedSource final : public TensorSource {
 public:
  explicit ShardedSource(const std::string& index) : path_(index) {
    const Json json = read_json(index);
    const JsonObject root(json, index);
    const JsonObject map = root.object("weight_map");
    std::map<std::string, std::string> wanted;  // tensor -> file
    std::map<std::string, size_t> shards;       // file -> index into shards_
    for (const auto& [tensor, file] : map.json().items()) {
      if (!file.is_string())
        fail(ErrorCode::damaged, map.where(), ": the file of tensor '", tensor, "' should be a string");
      const auto name = file.get<std::string>();
      check_shard_name(name, index);
      wanted[tensor] = name;
      shards.try_emplace(name, shards.size());
    }
    if (shards.empty()) fail(ErrorCode::damaged, index, ": weight_map is empty");
    if (shards.size() > kMaxShards)
      fail(ErrorCode::too_large, index, ": ", shards.size(), " shards, at most ", kMaxShards);
    shards_.resize(shards.size());
    for (const auto& [name, at] : shards) open_shard(name, at, wanted);
    sort_and_compare(wanted);
  }

  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t index, std::span<float> out) const override {
    shards_[from_[index].first]->read(from_[index].second, out);
  }

 private:
  void open_shard(const std::string& name, size_t at, const std::map<std::string, std::string>& wanted) {
    const size_t slash = path_.find_last_of('/');
    const std::string file = (slash == std::string::npos ? "" : path_.substr(0, slash + 1)) + name;
    try {
      shards_[at] = open_checkpoint(file);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::not_found) throw;
      fail(ErrorCode::not_found, path_, ": the shard '", name,
           "' is not there; download all files that the index names");
    }
    const auto& tensors = shards_[at]->tensors();
    for (size_t i = 0; i < tensors.size(); ++i) {
      const auto place = wanted.find(tensors[i].name);
      if (place == wanted.end())
        fail(ErrorCode::damaged, path_, ": '", name, "' holds tensor '", tensors[i].name,
             "', which weight_map does not name");
      if (place->second != name)
        fail(ErrorCode::damaged, path_, ": tensor '", tensors[i].name, "' is in '", name,
             "', weight_map says '", place->second, "'");
      tensors_.push_back(tensors[i]);
      from_.emplace_back(at, i);
    }
  }

  void sort_and_compare(const std::map<std::string, std::string>& wanted) {
    std::vector<size_t> order(tensors_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(),
              [&](size_t a, size_t b) { return tensors_[a].name < tensors_[b].name; });
    std::vector<ForeignTensor> tensors;
    std::vector<std::pair<size_t, size_t>> from;
    for (size_t i : order) tensors.push_back(std::move(tensors_[i])), from.push_back(from_[i]);
    tensors_ = std::move(tensors);
    from_ = std::move(from);
    for (const auto& [name, file] : wanted)
      if (!find(name))
        fail(ErrorCode::damaged, path_, ": weight_map says that '", file, "' holds tensor '", name,
             "'; it does not");
  }

  std::string path_;
  std::vector<std::unique_ptr<TensorSource>> shards_;
  std::vector<ForeignTensor> tensors_;
  std::vector<std::pair<size_t, size_t>> from_;  // shard, index in it
};

}  // namespace

std::unique_ptr<TensorSource> open_sharded(const std::string& index) {
  return std::make_unique<ShardedSource>(index);
}

}  // namespace simdclip
