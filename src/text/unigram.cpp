#include "text/unigram.h"

#include <algorithm>
#include <cstdio>
#include <limits>

#include "base/fail.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

constexpr float kUnknownPenalty = 10.0F;  // below the worst piece
constexpr uint32_t kNowhere = 0xFFFFFFFFU;

}  // namespace

Unigram::Unigram(std::string_view file, const std::string& where)
    : model_(read_spiece_model(file, where)), normalizer_(model_, where) {
  if (model_.kind != SpieceModel::Kind::unigram)
    fail(ErrorCode::unsupported, where, ": a BPE model, expected a unigram model");
  // The largest score starts at the smallest positive float, as in the reference: with log probabilities it
  // stays there, so that a user-defined piece costs 0.1 whatever its length.
  float low = std::numeric_limits<float>::max(), high = std::numeric_limits<float>::min();
  byte_ids_.fill(model_.unk_id);
  for (uint32_t id = 0; id < model_.pieces.size(); ++id) {
    const Piece& piece = model_.pieces[id];
    if (piece.type == PieceType::normal) {
      low = std::min(low, piece.score);
      high = std::max(high, piece.score);
    }
    if (piece.type == PieceType::normal || piece.type == PieceType::user_defined) index_.add(piece.text, id);
    unsigned value = 0;
    if (piece.type == PieceType::byte && piece.text.size() == 6 &&
        std::sscanf(std::string(piece.text).c_str(), "<0x%2X>", &value) == 1) {
      byte_ids_[value] = id;
    }
  }
  index_.sort();
  unknown_score_ = low - kUnknownPenalty;
  max_score_ = high;
}

std::vector<uint32_t> Unigram::encode(std::string_view text) const {
  const std::string normalized = normalizer_.normalize(text);
  struct Best {       // the best way to reach this byte
    float score = 0;  // summed in floats as the reference does: rounding decides between equal ways
    uint32_t id = 0, begin = kNowhere;
  };
  std::vector<Best> best(normalized.size() + 1);
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
    index_.for_each_prefix(rest, [&](size_t length, uint32_t id) {
      const Piece& piece = model_.pieces[id];
      const bool user = piece.type == PieceType::user_defined;  // always worth it
      const double score =
          user ? static_cast<double>(static_cast<float>(length) * max_score_) - 0.1 : double{piece.score};
      offer(begin, begin + length, static_cast<float>(score + double{here}), id);
      covered = covered || length == one;
    });
    if (!covered) offer(begin, begin + one, unknown_score_ + here, model_.unk_id);
    begin += one;
  }

  std::vector<uint32_t> ids;  // from the end
  for (size_t end = normalized.size(); end > 0; end = best[end].begin) {
    const uint32_t id = best[end].id;
    if (id == model_.unk_id && model_.byte_fallback) {
      for (size_t i = end; i > best[end].begin; --i)
        ids.push_back(byte_ids_[static_cast<uint8_t>(normalized[i - 1])]);
    } else if (id != model_.unk_id || ids.empty() || ids.back() != id || end == normalized.size()) {
      ids.push_back(id);  // unknown characters in a row are one unknown
    }
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

}  // namespace simdclip
