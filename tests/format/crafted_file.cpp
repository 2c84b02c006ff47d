#include "format/crafted_file.h"

#include <xxhash.h>

#include <algorithm>

#include "support/tiny_model.h"

namespace simdclip::tests {
namespace {

std::vector<std::byte> bytes_of(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

}  // namespace

const CraftedFile& CraftedFile::good() {
  static const CraftedFile file = [] {
    const TemporaryFolder folder;
    ModelConfig config = tiny_config();
    config.vision->transformer.layers = config.text->transformer.layers = 1;
    write_tiny_model(folder.file("good.sclip"), config);
    return CraftedFile(bytes_of(read_text(folder.file("good.sclip"))));
  }();
  return file;
}

CraftedFile CraftedFile::with_config(const std::string& json) {
  CraftedFile file = good();
  const std::vector<std::byte> text = bytes_of(json);
  file.bytes_.resize(file.config_offset());
  file.bytes_.insert(file.bytes_.end(), text.begin(), text.end());
  file.bytes_.resize(file.bytes_.size() + 100'000);
  file.set<uint64_t>(kFileSize, file.size());
  file.set<uint64_t>(kConfig + kSize, text.size());
  file.set<uint64_t>(kConfig + kChecksum, XXH3_64bits(text.data(), text.size()));
  file.seal_header();
  return file;
}

size_t CraftedFile::row_bytes(size_t index) const {
  const size_t at = row(index);
  const size_t exact = kRowShape + 8 * size_t{get<uint8_t>(at + kRowRank)} + get<uint16_t>(at + kRowNameSize);
  return (exact + 7) / 8 * 8;
}

size_t CraftedFile::row(size_t index) const {
  size_t at = table_offset();
  for (size_t i = 0; i < index; ++i) {
    const size_t exact =
        kRowShape + 8 * size_t{get<uint8_t>(at + kRowRank)} + get<uint16_t>(at + kRowNameSize);
    at += (exact + 7) / 8 * 8;
  }
  return at;
}

void CraftedFile::seal_header() {
  set<uint64_t>(kHeaderChecksum, XXH3_64bits(bytes_.data(), kHeaderChecksum));
}

void CraftedFile::seal() {
  for (const size_t section : {kConfig, kTable, kTokenizer}) {
    const auto offset = get<uint64_t>(section + kOffset), size = get<uint64_t>(section + kSize);
    set<uint64_t>(section + kChecksum, XXH3_64bits(bytes_.data() + offset, size));
  }
  seal_header();
}

ModelFile CraftedFile::open() const {
  aligned_ = std::make_shared<AlignedBuffer<std::byte>>(bytes_.size());
  std::copy(bytes_.begin(), bytes_.end(), aligned_->data());
  return ModelFile::open_memory(aligned_->span(), "crafted.sclip");
}

}  // namespace simdclip::tests
