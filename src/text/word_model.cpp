#include "text/word_model.h"

#include <algorithm>
#include <string>

#include "text/bpe.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

constexpr uint32_t kNowhere = 0xFFFFFFFFU;

size_t character_length(std::string_view text) noexcept {
  char32_t c = 0;
  return static_cast<size_t>(std::max(decode_utf8_step(text, c), 1));
}

// Appends the ids of the bytes' pieces, if all of them are there.
bool append_bytes(const std::array<uint32_t, 256>& pieces, std::string_view text,
                  std::vector<uint32_t>& ids) {
  for (char c : text) {
    if (pieces[static_cast<uint8_t>(c)] == kNoToken) return false;
  }
  for (char c : text) ids.push_back(pieces[static_cast<uint8_t>(c)]);
  return true;
}

// The segmentation of largest summed score (Kudo 2018), in doubles as the Rust library sums them.
class UnigramModel final : public WordModel {
 public:
  explicit UnigramModel(const VocabularyTable& table) : table_(table) {
    if (table.has(kByteFallback)) bytes_ = byte_pieces(table);
  }

  void encode(std::string_view word, std::vector<int32_t>& ids) const override {
    std::vector<Best> best(word.size() + 1);
    for (size_t begin = 0; begin < word.size();) {
      const std::string_view rest = word.substr(begin);
      const size_t one = character_length(rest);
      const double here = best[begin].score;
      bool covered = false;  // by a piece of this one character
      for (uint32_t at = table_.longest_prefix(rest); at != kNoToken; at = table_.prefix_of(at)) {
        const size_t length = table_.text(at).size();
        offer(best[begin + length], begin, table_.score(at) + here, table_.id(at));
        covered = covered || length == one;
      }
      if (!covered) offer(best[begin + one], begin, table_.unknown_score() + here, table_.unk_id());
      begin += one;
    }
    append_path(word, best, ids);
  }

 private:
  struct Best {  // the best way to reach this byte
    double score = 0;
    uint32_t id = 0, begin = kNowhere;
  };
  static void offer(Best& best, size_t begin, double score, uint32_t id) {
    if (best.begin == kNowhere || score > best.score) best = {score, id, static_cast<uint32_t>(begin)};
  }

  // Unknown characters in a row are looked up once more as one, then written as bytes or as one unknown.
  void append_path(std::string_view word, const std::vector<Best>& best, std::vector<int32_t>& ids) const {
    std::vector<uint32_t> path;  // beginnings, from the end
    for (size_t end = word.size(); end > 0; end = best[end].begin) path.push_back(best[end].begin);
    path.insert(path.begin(), static_cast<uint32_t>(word.size()));
    std::vector<uint32_t> bytes;
    for (size_t i = path.size() - 1; i > 0; --i) {
      const uint32_t begin = path[i];
      uint32_t id = best[path[i - 1]].id;
      if (id == table_.unk_id()) {
        while (i > 1 && best[path[i - 2]].id == id) --i;
        const std::string_view unknown = word.substr(begin, path[i - 1] - begin);
        const uint32_t whole = table_.find(unknown);
        bytes.clear();
        if (whole == kNoToken && table_.has(kByteFallback) && append_bytes(bytes_, unknown, bytes)) {
          ids.insert(ids.end(), bytes.begin(), bytes.end());
          continue;
        }
        if (whole != kNoToken) id = whole;
      }
      ids.push_back(static_cast<int32_t>(id));
    }
  }

  const VocabularyTable& table_;
  std::array<uint32_t, 256> bytes_{};
};

class BpeModel final : public WordModel {
 public:
  explicit BpeModel(const VocabularyTable& table) : table_(table) {
    if (table.has(kByteFallback)) bytes_ = byte_pieces(table);
    for (char c = 0; c >= 0; ++c) {
      ascii_[static_cast<uint8_t>(c)] = table.find({&c, 1});
      if (c == 127) break;
    }
  }

