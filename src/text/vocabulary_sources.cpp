#include "text/vocabulary_sources.h"

#include <algorithm>
#include <cstdint>

#include "base/fail.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

constexpr uint64_t kMaxGap = 1U << 16;  // ids without a piece
using Pieces = std::vector<std::pair<std::string, double>>;
using Merge = std::pair<std::string, std::string>;

Merge split_merge(std::string_view line, const std::string& where) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos || space == 0 || space + 1 == line.size() ||
      line.find(' ', space + 1) != std::string_view::npos)
    fail(ErrorCode::damaged, where, ": the merge '", line,
         "' should be two pieces with one space between them");
  return {std::string(line.substr(0, space)), std::string(line.substr(space + 1))};
}

void pieces_by_id(const Json& vocab, Pieces& pieces, const std::string& where) {
  for (const auto& [text, id] : vocab.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= vocab.size() + kMaxGap)
      fail(ErrorCode::damaged, where, ": piece '", text, "' of ", vocab.size(), " has the id ", id.dump());
    const auto place = id.get<size_t>();
    if (place >= pieces.size()) pieces.resize(place + 1);
    if (!pieces[place].first.empty()) fail(ErrorCode::damaged, where, ": two pieces have the id ", place);
    pieces[place].first = text;
  }
}

void pieces_with_scores(const Json& vocab, Pieces& pieces, const std::string& where) {
  for (const Json& piece : vocab) {
    if (!piece.is_array() || piece.size() != 2 || !piece[0].is_string() || !piece[1].is_number())
      fail(ErrorCode::damaged, where, ": piece ", pieces.size(), " is ", piece.dump(),
           ", expected a text and its score");
    pieces.emplace_back(piece[0].get<std::string>(), piece[1].get<double>());
  }
}

bool is_boundary(std::string_view text, size_t i) { return (static_cast<uint8_t>(text[i]) & 0xC0U) != 0x80; }

size_t character_count(std::string_view text) {
  size_t n = 0;
  for (size_t i = 0; i < text.size(); ++i) n += is_boundary(text, i) ? 1U : 0U;
  return n;
}

std::unordered_map<std::string_view, uint32_t> ids_of(const Pieces& pieces) {
  std::unordered_map<std::string_view, uint32_t> ids;
  ids.reserve(pieces.size());
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (!pieces[id].first.empty()) ids[pieces[id].first] = static_cast<uint32_t>(id);
  }
  return ids;
}

}  // namespace

Json parse_object(std::string_view text, const std::string& where) {
  Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) fail(ErrorCode::damaged, where, ": expected a JSON object");
  return json;
}

VocabularySource source_from_spiece(std::string_view file, const std::string& where, bool with_merges) {
  const SpieceModel model = read_spiece_model(file, where);
  if (with_merges != (model.kind == SpieceModel::Kind::bpe))
    fail(ErrorCode::unsupported, where, ": a ", with_merges ? "unigram" : "BPE", " model, expected a ",
         with_merges ? "BPE" : "unigram", " model");
  VocabularySource source;
  source.byte_fallback = model.byte_fallback;
  source.charsmap = model.charsmap;
  for (uint32_t id = 0; id < model.pieces.size(); ++id) {
    const Piece& piece = model.pieces[id];
    source.pieces.emplace_back(piece.text, double{piece.score});
    if (piece.type == PieceType::control || piece.type == PieceType::user_defined)
      source.special.push_back({std::string(piece.text), id});
  }
  if (with_merges) source.merges = generate_merges(source.pieces);
  return source;
}

VocabularySource source_from_json(const Json& model, const std::string& where) {
  VocabularySource source;
  if (!model.contains("vocab")) fail(ErrorCode::damaged, where, ": model without vocab");
  const Json& vocab = model["vocab"];
  if (vocab.is_array()) {
    pieces_with_scores(vocab, source.pieces, where);
  } else if (vocab.is_object()) {
    pieces_by_id(vocab, source.pieces, where);
  } else {
    fail(ErrorCode::damaged, where, ": model.vocab should be a list or an object");
  }
  if (!model.contains("merges")) return source;
  if (!model["merges"].is_array()) fail(ErrorCode::damaged, where, ": model.merges is no list");
  for (const Json& merge : model["merges"]) {
    if (merge.is_string()) {
      source.merges.push_back(split_merge(merge.get_ref<const std::string&>(), where));
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string()) {
      source.merges.emplace_back(merge[0].get<std::string>(), merge[1].get<std::string>());
    } else {
      fail(ErrorCode::damaged, where, ": merge ", source.merges.size(), " is ", merge.dump(),
           ", expected two pieces");
    }
  }
  return source;
}

