#include "apps/text_cache.h"

#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>

#include "base/atomic_file.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr size_t kTextGroup = 4096;

struct Header {
  char magic[16];
  uint64_t rows, width;
  uint32_t type, reserved;
  uint64_t checksum;  // XXH3-64 of what follows the header
  uint64_t padding[2];
};
static_assert(sizeof(Header) == 64);  // the rows begin on a cache line
constexpr char kMagic[16] = {'s', 'i', 'm', 'd', 'c', 'l', 'i', 'p', ' ', 'r', 'o', 'w', 's', ' ', '1', '\n'};

XXH3_state_t* as_state(void* state) { return static_cast<XXH3_state_t*>(state); }

}  // namespace

std::string default_cache_folder() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && xdg[0] == '/')
    return std::string(xdg) + "/simdclip";  // the specification ignores relative ones
  const char* home = std::getenv("HOME");
  return home != nullptr && home[0] != 0 ? std::string(home) + "/.cache/simdclip" : std::string();
}

RowKey::RowKey(std::string kind, const Model& model) : kind_(std::move(kind)), state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(as_state(state_));
  add(kind_);
  add_number(model.info().fingerprint);
}
RowKey::~RowKey() { XXH3_freeState(as_state(state_)); }

void RowKey::add(std::string_view part) {
  add_number(part.size());
  XXH3_128bits_update(as_state(state_), part.data(), part.size());
}
void RowKey::add(std::span<const std::string> parts) {
  add_number(parts.size());
  for (const std::string& part : parts) add(part);
}
void RowKey::add_number(uint64_t number) { XXH3_128bits_update(as_state(state_), &number, sizeof number); }

std::string RowKey::name() const {
  const XXH128_hash_t hash = XXH3_128bits_digest(as_state(state_));
  std::string hex;
  for (const uint64_t half : {hash.high64, hash.low64}) {
    for (int shift = 60; shift >= 0; shift -= 4) hex += "0123456789abcdef"[(half >> shift) & 15U];
  }
  return kind_ + '-' + hex + ".rows";
}

const std::byte* CachedRows::data() const noexcept {
  return from_disk() ? file_.bytes().data() + sizeof(Header) : memory_.data();
}
std::span<const float> CachedRows::f32() const noexcept {
  return {reinterpret_cast<const float*>(data()), type_ == RowType::f32 ? rows_ * width_ : 0};
}
std::span<const uint16_t> CachedRows::f16() const noexcept {
  return {reinterpret_cast<const uint16_t*>(data()), type_ == RowType::f16 ? rows_ * width_ : 0};
}
std::span<const std::byte> CachedRows::bytes() const noexcept {
  return {data(), rows_ * row_bytes(type_, width_)};
}
std::vector<float> CachedRows::row(size_t i) const {
  std::vector<float> out(width_);
  decode_row({data() + i * row_bytes(type_, width_), row_bytes(type_, width_)}, type_, out);
  return out;
}

// A cache is a convenience: whatever is wrong with a file, it counts as not there.
bool CachedRows::open(const std::string& path, bool verify) {
  try {
    MappedFile file = MappedFile::open(path);
    const auto bytes = file.bytes();
    Header header;
    if (bytes.size() < sizeof header) return false;
    std::memcpy(&header, bytes.data(), sizeof header);
    const size_t payload = rows_ * row_bytes(type_, width_);
    if (std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.rows != rows_ ||
        header.width != width_ || header.type != static_cast<uint32_t>(type_) ||
        bytes.size() - sizeof header != payload ||
        (verify && XXH3_64bits(bytes.data() + sizeof header, payload) != header.checksum)) {
      return false;
    }
    file_ = std::move(file);
    checksum_ = header.checksum;
    verified_ = verify;
    return true;
  } catch (const Error&) {
    return false;
  }
}

void CachedRows::save(const std::string& path) const {
  try {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    Header header{};
    std::memcpy(header.magic, kMagic, sizeof kMagic);
    header.rows = rows_;
    header.width = width_;
    header.type = static_cast<uint32_t>(type_);
    header.checksum = checksum_;
    AtomicFile file(path);
    file.write(std::as_bytes(std::span(&header, 1)));
    file.write(memory_);
    file.commit();
  } catch (const Error&) {
  } catch (const std::filesystem::filesystem_error&) {
  }
}

CachedRows CachedRows::get(const CacheOptions& options, const RowKey& key, RowType type, size_t rows,
                           size_t width, const std::function<void(std::span<float> out)>& compute,
                           bool verify) {
  CachedRows result;
  result.type_ = type;
  result.rows_ = rows;
  result.width_ = width;
  const std::string folder = !options.enabled         ? std::string()
                             : options.folder.empty() ? default_cache_folder()
                                                      : options.folder;
  const std::string path = folder.empty() ? std::string() : folder + '/' + key.name();
  if (rows == 0 || (!path.empty() && result.open(path, verify))) return result;
  std::vector<float> values(rows * width);
  compute(values);
  result.memory_.resize(rows * row_bytes(type, width));
  for (size_t i = 0; i < rows; ++i) {
    encode_row(std::span<const float>(values).subspan(i * width, width), type,
               std::span(result.memory_).subspan(i * row_bytes(type, width), row_bytes(type, width)));
  }
  result.checksum_ = XXH3_64bits(result.memory_.data(), result.memory_.size());
  if (!path.empty()) result.save(path);
  return result;
}

void embed_many_texts(const Model& model, size_t n, const std::function<std::string(size_t)>& text,
                      std::span<float> out, const TextProgress& progress) {
  const size_t width = model.embed_dim();
  std::vector<std::string> group;
  for (size_t first = 0; first < n; first += group.size()) {
    group.clear();
    for (size_t i = first; i < std::min(n, first + kTextGroup); ++i) group.push_back(text(i));
    model.embed_texts(group, out.subspan(first * width, group.size() * width));
    if (progress) progress(first + group.size(), n);
  }
}

}  // namespace simdclip
