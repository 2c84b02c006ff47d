// safetensors: u64 header size, JSON header {"name": {"dtype", "shape", "data_offsets"}, "__metadata__":
// {...}}, tensor bytes. The header is read token by token, so that a hostile one costs no more memory than
// the tensors it names.
#include <algorithm>
#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "base/checked.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "convert/read_span.h"
#include "convert/tensor_source.h"
#include "convert/widen.h"

namespace simdclip {
namespace {

constexpr uint64_t kMaxHeader = 100'000'000;  // the format's own limit
constexpr size_t kMaxRank = 32;

struct Entry {
  ForeignTensor tensor;
  uint64_t begin = 0, end = 0;  // in the data after the header
};

struct TypeName {
  const char* name;
  ForeignType type;
};
constexpr std::array<TypeName, 10> kTypes = {{{"F64", ForeignType::f64},
                                              {"F32", ForeignType::f32},
                                              {"F16", ForeignType::f16},
                                              {"BF16", ForeignType::bf16},
                                              {"I64", ForeignType::i64},
                                              {"I32", ForeignType::i32},
                                              {"I16", ForeignType::i16},
                                              {"I8", ForeignType::i8},
                                              {"U8", ForeignType::u8},
                                              {"BOOL", ForeignType::boolean}}};
constexpr std::array<const char*, 14> kOtherTypes = {
    "U16",     "U32",     "U64", "F8_E4M3", "F8_E5M2",     "F8_E8M0",     "F4",
    "F6_E2M3", "F6_E3M2", "C64", "C128",    "F8_E4M3FNUZ", "F8_E5M2FNUZ", "U4"};

// nlohmann's SAX interface over the header's fixed form. Depth 1: names; depth 2: the three fields; arrays
// below them.
class HeaderReader {
 public:
  using Json = nlohmann::json;
  using number_integer_t = Json::number_integer_t;
  using number_unsigned_t = Json::number_unsigned_t;
  using number_float_t = Json::number_float_t;
  using string_t = Json::string_t;
  using binary_t = Json::binary_t;

  explicit HeaderReader(const std::string& path) : path_(path) {}
  std::vector<Entry> take() { return std::move(entries_); }

  bool null() { wrong("null"); }
  bool boolean(bool) { wrong("true or false"); }
  bool number_integer(number_integer_t) { wrong("a negative number"); }
  bool number_float(number_float_t, const string_t& text) { wrong(("the number " + text).c_str()); }
  bool binary(binary_t&) { wrong("binary data"); }
  bool number_unsigned(number_unsigned_t value) {
    if (!in_array_) wrong("a number");
    if (field_ == Field::shape) {
      if (entry_.tensor.shape.size() == kMaxRank)
        fail(ErrorCode::damaged, tensor(), ": the shape has more than ", kMaxRank, " extents");
      entry_.tensor.shape.push_back(value);
    } else {
      if (offsets_ == 2)
        fail(ErrorCode::damaged, tensor(), ": data_offsets should be two numbers, found more");
      (offsets_ == 0 ? entry_.begin : entry_.end) = value;
      ++offsets_;
    }
    return true;
  }
  bool string(string_t& text) {
    if (metadata_ && depth_ == 2) return true;
    if (depth_ != 2 || field_ != Field::dtype) wrong("a string");
    entry_.tensor.type = type_of(text);
    return true;
  }
  bool start_object(size_t) {
    if (depth_ == 2 || in_array_) wrong("an object");
    if (++depth_ == 2 && !metadata_)
      entry_ = {}, entry_.tensor.name = name_, seen_ = 0, offsets_ = 0, field_ = Field::none;
    return true;
  }
  bool end_object() {
    if (--depth_ == 1 && !metadata_) finish_tensor();
    if (depth_ == 1) metadata_ = false;
    return true;
  }
  bool start_array(size_t) {
    if (depth_ != 2 || metadata_ || in_array_ || (field_ != Field::shape && field_ != Field::offsets))
      wrong("an array");
    in_array_ = true;
    return true;
  }
  bool end_array() {
    in_array_ = false;
    return true;
  }
  bool key(string_t& key) {
    if (depth_ == 1) {
      if (!names_.insert(key).second)
        fail(ErrorCode::damaged, path_, ": the header names tensor '", key, "' twice");
      name_ = key;
      metadata_ = key == "__metadata__";
    } else if (!metadata_) {
      enter_field(key);
    }
    return true;
  }
  bool parse_error(size_t position, const std::string&, const Json::exception&) {
    fail(ErrorCode::damaged, path_, ": the header is no valid JSON near its byte ", position,
         "; the file is truncated or damaged, download it again");
  }

 private:
  enum class Field { none, dtype, shape, offsets };

