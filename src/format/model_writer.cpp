#include "format/model_writer.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <new>
#include <stdexcept>
#include <vector>

#include "base/aligned.h"
#include "base/atomic_file.h"
#include "base/checked.h"
#include "base/fail.h"
#include "format/layout.h"
#include "format/quantize.h"
#include "kernels/gemm/pack.h"

namespace simdclip {
namespace {

using Bytes = std::span<const std::byte>;

constexpr size_t kSliceBytes = size_t{2} << 20U;  // of a tensor that is packed or rounded at a time

// Labels come from folder names and other people's files: what a terminal would obey is replaced.
std::string clean_label(std::string label) {
  label.resize(std::min(label.size(), kMaxLabelBytes / 4));  // invalid UTF-8 grows when it is replaced
  for (char& c : label) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
  return label;
}

// XXH3-64 of a stream.
class Checksum {
 public:
  Checksum() : state_(XXH3_createState()) {
    if (state_ == nullptr) throw std::bad_alloc();
    begin();
  }
  Checksum(const Checksum&) = delete;
  Checksum& operator=(const Checksum&) = delete;
  ~Checksum() { XXH3_freeState(state_); }
  void begin() { XXH3_64bits_reset(state_); }
  void add(Bytes bytes) { XXH3_64bits_update(state_, bytes.data(), bytes.size()); }
  uint64_t value() const { return XXH3_64bits_digest(state_); }

 private:
  XXH3_state_t* state_;
};

}  // namespace

struct ModelWriter::State {
  State(const std::string& path, const ModelConfig& wanted, Bytes tokenizer);

  void put(Bytes bytes);
  void pad_to(uint64_t offset);
  void put_rounded(std::span<const float> values);
  template <typename Element, typename Pack>
  void put_packed(const TensorSpec& spec, std::span<const float> values, Pack pack);
  void put_quantized(const TensorSpec& spec, std::span<const float> values);