VocabularySource source_from_vocab_txt(std::string_view text, const std::string& where) {
  VocabularySource source;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::u32string line = decode_utf8(text.substr(0, end));
    while (!line.empty() && (unicode_bits(line.back()) & kRustWhiteSpace) != 0) line.pop_back();
    source.pieces.emplace_back(encode_utf8(line), 0.0);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  if (source.pieces.empty()) fail(ErrorCode::damaged, where, ": no pieces");
  return source;
}

VocabularySource source_from_merges(std::string_view vocab_json, std::string_view merges_txt,
                                    const std::string& where) {
  VocabularySource source;
  pieces_by_id(parse_object(vocab_json, where + "/vocab.json"), source.pieces, where + "/vocab.json");
  while (!merges_txt.empty()) {
    const size_t end = merges_txt.find('\n');
    std::string_view line = merges_txt.substr(0, end);
    merges_txt.remove_prefix(end == std::string_view::npos ? merges_txt.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    source.merges.push_back(split_merge(line, where + "/merges.txt"));
  }
  return source;
}

std::vector<Merge> generate_merges(const Pieces& pieces) {
  struct Candidate {
    uint32_t whole, left, right;
    size_t left_characters;
  };
  const auto ids = ids_of(pieces);
  std::vector<Candidate> found;
  for (uint32_t whole = 0; whole < pieces.size(); ++whole) {
    const std::string_view text = pieces[whole].first;
    const auto at = ids.find(text);
    if (at == ids.end() || at->second != whole) continue;
    for (size_t cut = 1; cut < text.size(); ++cut) {
      if (!is_boundary(text, cut)) continue;
      const auto left = ids.find(text.substr(0, cut)), right = ids.find(text.substr(cut));
      if (left == ids.end() || right == ids.end()) continue;
      found.push_back({whole, left->second, right->second, character_count(text.substr(0, cut))});
    }
  }
  // Of one piece: the shortest left part first.
  std::sort(found.begin(), found.end(), [](const Candidate& a, const Candidate& b) {
    return a.whole != b.whole ? a.whole < b.whole : a.left_characters < b.left_characters;
  });
  std::vector<Merge> merges;
  merges.reserve(found.size());
  for (const Candidate& c : found) merges.emplace_back(pieces[c.left].first, pieces[c.right].first);
  return merges;
}

void fill_entries(const VocabularySource& source, uint32_t limit, Vocabulary& vocabulary,
                  const std::string& where) {
  const auto ids = ids_of(source.pieces);
  const auto end = static_cast<uint32_t>(std::min<size_t>(source.pieces.size(), limit));
  for (uint32_t id = 0; id < end; ++id) {
    const auto& [text, score] = source.pieces[id];
    if (text.empty() || ids.at(text) != id) continue;
    vocabulary.entries.push_back({text, id, score, PieceType::normal});
  }
  if (vocabulary.kind != TokenizerKind::bpe) return;
  const auto id_of = [&](const std::string& text) {
    const auto at = ids.find(text);
    if (at == ids.end()) fail(ErrorCode::damaged, where, ": a merge needs '", text, "', which is no piece");
    return at->second;
  };
  for (const auto& [left, right] : source.merges) {
    const ClipMerge merge{id_of(left), id_of(right), id_of(left + right)};
    if (std::max({merge.left, merge.right, merge.result}) < limit) vocabulary.merges.push_back(merge);
  }
}

bool only_placeholders_from(const std::vector<std::pair<std::string, double>>& pieces, size_t id) {
  constexpr std::string_view kMark = "\xE2\x96\x81";
  for (; id < pieces.size(); ++id) {
    std::string_view text = pieces[id].first;
    if (text.starts_with(kMark)) text.remove_prefix(kMark.size());
    if (!text.empty() && !(text.starts_with('<') && text.ends_with('>'))) return false;
  }
  return true;
}

std::string decode_base64(std::string_view text, const std::string& where) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  uint32_t bits = 0, count = 0;
  for (char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos)
      fail(ErrorCode::damaged, where, ": precompiled_charsmap is not base64");
    bits = bits << 6U | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFFU);
  }
  return out;
}

}  // namespace simdclip
