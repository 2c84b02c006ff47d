// The tokenizer section of the kinds unigram, bpe and wordpiece (docs/format.md): pieces in the order of
// their bytes, searched where they lie, and the steps that make words of a text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/config.h"
#include "text/clip_bpe_section.h"
#include "text/merge_table.h"
#include "text/spiece_model.h"

namespace simdclip {

// One step of a text on its way to the model, in the order in which they are applied. The names are those of
// the Rust library.
enum class TextStep : uint32_t {
  // Normalizers: the text becomes another text.
  nfc = 1,
  nfd = 2,
  lowercase = 3,
  charsmap = 4,         // Precompiled: the section's table
  replace = 5,          // a, everywhere, by b
  collapse_spaces = 6,  // two or more spaces by a
  prepend = 7,          // a, before a text that is not empty
  bert = 8,             // flags: BertStep
  strip = 9,            // white space at the ends; flags 1: left, 2: right
  // Pre-tokenizers: a text becomes words.
  split_white_space = 32,  // which is dropped
  metaspace = 33,          // a for a space; flags: MetaspaceStep
  split_bert = 34,         // at white space, which is dropped, and around punctuation
  byte_level = 35,         // GPT-2's expression and bytes as characters; flags: ByteLevelStep
};
enum BertStep : uint32_t {
  kBertCleanText = 1,
  kBertChinese = 2,
  kBertStripAccents = 4,
  kBertLowercase = 8,
};
enum MetaspaceStep : uint32_t {
  kMetaspacePrepend = 1,  // a before every part that does not begin with it
  kMetaspaceFirst = 2,    // before the first part of the text alone
  kMetaspaceSplit = 4,    // every a begins a word
};
enum ByteLevelStep : uint32_t { kByteLevelPrefixSpace = 1, kByteLevelExpression = 2 };

struct Step {
  TextStep kind = TextStep::lowercase;
  uint32_t flags = 0;
  std::string a = {}, b = {};
};

enum VocabularyFlag : uint32_t {
  kByteFallback = 1,  // an unknown character is written as its bytes' pieces <0x41>
  kFuseUnknown = 2,   // unknown characters in a row are one (bpe)
  kIgnoreMerges = 4,  // a word that is a piece is not put together from others (bpe)
  // unigram: the ids of the sentencepiece library, not of the Rust library; its normalization replaces the
  // steps
  kSentencePiece = 8,
  kDummyPrefix = 16,
  kRemoveExtraWhitespaces = 32,
  kEscapeWhitespaces = 64,
  kWhitespaceAsSuffix = 128,
};
inline constexpr uint32_t kAllVocabularyFlags = 255;

// An AddedToken and what it does to the white space around it.
struct ExtraToken {
  std::string content;
  uint32_t id = 0;
  bool normalized = false;                       // looked for after normalization, not before
  bool left_strip = false, right_strip = false;  // takes the white space on that side with it
};

// What a section is written from.
struct Vocabulary {
  struct Entry {
    std::string text;
    uint32_t id = 0;
    double score = 0;                    // unigram
    PieceType type = PieceType::normal;  // unigram of kSentencePiece
  };
  TokenizerKind kind = TokenizerKind::unigram;
  uint32_t flags = 0;
  std::vector<Entry> entries;     // texts are unique
  uint32_t unk_id = kNoToken;     // kNoToken: what is unknown is dropped (bpe) or refused at writing
  double unknown_score = 0;       // unigram: of one unknown character
  double longest_score = 0;       // unigram of kSentencePiece: what a user-defined piece gets for each byte
  std::vector<ClipMerge> merges;  // bpe, in order of rank
  std::string charsmap;           // raw, as in a SentencePiece model
  std::string subword_prefix;     // wordpiece: "##"
  uint32_t max_word = 100;        // wordpiece: characters; longer words are unknown
  std::vector<Step> steps;
  std::vector<ExtraToken> added;
};

// `where` begins messages. Errors: damaged (a text twice, an id twice in the merges, scores that are no
// numbers), too_large.
std::vector<std::byte> write_vocabulary(const Vocabulary& vocabulary, const std::string& where);

// Whether the section says kSentencePiece; false for what is no section.
bool is_sentencepiece_section(std::span<const std::byte> section) noexcept;

// The section read in place; the bytes must stay where they are.
class VocabularyTable {
 public:
  // Checks everything that a search relies on, in one pass over the numbers. Errors: damaged; unsupported for
  // a newer version.
  VocabularyTable(TokenizerKind kind, std::span<const std::byte> section, const std::string& where);

  uint32_t flags() const noexcept { return flags_; }
  bool has(VocabularyFlag flag) const noexcept { return (flags_ & flag) != 0; }
  uint32_t id_count() const noexcept { return ids_; }  // every id is below
  uint32_t unk_id() const noexcept { return unk_id_; }
  double unknown_score() const noexcept { return unknown_score_; }
  double longest_score() const noexcept { return longest_score_; }
  uint32_t max_word() const noexcept { return max_word_; }
  const std::string& subword_prefix() const noexcept { return subword_prefix_; }
  std::string_view charsmap() const noexcept { return charsmap_; }
  const MergeTable& merges() const noexcept { return merges_; }
  const std::vector<Step>& steps() const noexcept { return steps_; }
  const std::vector<ExtraToken>& added() const noexcept { return added_; }

  // Pieces have places in the order of their bytes.
  size_t size() const noexcept { return id_.size(); }
  std::string_view text(size_t place) const noexcept {
    return texts_.substr(start_[place], start_[place + 1] - start_[place]);
  }
  uint32_t id(size_t place) const noexcept { return id_[place]; }
  double score(size_t place) const noexcept;
  PieceType type(size_t place) const noexcept { return static_cast<PieceType>(types_[place]); }

  // The id of a whole text, or kNoToken.
  uint32_t find(std::string_view text) const noexcept;
  // The place of the longest piece that `text` begins with, or kNoToken; prefix_of() gives the next shorter
  // ones.
  uint32_t longest_prefix(std::string_view text) const noexcept;
  uint32_t prefix_of(size_t place) const noexcept { return prefix_[place]; }

 private:
  void check(const std::string& where);
  void read_strings(std::span<const uint32_t> steps, std::span<const uint32_t> added,
                    std::string_view strings, size_t prefix_bytes, const std::string& where);
  size_t upper_bound(std::string_view text) const noexcept;

  uint32_t flags_ = 0, ids_ = 0, unk_id_ = kNoToken, max_word_ = 0;
  double unknown_score_ = 0, longest_score_ = 0;
  std::string subword_prefix_;
  std::string_view texts_, charsmap_;
  std::span<const uint32_t> start_, id_, prefix_;  // by place; start_ has one more
  const std::byte* scores_ = nullptr;              // doubles, by place
  std::span<const uint8_t> types_;
  std::array<uint32_t, 257> lead_{};  // places by first byte
  MergeTable merges_;
  std::vector<Step> steps_;
  std::vector<ExtraToken> added_;
  std::vector<uint32_t> copy_;  // of a section that is not aligned to 4 bytes
};

}  // namespace simdclip