  ModelConfig config;
  std::string json;
  std::vector<TensorSpec> specs;
  Layout layout;
  AtomicFile file;
  Checksum checksum;  // of the tensor being written
  size_t next = 0;    // tensor
};

namespace {

ModelConfig checked_config(ModelConfig config, Bytes tokenizer, const std::string& path) {
  const std::string where = path + ": config";
  config.name = clean_label(config.name);
  config.source = clean_label(config.source);
  // What a reader will see: valid UTF-8, floats that exist
  config = config_from_json(to_json(config), where);
  validate(config, where);
  if (tokenizer.empty() == config.text.has_value()) {
    fail(ErrorCode::invalid_argument, path,
         ": a tokenizer section is needed exactly where there is a text tower");
  }
  if (tokenizer.size() > kMaxTokenizerBytes) {
    fail(ErrorCode::too_large, path, ": a tokenizer section of ", tokenizer.size(),
         " bytes, expected at most ", kMaxTokenizerBytes);
  }
  return config;
}

}  // namespace

ModelWriter::State::State(const std::string& path, const ModelConfig& wanted, Bytes tokenizer)
    : config(checked_config(wanted, tokenizer, path)),
      json(to_json(config)),
      specs(schema(config)),
      layout(lay_out(specs, json.size(), tokenizer.size())),
      file(path) {
  Header& h = layout.header;
  file.reserve(h.file_size);
  h.config.checksum = checksum_of(std::as_bytes(std::span(json)));
  h.tokenizer.checksum = checksum_of(tokenizer);
  pad_to(h.config.offset);  // the header comes last, when every checksum is known
  put(std::as_bytes(std::span(json)));
  pad_to(h.table.offset + h.table.size);
  pad_to(h.tokenizer.offset);
  put(tokenizer);
  pad_to(h.data_offset);
}

void ModelWriter::State::put(Bytes bytes) {
  checksum.add(bytes);
  file.write(bytes);
}

void ModelWriter::State::pad_to(uint64_t offset) {
  static constexpr std::array<std::byte, 4096> zeros{};
  assert(offset >= file.size());
  while (file.size() < offset) {
    file.write(Bytes(zeros).first(std::min<uint64_t>(zeros.size(), offset - file.size())));
  }
}

void ModelWriter::State::put_rounded(std::span<const float> values) {
  AlignedBuffer<uint16_t> rounded(std::min(values.size(), kSliceBytes / sizeof(uint16_t)));
  while (!values.empty()) {
    const auto slice = values.first(std::min(values.size(), rounded.size()));
    kernels::to_bf16(slice.data(), slice.size(), rounded.data());
    put(std::as_bytes(rounded.span().first(slice.size())));
    values = values.subspan(slice.size());
  }
}

// Some panels at a time, so that the scratch stays small for any matrix. pack(rows, n, k, packed) packs n
// rows of [n, k].
template <typename Element, typename Pack>
void ModelWriter::State::put_packed(const TensorSpec& spec, std::span<const float> values, Pack pack) {
  const auto n = static_cast<size_t>(spec.shape[0]), k = static_cast<size_t>(spec.shape[1]);
  const size_t panel = kernels::panel_bytes(k, sizeof(Element));
  const size_t rows = std::min(n, std::max<size_t>(1, kSliceBytes / panel) * kernels::kPanelColumns);
  AlignedBuffer<Element> packed(kernels::packed_bytes(rows, k, sizeof(Element)) / sizeof(Element));
  for (size_t row = 0; row < n; row += rows) {
    const size_t some = std::min(rows, n - row);
    pack(values.data() + row * k, some, k, packed.data());
    put(std::as_bytes(
        packed.span().first(kernels::packed_bytes(some, k, sizeof(Element)) / sizeof(Element))));
  }
}

// Panels of s8, then the scales and the column sums that belong to them (docs/format.md).
void ModelWriter::State::put_quantized(const TensorSpec& spec, std::span<const float> values) {
  const uint64_t columns = round_up(spec.shape[0], kernels::kPanelColumns);
  std::vector<float> scales(columns);
  std::vector<int32_t> sums(columns);
  std::vector<int8_t> rounded;
  size_t done = 0;
  put_packed<int8_t>(spec, values, [&](const float* rows, size_t n, size_t k, int8_t* packed) {
    rounded.resize(n * k);
    if (!quantize_rows(rows, n, k, rounded.data(), &scales[done], &sums[done])) {
      fail(ErrorCode::unsupported, "tensor '", spec.name,
           "' holds infinite values or NaN, which int8 cannot express; choose f32 or bf16");
    }
    kernels::pack_b_s8(rounded.data(), n, k, packed);
    done += n;
  });
  put(std::as_bytes(std::span(scales)));
  put(std::as_bytes(std::span(sums)));
}

ModelWriter::ModelWriter(std::string path, const ModelConfig& config, Bytes tokenizer)
    : state_(std::make_unique<State>(path, config, tokenizer)) {}

ModelWriter::~ModelWriter() = default;

const std::vector<TensorSpec>& ModelWriter::specs() const noexcept { return state_->specs; }
const ModelConfig& ModelWriter::config() const noexcept { return state_->config; }
uint64_t ModelWriter::bytes_done() const noexcept { return state_->file.size(); }
uint64_t ModelWriter::bytes_total() const noexcept { return state_->layout.header.file_size; }

void ModelWriter::write(const TensorSpec& spec, std::span<const float> values) {
  State& s = *state_;
  if (s.next >= s.specs.size() || spec.name != s.specs[s.next].name) {
    const std::string expected =
        s.next < s.specs.size() ? "'" + s.specs[s.next].name + "'" : "no further tensor";
    fail(ErrorCode::shape_mismatch, "tensor '", spec.name, "' was written, the schema expects ", expected,
         " here");
  }
  const TensorSpec& want = s.specs[s.next];
  if (values.size() != element_count(want)) {
    fail(ErrorCode::shape_mismatch, "tensor '", want.name, "' has ", values.size(), " values, expected ",
         shape_string(want.shape));
  }
  TableEntry& entry = s.layout.entries[s.next];
  s.pad_to(entry.offset);
  s.checksum.begin();
  switch (want.storage) {
    case Storage::f32: s.put(std::as_bytes(values)); break;
    case Storage::bf16: s.put_rounded(values); break;
    case Storage::gemm_f32: s.put_packed<float>(want, values, kernels::pack_b_f32); break;
    case Storage::gemm_bf16: {
      std::vector<uint16_t> rounded;
      s.put_packed<uint16_t>(want, values,
                             [&rounded](const float* rows, size_t n, size_t k, uint16_t* packed) {
                               rounded.resize(n * k);
                               kernels::to_bf16(rows, n * k, rounded.data());
                               kernels::pack_b_bf16(rounded.data(), n, k, packed);
                             });
      break;
    }
    case Storage::gemm_int8: s.put_quantized(want, values); break;
  }
  entry.checksum = s.checksum.value();
  assert(s.file.size() == entry.offset + entry.size);
  ++s.next;
}

void ModelWriter::commit() {
  State& s = *state_;
  if (s.next != s.specs.size()) {
    throw std::logic_error("tensor '" + s.specs[s.next].name + "' was not written before commit()");
  }
  const std::vector<std::byte> table = encode_table(s.specs, s.layout.entries);
  Header& h = s.layout.header;
  h.table.checksum = checksum_of(table);
  s.file.write_at(h.table.offset, table);
  s.file.write_at(0, encode_header(h));
  s.file.commit();
}

}  // namespace simdclip