  std::string tensor() const { return path_ + ": header of tensor '" + name_ + "'"; }
  [[noreturn]] void wrong(const char* found) const {
    if (depth_ == 0) fail(ErrorCode::damaged, path_, ": the header should be a JSON object, found ", found);
    if (metadata_)
      fail(ErrorCode::damaged, path_, ": __metadata__ should be an object of strings, found ", found);
    if (depth_ == 1) fail(ErrorCode::damaged, tensor(), ": expected an object, found ", found);
    const char* expected = field_ == Field::dtype   ? "dtype to be a string"
                           : field_ == Field::shape ? "shape to be an array of sizes"
                                                    : "data_offsets to be two numbers";
    fail(ErrorCode::damaged, tensor(), ": expected ", expected, ", found ", found);
  }
  void enter_field(const std::string& key) {
    field_ = key == "dtype"          ? Field::dtype
             : key == "shape"        ? Field::shape
             : key == "data_offsets" ? Field::offsets
                                     : Field::none;
    if (field_ == Field::none)
      fail(ErrorCode::damaged, tensor(), ": the field '", key, "' is not part of the format");
    const unsigned bit = 1U << static_cast<unsigned>(field_);
    if ((seen_ & bit) != 0) fail(ErrorCode::damaged, tensor(), ": the field '", key, "' stands there twice");
    seen_ |= bit;
  }
  ForeignType type_of(const std::string& text) const {
    for (const TypeName& known : kTypes)
      if (text == known.name) return known.type;
    for (const char* other : kOtherTypes)
      if (text == other)
        fail(ErrorCode::unsupported, tensor(), ": element type ", text,
             " cannot be read; save the model as F32, F16 or BF16");
    fail(ErrorCode::damaged, tensor(), ": unknown element type '", text, "'");
  }
  void finish_tensor() {
    constexpr unsigned kAll = 2U | 4U | 8U;
    if (seen_ != kAll)
      fail(ErrorCode::damaged, tensor(), ": expected dtype, shape and data_offsets, one is missing");
    if (offsets_ != 2)
      fail(ErrorCode::damaged, tensor(), ": data_offsets should be two numbers, found ", offsets_);
    entries_.push_back(std::move(entry_));
  }

  const std::string& path_;
  std::vector<Entry> entries_;
  std::set<std::string> names_;
  Entry entry_;
  std::string name_;
  Field field_ = Field::none;
  int depth_ = 0, offsets_ = 0;
  unsigned seen_ = 0;
  bool in_array_ = false, metadata_ = false;
};

// Offsets are contiguous from 0 to the end of the file: no hole, no overlap, and each span is what type and
// shape say.
void check_offsets(std::vector<Entry>& entries, uint64_t data_size, const std::string& path) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
  });
  uint64_t expected = 0;
  for (const Entry& entry : entries) {
    const auto where = [&] { return path + ": tensor '" + entry.tensor.name + "'"; };
    if (entry.begin > entry.end)
      fail(ErrorCode::damaged, where(), ": data_offsets [", entry.begin, ", ", entry.end, "] run backwards");
    if (entry.end > data_size)
      fail(ErrorCode::damaged, where(), ": its data end at byte ", entry.end, " of ", data_size,
           "; the file is truncated, download it again");
    if (entry.begin != expected)
      fail(ErrorCode::damaged, where(), ": its data begin at byte ", entry.begin, ", expected ", expected,
           entry.begin < expected ? " (it overlaps the tensor before)" : " (there is a hole before it)");
    const auto bytes = checked_bytes(entry.tensor.shape, element_size(entry.tensor.type));
    if (!bytes || *bytes != entry.end - entry.begin)
      fail(ErrorCode::damaged, where(), ": ", to_string(entry.tensor.type), " of shape ",
           shape_string(entry.tensor.shape), " needs ", bytes ? std::to_string(*bytes) : "more than 2^64",
           " bytes, data_offsets say ", entry.end - entry.begin);
    expected = entry.end;
  }
  if (expected != data_size)
    fail(ErrorCode::damaged, path, ": ", data_size - expected,
         " bytes after the last tensor belong to nothing");
}

class SafetensorsFile final : public TensorSource {
 public:
  explicit SafetensorsFile(const std::string& path) : file_(MappedFile::open(path)), path_(path) {
    const auto bytes = file_.bytes();
    if (bytes.size() < 8)
      fail(ErrorCode::damaged, path, ": ", bytes.size(), " bytes are too few for a safetensors file");
    uint64_t header = 0;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header > kMaxHeader)
      fail(ErrorCode::too_large, path, ": the header claims ", header, " bytes, the format allows ",
           kMaxHeader, "; this is no safetensors file, or it is damaged");
    if (header > bytes.size() - 8)
      fail(ErrorCode::damaged, path, ": the header claims ", header, " bytes, the file has ",
           bytes.size() - 8, " after the size field; it is truncated, download it again");
    const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + 8, header);
    if (text.empty() || text.front() != '{')
      fail(ErrorCode::damaged, path, ": the header does not begin with '{'");
    if (text.find('\0') != text.npos)
      fail(ErrorCode::damaged, path, ": the header is no valid JSON: a NUL at its byte ", text.find('\0'));
    HeaderReader reader(path_);
    nlohmann::json::sax_parse(text.begin(), text.end(), &reader);
    auto entries = reader.take();
    data_ = 8 + header;
    check_offsets(entries, bytes.size() - data_, path);
    std::sort(entries.begin(), entries.end(),
              [](const Entry& a, const Entry& b) { return a.tensor.name < b.tensor.name; });
    for (Entry& entry : entries) {
      tensors_.push_back(std::move(entry.tensor));
      begins_.push_back(entry.begin);
    }
    file_.drop(0, data_);
  }

  const std::string& path() const noexcept override { return path_; }
  const std::vector<ForeignTensor>& tensors() const noexcept override { return tensors_; }
  void read(size_t index, std::span<float> out) const override {
    read_span(file_, data_ + begins_[index], tensors_[index].type, out);
  }

 private:
  MappedFile file_;
  std::string path_;
  std::vector<ForeignTensor> tensors_;
  std::vector<uint64_t> begins_;
  uint64_t data_ = 0;
};

}  // namespace

std::unique_ptr<TensorSource> open_safetensors(const std::string& path) {
  return std::make_unique<SafetensorsFile>(path);
}

}  // namespace simdclip