  void encode(std::string_view word, std::vector<int32_t>& ids) const override {
    if (table_.has(kIgnoreMerges)) {
      if (const uint32_t id = table_.find(word); id != kNoToken) {
        ids.push_back(static_cast<int32_t>(id));
        return;
      }
    }
    std::vector<uint32_t> symbols;
    symbols.reserve(word.size());
    bool unknown = false;  // one that is not written yet: more of them may follow
    const auto write_unknown = [&] {
      if (unknown) symbols.push_back(table_.unk_id());
      unknown = false;
    };
    for (size_t i = 0; i < word.size();) {
      const std::string_view character = word.substr(i, character_length(word.substr(i)));
      i += character.size();
      const uint32_t id = piece(character);
      if (id != kNoToken) {
        write_unknown();
        symbols.push_back(id);
      } else if (table_.has(kByteFallback) && append_bytes(bytes_, character, symbols)) {
        continue;
      } else if (table_.unk_id() != kNoToken) {
        if (!table_.has(kFuseUnknown)) write_unknown();
        unknown = true;
      }
    }
    write_unknown();
    bpe_merge(table_.merges(), symbols);
    ids.insert(ids.end(), symbols.begin(), symbols.end());
  }

 private:
  uint32_t piece(std::string_view character) const noexcept {
    const auto first = static_cast<uint8_t>(character[0]);
    return first < 128 ? ascii_[first] : table_.find(character);
  }

  const VocabularyTable& table_;
  std::array<uint32_t, 256> bytes_{};
  std::array<uint32_t, 128> ascii_{};
};

// The longest piece from the left, again and again; a word that does not come out even is unknown as a whole.
class WordPieceModel final : public WordModel {
 public:
  explicit WordPieceModel(const VocabularyTable& table) : table_(table) {}

  void encode(std::string_view word, std::vector<int32_t>& ids) const override {
    const size_t before = ids.size();
    if (character_count(word) > table_.max_word() || !encode_pieces(word, ids)) {
      ids.resize(before);
      ids.push_back(static_cast<int32_t>(table_.unk_id()));
    }
  }

 private:
  static size_t character_count(std::string_view word) {
    return static_cast<size_t>(std::count_if(
        word.begin(), word.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0U) != 0x80; }));
  }

  bool encode_pieces(std::string_view word, std::vector<int32_t>& ids) const {
    std::string later = table_.subword_prefix();
    for (size_t begin = 0; begin < word.size();) {
      const size_t marks = begin == 0 ? 0 : table_.subword_prefix().size();
      if (begin > 0) later.resize(marks);
      if (begin > 0) later += word.substr(begin);
      const uint32_t at = table_.longest_prefix(begin == 0 ? word : std::string_view(later));
      if (at == kNoToken || table_.text(at).size() <= marks) return false;
      ids.push_back(static_cast<int32_t>(table_.id(at)));
      begin += table_.text(at).size() - marks;
    }
    return true;
  }

  const VocabularyTable& table_;
};

}  // namespace

std::array<uint32_t, 256> byte_pieces(const VocabularyTable& table) {
  std::array<uint32_t, 256> ids{};
  constexpr char kDigits[] = "0123456789ABCDEF";
  for (unsigned b = 0; b < 256; ++b) {
    const char text[] = {'<', '0', 'x', kDigits[b / 16], kDigits[b % 16], '>'};
    ids[b] = table.find({text, sizeof text});
  }
  return ids;
}

std::unique_ptr<WordModel> make_word_model(TokenizerKind kind, const VocabularyTable& table) {
  switch (kind) {
    case TokenizerKind::unigram: return std::make_unique<UnigramModel>(table);
    case TokenizerKind::wordpiece: return std::make_unique<WordPieceModel>(table);
    default: return std::make_unique<BpeModel>(table);
  }
}

}  // namespace simdclip
