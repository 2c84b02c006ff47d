// A SentencePiece model file (spiece.model, tokenizer.model): the parts of its protobuf message that decide
// ids.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace simdclip {

enum class PieceType : uint8_t {
  normal = 1,
  unknown = 2,
  control = 3,
  user_defined = 4,
  unused = 5,
  byte = 6
};

struct Piece {
  std::string_view text;  // in the file's bytes
  float score = 0;
  PieceType type = PieceType::normal;
};

struct SpieceModel {
  enum class Kind : uint8_t { unigram = 1, bpe = 2 };
  Kind kind = Kind::unigram;
  std::vector<Piece> pieces;  // by id
  uint32_t unk_id = 0;
  bool byte_fallback = false;
  bool whitespace_as_suffix = false;
  // Normalization.
  std::string_view
      charsmap;  // a double array over the strings that are replaced, and their replacements; empty: none
  bool add_dummy_prefix = true, remove_extra_whitespaces = true, escape_whitespaces = true;
};

// The views point into `file`, which must stay. Errors: damaged, unsupported (a word or character model).
SpieceModel read_spiece_model(std::string_view file, const std::string& where);

}  // namespace simdclip
