#include "text/unigram.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/fail.h"
#include "text/spiece_model.h"
#include "text/utf8.h"
#include "text/word_model.h"

namespace simdclip {
namespace {

constexpr float kUnknownPenalty = 10.0F;  // below the worst piece
constexpr uint32_t kNowhere = 0xFFFFFFFFU;

}  // namespace

std::vector<std::byte> sentencepiece_section(std::string_view spiece_model, const std::string& where,
                                             std::vector<ExtraToken> added, uint32_t limit) {
  const SpieceModel model = read_spiece_model(spiece_model, where);
  if (model.kind != SpieceModel::Kind::unigram)
    fail(ErrorCode::unsupported, where, ": a BPE model, expected a unigram model");
  Vocabulary v;
  v.kind = TokenizerKind::unigram;
  v.flags = kSentencePiece;
  const auto flag = [&](bool holds, VocabularyFlag which) { v.flags |= holds ? uint32_t{which} : 0U; };
  flag(model.byte_fallback, kByteFallback);
  flag(model.add_dummy_prefix, kDummyPrefix);
  flag(model.remove_extra_whitespaces, kRemoveExtraWhitespaces);
  flag(model.escape_whitespaces, kEscapeWhitespaces);
  flag(model.whitespace_as_suffix, kWhitespaceAsSuffix);
  // The largest score starts at the smallest positive float, as in the reference: with log probabilities it
  // stays there, so that a user-defined piece costs 0.1 whatever its length.
  float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::min();
  for (uint32_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    if (id < limit) v.entries.push_back({std::string(piece.text), id, double{piece.score}, piece.type});
    if (piece.type != PieceType::normal) continue;
    low = std::min(low, piece.score);
    high = std::max(high, piece.score);
  }
  v.unk_id = model.unk_id;
  v.unknown_score = double{low - kUnknownPenalty};
  v.longest_score = double{high};
  v.charsmap = model.charsmap;
  v.added = std::move(added);
  return write_vocabulary(v, where);
}

Unigram::Unigram(const VocabularyTable& table, const std::string& where)
    : table_(table), normalizer_(table, where), byte_ids_(byte_pieces(table)) {
  if (!table.has(kSentencePiece))
    fail(ErrorCode::damaged, where,
         ": the tokenizer section is not one of the sentencepiece library; "
         "convert the model again");
  for (uint32_t& id : byte_ids_) {
    if (id == kNoToken) id = table.unk_id();
  }
}

std::vector<uint32_t> Unigram::encode(std::string_view text) const {
  const std::string normalized = normalizer_.normalize(text);
  struct Best {       // the best way to reach this byte
    float score = 0;  // summed in floats as the reference does: rounding decides between equal ways
    uint32_t id = 0, begin = kNowhere;
  };
  std::vector<Best> best(normalized.size() + 1);
  const auto longest = static_cast<float>(table_.longest_score()),
             unknown = static_cast<float>(table_.unknown_score());
  const auto offer = [&](size_t begin, size_t end, float score, uint32_t id) {
    if (best[end].begin == kNowhere || score > best[end].score)
      best[end] = {score, id, static_cast<uint32_t>(begin)};
  };
  for (size_t begin = 0; begin < normalized.size();) {
    const std::string_view rest = std::string_view(normalized).substr(begin);
    char32_t c = 0;
    const auto one = static_cast<size_t>(std::max(decode_utf8_step(rest, c), 1));
    const float here = best[begin].score;
    bool covered = false;  // by a piece of this one character
    for (uint32_t at = table_.longest_prefix(rest); at != kNoToken; at = table_.prefix_of(at)) {
      const PieceType type = table_.type(at);
      if (type != PieceType::normal && type != PieceType::user_defined) continue;
      const size_t length = table_.text(at).size();
      // a user-defined piece is always worth it
      const double score = type == PieceType::user_defined
                               ? static_cast<double>(static_cast<float>(length) * longest) - 0.1
                               : table_.score(at);
      offer(begin, begin + length, static_cast<float>(score + double{here}), table_.id(at));
      covered = covered || length == one;
    }
    if (!covered) offer(begin, begin + one, unknown + here, table_.unk_id());
    begin += one;
  }

  std::vector<uint32_t> ids;  // from the end
  for (size_t end = normalized.size(); end > 0; end = best[end].begin) {
    const uint32_t id = best[end].id;
    if (id == table_.unk_id() && table_.has(kByteFallback)) {
      for (size_t i = end; i > best[end].begin; --i)
        ids.push_back(byte_ids_[static_cast<uint8_t>(normalized[i - 1])]);
    } else if (id != table_.unk_id() || ids.empty() || ids.back() != id || end == normalized.size()) {
      ids.push_back(id);  // unknown characters in a row are one unknown
    }
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

}  // namespace simdclip
