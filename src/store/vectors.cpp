#include "store/vectors.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/checked.h"
#include "base/fail.h"
#include "base/npy_header.h"

namespace simdclip {
namespace {

// 1 / length of an int8 row; 0 where it has none.
float length_scale(std::span<const std::byte> row) {
  int64_t squares = 0;
  // 128 * 128 times that fit in 31 bits, which the compiler adds up in vectors
  constexpr size_t kPiece = size_t{1} << 16U;
  for (size_t begin = 0; begin < row.size(); begin += kPiece) {
    int32_t sum = 0;
    for (const std::byte b : row.subspan(begin, std::min(kPiece, row.size() - begin)))
      sum += static_cast<int8_t>(b) * static_cast<int8_t>(b);
    squares += sum;
  }
  return squares == 0 ? 0.0F : static_cast<float>(1 / std::sqrt(static_cast<double>(squares)));
}

}  // namespace

Vectors::Vectors(size_t width, RowType type) : state_(std::make_unique<State>()) {
  state_->width = width;
  state_->type = type;
}
Vectors::Vectors(Vectors&&) noexcept = default;
Vectors& Vectors::operator=(Vectors&&) noexcept = default;
Vectors::~Vectors() = default;

Vectors Vectors::open(const std::string& npy) {
  MappedFile file = MappedFile::open(npy);
  const NpyHeader header = parse_npy(file.bytes(), npy);
  if (header.shape.size() != 2 || header.shape[1] == 0) {
    fail(ErrorCode::unsupported, npy, ": has the shape ", shape_string(header.shape),
         ", expected rows [n, width]");
  }
  const RowType type = header.descr == "<f4"   ? RowType::f32
                       : header.descr == "<f2" ? RowType::f16
                                               : RowType::int8;
  Vectors out(header.shape[1], type);
  State& s = *out.state_;
  s.size = header.shape[0];
  if (header.data % (type == RowType::f32 ? 4 : type == RowType::f16 ? 2 : 1) != 0) {
    fail(ErrorCode::damaged, npy, ": the values begin at byte ", header.data, ", which is not aligned");
  }
  s.mapped = std::move(file);
  s.rows = s.mapped.bytes().data() + header.data;
  if (type == RowType::int8) {
    s.scale.resize(s.size);
    for (size_t i = 0; i < s.size; ++i) s.scale[i] = length_scale(out.encoded_row(i));
  }
  return out;
}

size_t Vectors::size() const noexcept { return state_->size; }
size_t Vectors::width() const noexcept { return state_->width; }
RowType Vectors::type() const noexcept { return state_->type; }

void Vectors::reserve(size_t rows) {
  State& s = *state_;
  const auto bytes = checked_mul(rows, s.bytes());
  if (!bytes) fail(ErrorCode::too_large, rows, " rows of ", s.bytes(), " bytes do not fit into memory");
  if (s.mapped.bytes().empty() && *bytes > s.own.size()) {
    AlignedBuffer<std::byte> larger(*bytes);
    if (s.size > 0) std::memcpy(larger.data(), s.own.data(), s.size * s.bytes());
    s.own = std::move(larger);
    s.rows = s.own.data();
  }
}

void Vectors::append_encoded(std::span<const std::byte> row) {
  State& s = *state_;
  if (!s.mapped.bytes().empty())
    fail(ErrorCode::invalid_argument, s.mapped.path(), ": rows cannot be added to a mapped file");
  if (row.size() != s.bytes()) {
    fail(ErrorCode::invalid_argument, "row has ", row.size(), " bytes, expected ", s.bytes());
  }
  if ((s.size + 1) * s.bytes() > s.own.size()) reserve(std::max<size_t>(64, s.size * 2));
  std::copy(row.begin(), row.end(), s.own.data() + s.size * s.bytes());
  if (s.type == RowType::int8) s.scale.push_back(length_scale(row));
  ++s.size;
}

void Vectors::append(std::span<const float> row) {
  if (row.size() != state_->width) {
    fail(ErrorCode::invalid_argument, "row has ", row.size(), " values, expected ", state_->width);
  }
  std::vector<std::byte> bytes(state_->bytes());
  encode_row(row, state_->type, bytes);
  append_encoded(bytes);
}

std::span<const std::byte> Vectors::encoded_row(size_t i) const {
  return {state_->rows + i * state_->bytes(), state_->bytes()};
}

std::vector<float> Vectors::row(size_t i) const {
  std::vector<float> out(state_->width);
  decode_row(encoded_row(i), state_->type, out);
  return out;
}

}  // namespace simdclip
