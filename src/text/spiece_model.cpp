#include "text/spiece_model.h"

#include <cstring>
#include <optional>
#include <unordered_set>

#include "base/fail.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

constexpr size_t kMaxPieces = size_t{1} << 22;

// A protobuf message, field by field.
class Message {
 public:
  struct Field {
    uint32_t number = 0, wire_type = 0;
    uint64_t value = 0;      // of a varint, or the bits of a fixed number
    std::string_view bytes;  // of a string or a message
  };

  Message(std::string_view bytes, const std::string& where) : rest_(bytes), where_(where) {}

  std::optional<Field> next() {
    if (rest_.empty()) return std::nullopt;
    Field field;
    const uint64_t key = varint();
    field.number = static_cast<uint32_t>(key >> 3U);
    field.wire_type = static_cast<uint32_t>(key & 7U);
    if (key >> 32U != 0 || field.number == 0) damaged();
    switch (field.wire_type) {
      case 0: field.value = varint(); break;
      case 1: field.value = fixed(8); break;
      case 2: field.bytes = take(varint()); break;
      case 5: field.value = fixed(4); break;
      default: damaged();
    }
    return field;
  }

  [[noreturn]] void damaged() const {
    fail(ErrorCode::damaged, where_, ": no SentencePiece model, or a damaged one; download it again");
  }

 private:
  std::string_view take(uint64_t n) {
    if (n > rest_.size()) damaged();
    const std::string_view bytes = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return bytes;
  }
  uint64_t fixed(size_t n) {
    uint64_t value = 0;
    std::memcpy(&value, take(n).data(), n);
    return value;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const auto b = static_cast<uint8_t>(take(1)[0]);
      value |= uint64_t{b & 0x7FU} << shift;
      if (b < 0x80) return value;
    }
    damaged();
  }

  std::string_view rest_;
  const std::string& where_;
};

Piece read_piece(std::string_view bytes, const std::string& where) {
  Piece piece;
  Message message(bytes, where);
  while (const auto field = message.next()) {
    if (field->number == 1 && field->wire_type == 2) piece.text = field->bytes;
    if (field->number == 2 && field->wire_type == 5) {
      const auto bits = static_cast<uint32_t>(field->value);
      std::memcpy(&piece.score, &bits, sizeof bits);
    }
    if (field->number == 3 && field->wire_type == 0) {
      if (field->value < 1 || field->value > 6) message.damaged();
      piece.type = static_cast<PieceType>(field->value);
    }
  }
  if (piece.text.empty() || !is_utf8(piece.text) || !(piece.score > -1e9F && piece.score < 1e9F))
    message.damaged();
  return piece;
}

void read_trainer(std::string_view bytes, SpieceModel& model, const std::string& where) {
  Message message(bytes, where);
  while (const auto field = message.next()) {
    if (field->wire_type != 0) continue;
    if (field->number == 3) {
      if (field->value != 1 && field->value != 2) {
        fail(ErrorCode::unsupported, where, ": a SentencePiece model of type ", field->value,
             ", expected 1 (unigram) or 2 (BPE)");
      }
      model.kind = static_cast<SpieceModel::Kind>(field->value);
    }
    if (field->number == 24) model.whitespace_as_suffix = field->value != 0;
    if (field->number == 35) model.byte_fallback = field->value != 0;
  }
}

void read_normalizer(std::string_view bytes, SpieceModel& model, const std::string& where) {
  Message message(bytes, where);
  while (const auto field = message.next()) {
    if (field->number == 2 && field->wire_type == 2) model.charsmap = field->bytes;
    if (field->wire_type != 0) continue;
    if (field->number == 3) model.add_dummy_prefix = field->value != 0;
    if (field->number == 4) model.remove_extra_whitespaces = field->value != 0;
    if (field->number == 5) model.escape_whitespaces = field->value != 0;
  }
}

void check_pieces(SpieceModel& model, const std::string& where) {
  std::unordered_set<std::string_view> seen;
  size_t unknown = 0;
  for (size_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    if (!seen.insert(piece.text).second)
      fail(ErrorCode::damaged, where, ": the piece '", piece.text, "' occurs twice");
    if (piece.type != PieceType::unknown) continue;
    model.unk_id = static_cast<uint32_t>(id);
    ++unknown;
  }
  if (unknown != 1)
    fail(ErrorCode::damaged, where, ": ", unknown, " pieces stand for the unknown, expected 1");
}

}  // namespace

SpieceModel read_spiece_model(std::string_view file, const std::string& where) {
  SpieceModel model;
  Message message(file, where);
  while (const auto field = message.next()) {
    if (field->wire_type != 2) continue;
    if (field->number == 1) {
      if (model.pieces.size() == kMaxPieces) message.damaged();
      model.pieces.push_back(read_piece(field->bytes, where));
    }
    if (field->number == 2) read_trainer(field->bytes, model, where);
    if (field->number == 3) read_normalizer(field->bytes, model, where);
  }
  if (model.pieces.empty()) message.damaged();
  check_pieces(model, where);
  return model;
}

}  // namespace simdclip
