#include "format/model_file.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "base/aligned.h"
#include "base/checked.h"
#include "base/fail.h"
#include "format/layout.h"
#include "kernels/gemm/pack.h"

namespace simdclip {
namespace {

using Bytes = std::span<const std::byte>;

constexpr const char* kAgain = "; the file is damaged, copy or convert it again";

// A section whose place the header claims, checked against the one place that is right.
Bytes section(Bytes file, const Section& claimed, uint64_t offset, const std::string& where) {
  if (claimed.offset != offset)
    fail(ErrorCode::damaged, where, ": begins at byte ", claimed.offset, ", expected ", offset, kAgain);
  const auto end = checked_add(claimed.offset, claimed.size);
  if (!end || *end > file.size()) {
    fail(ErrorCode::damaged, where, ": ", claimed.size, " bytes at ", claimed.offset,
         " reach beyond the end of the file at ", file.size(), kAgain);
  }
  const Bytes bytes = file.subspan(claimed.offset, claimed.size);
  if (checksum_of(bytes) != claimed.checksum)
    fail(ErrorCode::damaged, where, ": its checksum is wrong", kAgain);
  return bytes;
}

void check_zero(Bytes file, uint64_t begin, uint64_t end, const std::string& where) {
  const Bytes padding = file.subspan(begin, end - begin);
  const auto found =
      std::find_if(padding.begin(), padding.end(), [](std::byte b) { return b != std::byte{0}; });
  if (found == padding.end()) return;
  fail(ErrorCode::damaged, where, ": the padding byte at ",
       begin + static_cast<uint64_t>(found - padding.begin()), " is not zero", kAgain);
}

void check_size(uint64_t size, uint64_t limit, const std::string& where) {
  if (size > limit) fail(ErrorCode::too_large, where, ": ", size, " bytes, expected at most ", limit);
}

std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// What the whole header must be, now that config and tokenizer are known.
void check_header(const Header& h, const Layout& layout, const std::string& where) {
  const Header& want = layout.header;
  const auto check = [&where](const char* field, uint64_t found, uint64_t expected) {
    if (found != expected)
      fail(ErrorCode::damaged, where, ": ", field, " is ", found, ", the configuration demands ", expected,
           kAgain);
  };
  check("number of tensors", h.tensor_count, want.tensor_count);
  check("size of the tensor table", h.table.size, want.table.size);
  check("offset of the first tensor", h.data_offset, want.data_offset);
  check("file size", h.file_size, want.file_size);
}

uint64_t fingerprint_of(ModelConfig config, Bytes tokenizer, const std::vector<uint64_t>& checksums) {
  config.name.clear();
  config.source.clear();
  const std::string json = to_json(config);
  std::vector<uint64_t> parts = {checksum_of(std::as_bytes(std::span(json))), checksum_of(tokenizer)};
  parts.insert(parts.end(), checksums.begin(), checksums.end());
  return checksum_of(std::as_bytes(std::span(parts)));
}

}  // namespace

ModelFile ModelFile::open(const std::string& path) {
  MappedFile file = MappedFile::open(path);
  const Bytes bytes = file.bytes();
  // Weights in pages of 2 MB, where the kernel reads the file so (seen with Linux 6.18 on ext4): fetching
  // them ahead then waits for no page walk. A hint; in pages of 4 KB nothing but speed is lost.
  if (!bytes.empty()) ::madvise(const_cast<std::byte*>(bytes.data()), bytes.size(), MADV_HUGEPAGE);
  return ModelFile(std::move(file), bytes, path);
}

ModelFile ModelFile::open_memory(Bytes bytes, const std::string& name) {
  if (reinterpret_cast<uintptr_t>(bytes.data()) % kCacheLine != 0) {
    fail(ErrorCode::invalid_argument, name, ": a model in memory must be aligned to ", kCacheLine, " bytes");
  }
  return ModelFile(MappedFile(), bytes, name);
}

ModelFile::ModelFile(MappedFile file, Bytes bytes, const std::string& path)
    : file_(std::move(file)), path_(path), bytes_(bytes) {
  const Header h = decode_header(bytes_, path_);
  if (h.file_size != bytes_.size()) {
    fail(ErrorCode::damaged, path_, ": has ", bytes_.size(), " bytes, its header says ", h.file_size,
         (bytes_.size() < h.file_size ? "; the file is truncated" : "; something was appended to the file"),
         ", copy or convert it again");
  }
  const std::string in_config = path_ + ": config", in_table = path_ + ": tensor table",
                    in_tokenizer = path_ + ": tokenizer";
  check_size(h.config.size, kMaxConfigBytes, in_config);
  config_ = config_from_json(text_of(section(bytes_, h.config, kHeaderBytes, in_config)), in_config);
  validate(config_, in_config);
  specs_ = schema(config_);

  check_size(h.tokenizer.size, kMaxTokenizerBytes, in_tokenizer);
  if ((h.tokenizer.size != 0) != config_.text.has_value()) {
    fail(ErrorCode::damaged, in_tokenizer, ": ", h.tokenizer.size, " bytes, expected ",
         (config_.text ? "a vocabulary" : "none without a text tower"), kAgain);
  }
  const Layout layout = lay_out(specs_, h.config.size, h.tokenizer.size);
  check_header(h, layout, path_);
  const Bytes table = section(bytes_, h.table, layout.header.table.offset, in_table);
  tokenizer_ = section(bytes_, h.tokenizer, layout.header.tokenizer.offset, in_tokenizer);
  check_zero(bytes_, h.config.offset + h.config.size, h.table.offset, path_);
  check_zero(bytes_, h.table.offset + h.table.size, h.tokenizer.offset, path_);
  check_zero(bytes_, h.tokenizer.offset + h.tokenizer.size, h.data_offset, path_);
  for (const TableEntry& entry : decode_table(table, specs_, layout.entries, path_)) {
    data_.push_back(bytes_.subspan(entry.offset, entry.size));
    checksums_.push_back(entry.checksum);
  }

  by_name_.resize(specs_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0U);
  std::sort(by_name_.begin(), by_name_.end(),
            [this](uint32_t a, uint32_t b) { return specs_[a].name < specs_[b].name; });
  fingerprint_ = fingerprint_of(config_, tokenizer_, checksums_);
}

TensorView ModelFile::tensor(std::string_view name) const {
  const auto found = std::lower_bound(
      by_name_.begin(), by_name_.end(), name,
      [this](uint32_t index, std::string_view wanted) { return specs_[index].name < wanted; });
  if (found == by_name_.end() || specs_[*found].name != name) {
    throw std::logic_error("the schema of " + path_ + " has no tensor '" + std::string(name) + "'");
  }
  return tensor(size_t{*found});
}

Int8Weights int8_weights(const TensorView& view) noexcept {
  const uint64_t columns = round_up(view.spec->shape[0], kernels::kPanelColumns);
  const std::byte* sums = view.bytes.data() + view.bytes.size() - columns * sizeof(int32_t);
  const std::byte* scales = sums - columns * sizeof(float);
  return {reinterpret_cast<const int8_t*>(view.bytes.data()), reinterpret_cast<const float*>(scales),
          reinterpret_cast<const int32_t*>(sums)};
}

uint64_t ModelFile::parameters() const noexcept {
  uint64_t count = 0;
  for (const TensorSpec& spec : specs_) count += *checked_bytes(spec.shape, 1);
  return count;
}

void ModelFile::verify() const {
  for (size_t i = 0; i < specs_.size(); ++i) {
    if (checksum_of(data_[i]) != checksums_[i]) {
      fail(ErrorCode::damaged, path_, ": tensor '", specs_[i].name, "': its checksum is wrong", kAgain);
    }
    const auto begin = static_cast<uint64_t>(data_[i].data() - bytes_.data()) + data_[i].size();
    const auto end =
        i + 1 < data_.size() ? static_cast<uint64_t>(data_[i + 1].data() - bytes_.data()) : bytes_.size();
    check_zero(bytes_, begin, end, path_);
  }
}

}  // namespace simdclip
