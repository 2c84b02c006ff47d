#include "text/vocabulary_section.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "base/checked.h"
#include "base/fail.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

static_assert(std::endian::native == std::endian::little, "sections are little-endian and used in place");

constexpr uint32_t kMagic = 0x42434F56U;  // "VOCB"
constexpr uint32_t kVersion = 1;
constexpr uint32_t kMaxIds = 1U << 24, kMaxStringBytes = 1U << 20, kMaxSteps = 64, kMaxTextBytes = 1U << 28;
constexpr uint32_t kNormalizedToken = 1, kLeftStrip = 2, kRightStrip = 4;

struct Header {
  uint32_t magic, version, kind, flags;
  uint32_t pieces, ids, unk_id, max_word;
  uint32_t text_bytes, charsmap_bytes, merges, steps;
  uint32_t added, string_bytes, prefix_bytes, reserved;
  double unknown_score, longest_score;
};
static_assert(sizeof(Header) == 80);
struct StepEntry {
  uint32_t kind, flags, a_bytes, b_bytes;
};
struct AddedEntry {
  uint32_t id, flags, bytes;
};

bool has_scores(const Header& h) { return h.kind == static_cast<uint32_t>(TokenizerKind::unigram); }
bool has_types(const Header& h) { return (h.flags & kSentencePiece) != 0; }
bool has_merges(const Header& h) { return h.kind == static_cast<uint32_t>(TokenizerKind::bpe); }

// Where the parts begin, and where the section ends.
struct Places {
  uint64_t start, id, prefix, scores, types, row_start, right, rank, result, steps, added, strings, texts,
      charsmap, end;
};

Places places_of(const Header& h) {
  uint64_t at = sizeof(Header);
  const auto take = [&](uint64_t bytes) {
    const uint64_t begin = at;
    at = round_up(at + bytes, 4);
    return begin;
  };
  Places p{};
  p.start = take((uint64_t{h.pieces} + 1) * 4);
  p.id = take(uint64_t{h.pieces} * 4);
  p.prefix = take(uint64_t{h.pieces} * 4);
  p.scores = take(has_scores(h) ? uint64_t{h.pieces} * 8 : 0);
  p.types = take(has_types(h) ? h.pieces : 0);
  p.row_start = take(has_merges(h) ? (uint64_t{h.ids} + 1) * 4 : 0);
  p.right = take(has_merges(h) ? uint64_t{h.merges} * 4 : 0);
  p.rank = take(has_merges(h) ? uint64_t{h.merges} * 4 : 0);
  p.result = take(has_merges(h) ? uint64_t{h.merges} * 4 : 0);
  p.steps = take(uint64_t{h.steps} * sizeof(StepEntry));
  p.added = take(uint64_t{h.added} * sizeof(AddedEntry));
  p.strings = take(h.string_bytes);
  p.texts = take(h.text_bytes);
  p.charsmap = take(h.charsmap_bytes);
  p.end = at;
  return p;
}

// The part of an output that begins at a place.
class Writer {
 public:
  explicit Writer(uint64_t size) : out_(size) {}
  void put(uint64_t at, const void* data, size_t size) {
    if (size != 0) std::memcpy(out_.data() + at, data, size);
  }
  template <typename T>
  void put(uint64_t at, const std::vector<T>& values) {
    put(at, values.data(), values.size() * sizeof(T));
  }
  void put(uint64_t at, const std::string& text) { put(at, text.data(), text.size()); }
  std::vector<std::byte> take() { return std::move(out_); }

 private:
  std::vector<std::byte> out_;
};

void write_pieces(std::vector<const Vocabulary::Entry*>& sorted, const Header& h, const Places& p,
                  Writer& out) {
  std::vector<uint32_t> start{0}, id, prefix, open;  // open: the pieces that the current one may begin with
  std::vector<double> scores;
  std::vector<uint8_t> types;
  std::string texts;
  for (uint32_t place = 0; place < sorted.size(); ++place) {
    const Vocabulary::Entry& e = *sorted[place];
    texts += e.text;
    start.push_back(static_cast<uint32_t>(texts.size()));
    id.push_back(e.id);
    while (!open.empty() && !e.text.starts_with(sorted[open.back()]->text)) open.pop_back();
    prefix.push_back(open.empty() ? kNoToken : open.back());
    open.push_back(place);
    scores.push_back(e.score);
    types.push_back(static_cast<uint8_t>(e.type));
  }
  out.put(p.start, start);
  out.put(p.id, id);
  out.put(p.prefix, prefix);
  if (has_scores(h)) out.put(p.scores, scores);
  if (has_types(h)) out.put(p.types, types);
  out.put(p.texts, texts);
}

void write_merges(const Vocabulary& v, const Header& h, const Places& p, Writer& out,
                  const std::string& where) {
  std::vector<uint32_t> order(v.merges.size()), row_start(size_t{h.ids} + 1), right, result;
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const ClipMerge &x = v.merges[a], &y = v.merges[b];
    return x.left != y.left ? x.left < y.left : x.right < y.right;
  });
  const ClipMerge* previous = nullptr;
  for (uint32_t i : order) {
    const ClipMerge& merge = v.merges[i];
    if (previous != nullptr && previous->left == merge.left && previous->right == merge.right)
      fail(ErrorCode::damaged, where, ": the merge of ids ", merge.left, " and ", merge.right,
           " occurs twice");
    previous = &merge;
    ++row_start[size_t{merge.left} + 1];
    right.push_back(merge.right);
    result.push_back(merge.result);
  }
  std::partial_sum(row_start.begin(), row_start.end(), row_start.begin());
  out.put(p.row_start, row_start);
  out.put(p.right, right);
  out.put(p.rank, order);
  out.put(p.result, result);
}

[[noreturn]] void damaged(const std::string& where, const std::string& what) {
  fail(ErrorCode::damaged, where, ": ", what, "; convert the model again");
}

void check_header(const Header& h, TokenizerKind kind, const std::string& where) {
  if (h.magic != kMagic) damaged(where, "the tokenizer section does not begin with VOCB");
  if (h.version != kVersion) {
    fail(ErrorCode::unsupported, where, ": tokenizer section of version ", h.version, ", this program knows ",
         kVersion, "; use a newer simdclip");
  }
  if (h.kind != static_cast<uint32_t>(kind)) {
    damaged(where, "the tokenizer section is of kind " + std::to_string(h.kind) +
                       ", the configuration says " + std::string(to_string(kind)));
  }
  if ((h.flags & ~kAllVocabularyFlags) != 0 || h.reserved != 0)
    damaged(where, "the tokenizer section has unknown flags");
  if (h.ids == 0 || h.ids > kMaxIds || h.pieces > h.ids || h.merges > kMaxIds || h.added > h.ids ||
      h.steps > kMaxSteps || h.text_bytes > kMaxTextBytes || h.charsmap_bytes > kMaxTextBytes ||
      h.string_bytes > kMaxStringBytes || h.prefix_bytes > h.string_bytes ||
      (h.unk_id != kNoToken && h.unk_id >= h.ids) || (h.unk_id == kNoToken && !has_merges(h)))
    damaged(where, "impossible sizes in the tokenizer section");
  if (!std::isfinite(h.unknown_score) || !std::isfinite(h.longest_score))
    damaged(where, "a score of the tokenizer is no number");
  if (has_types(h) && !has_scores(h)) damaged(where, "the tokenizer section has flags of another kind");
}

bool is_step(uint32_t kind) { return (kind >= 1 && kind <= 9) || (kind >= 32 && kind <= 35); }

}  // namespace

std::vector<std::byte> write_vocabulary(const Vocabulary& v, const std::string& where) {
  Header h{};
  h.magic = kMagic;
  h.version = kVersion;
  h.kind = static_cast<uint32_t>(v.kind);
  h.flags = v.flags;
  h.pieces = static_cast<uint32_t>(v.entries.size());
  h.unk_id = v.unk_id;
  h.max_word = v.max_word;
  h.merges = static_cast<uint32_t>(v.merges.size());
  h.steps = static_cast<uint32_t>(v.steps.size());
  h.added = static_cast<uint32_t>(v.added.size());
  h.charsmap_bytes = static_cast<uint32_t>(v.charsmap.size());
  h.unknown_score = v.unknown_score;
  h.longest_score = v.longest_score;
  std::vector<const Vocabulary::Entry*> sorted;
  uint64_t text_bytes = 0;
  for (const Vocabulary::Entry& e : v.entries) {
    sorted.push_back(&e);
    text_bytes += e.text.size();
    h.ids = std::max(h.ids, e.id + 1);
    if (!std::isfinite(e.score))
      fail(ErrorCode::damaged, where, ": the score of '", e.text, "' is no number");
    if (e.text.empty()) fail(ErrorCode::damaged, where, ": id ", e.id, " has no text");
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->text < b->text; });
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i]->text == sorted[i - 1]->text)
      fail(ErrorCode::damaged, where, ": the piece '", sorted[i]->text, "' occurs twice");
  }
  std::string strings = v.subword_prefix;
  h.prefix_bytes = static_cast<uint32_t>(strings.size());
  std::vector<StepEntry> steps;
  for (const Step& s : v.steps) {
    steps.push_back({static_cast<uint32_t>(s.kind), s.flags, static_cast<uint32_t>(s.a.size()),
                     static_cast<uint32_t>(s.b.size())});
    strings += s.a + s.b;
  }
  std::vector<AddedEntry> added;
  for (const ExtraToken& t : v.added) {
    added.push_back({t.id,
                     (t.normalized ? kNormalizedToken : 0) | (t.left_strip ? kLeftStrip : 0) |
                         (t.right_strip ? kRightStrip : 0),
                     static_cast<uint32_t>(t.content.size())});
    strings += t.content;
    h.ids = std::max(h.ids, t.id + 1);
  }
  if (v.unk_id != kNoToken) h.ids = std::max(h.ids, v.unk_id + 1);
  if (text_bytes > kMaxTextBytes || strings.size() > kMaxStringBytes || h.ids > kMaxIds ||
      v.merges.size() > kMaxIds || v.charsmap.size() > kMaxTextBytes)
    fail(ErrorCode::too_large, where, ": a tokenizer of ", v.entries.size(), " pieces, ", v.merges.size(),
         " merges and ", text_bytes, " bytes of text");
  h.text_bytes = static_cast<uint32_t>(text_bytes);
  h.string_bytes = static_cast<uint32_t>(strings.size());

  const Places p = places_of(h);
  Writer out(p.end);
  out.put(0, &h, sizeof h);
  write_pieces(sorted, h, p, out);
  if (has_merges(h)) write_merges(v, h, p, out, where);
  out.put(p.steps, steps);
  out.put(p.added, added);
  out.put(p.strings, strings);
  out.put(p.charsmap, v.charsmap);
  return out.take();
}

bool is_sentencepiece_section(std::span<const std::byte> section) noexcept {
  Header h{};
  if (section.size() < sizeof h) return false;
  std::memcpy(&h, section.data(), sizeof h);
  return has_types(h);
}

VocabularyTable::VocabularyTable(TokenizerKind kind, std::span<const std::byte> section,
                                 const std::string& where) {
  Header h{};
  if (section.size() < sizeof h)
    damaged(where, "the tokenizer section has " + std::to_string(section.size()) + " bytes");
  std::memcpy(&h, section.data(), sizeof h);
  check_header(h, kind, where);
  const Places p = places_of(h);
  if (section.size() != p.end) {
    damaged(where, "the tokenizer section has " + std::to_string(section.size()) + " bytes, expected " +
                       std::to_string(p.end));
  }
  const std::byte* base = section.data();
  if (reinterpret_cast<uintptr_t>(base) % alignof(uint32_t) != 0) {
    copy_.resize(section.size() / 4);
    std::memcpy(copy_.data(), base, section.size());
    base = reinterpret_cast<const std::byte*>(copy_.data());
  }
  const auto words = [&](uint64_t at, size_t n) {
    return std::span(reinterpret_cast<const uint32_t*>(base + at), n);
  };
  const auto chars = [&](uint64_t at, size_t n) {
    return std::string_view(reinterpret_cast<const char*>(base + at), n);
  };
  flags_ = h.flags;
  ids_ = h.ids;
  unk_id_ = h.unk_id;
  max_word_ = h.max_word;
  unknown_score_ = h.unknown_score;
  longest_score_ = h.longest_score;
  start_ = words(p.start, size_t{h.pieces} + 1);
  id_ = words(p.id, h.pieces);
  prefix_ = words(p.prefix, h.pieces);
  if (has_scores(h)) scores_ = base + p.scores;
  if (has_types(h)) types_ = {reinterpret_cast<const uint8_t*>(base + p.types), h.pieces};
  texts_ = chars(p.texts, h.text_bytes);
  charsmap_ = chars(p.charsmap, h.charsmap_bytes);
  if (has_merges(h)) {
    merges_ = {words(p.row_start, size_t{h.ids} + 1), words(p.right, h.merges), words(p.rank, h.merges),
               words(p.result, h.merges)};
  }
  check(where);
  read_strings(words(p.steps, size_t{h.steps} * 4), words(p.added, size_t{h.added} * 3),
               chars(p.strings, h.string_bytes), h.prefix_bytes, where);
}

// One pass over the numbers, so that nothing read later can be out of range and every search ends.
void VocabularyTable::check(const std::string& where) {
  const size_t n = id_.size();
  bool good = start_[0] == 0 && start_[n] == texts_.size();
  for (size_t i = 0; good && i < n; ++i) {
    good = start_[i] < start_[i + 1] && id_[i] < ids_ && (prefix_[i] == kNoToken || prefix_[i] < i);
  }
  if (!good) damaged(where, "the pieces of the tokenizer are damaged");
  for (size_t i = 0; good && scores_ != nullptr && i < n; ++i) good = std::isfinite(score(i));
  if (!good) damaged(where, "a score of the tokenizer is no number");
  for (const uint8_t type : types_) good = good && type >= 1 && type <= 6;
  if (!good) damaged(where, "a piece of the tokenizer is of no known type");
  if (!merges_.row_start.empty()) {
    const size_t m = merges_.right.size();
    good = merges_.row_start.front() == 0 && merges_.row_start.back() == m &&
           std::is_sorted(merges_.row_start.begin(), merges_.row_start.end());
    for (size_t i = 0; good && i < m; ++i)
      good = merges_.right[i] < ids_ && merges_.result[i] < ids_ && merges_.rank[i] < m;
    if (!good) damaged(where, "the merges of the tokenizer are damaged");
  }
  size_t place = 0;
  for (size_t b = 0; b < 256; ++b) {
    lead_[b] = static_cast<uint32_t>(place);
    // pieces with this first byte, found by halving: the list is sorted
    size_t low = place, high = n;
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      static_cast<uint8_t>(texts_[start_[middle]]) <= b ? low = middle + 1 : high = middle;
    }
    place = low;
  }
  lead_[256] = static_cast<uint32_t>(n);
}

void VocabularyTable::read_strings(std::span<const uint32_t> steps, std::span<const uint32_t> added,
                                   std::string_view strings, size_t prefix_bytes, const std::string& where) {
  const auto take = [&](size_t n) {
    if (n > strings.size()) damaged(where, "the strings of the tokenizer section are too short");
    const std::string text(strings.substr(0, n));
    if (!is_utf8(text)) damaged(where, "a string of the tokenizer section is not UTF-8");
    strings.remove_prefix(n);
    return text;
  };
  subword_prefix_ = take(prefix_bytes);
  for (size_t i = 0; i < steps.size(); i += 4) {
    if (!is_step(steps[i]) || steps[i + 1] > 15)
      damaged(where, "a step of the tokenizer, " + std::to_string(steps[i]) + ", is not known");
    Step step{static_cast<TextStep>(steps[i]), steps[i + 1], {}, {}};
    step.a = take(steps[i + 2]);
    step.b = take(steps[i + 3]);
    steps_.push_back(std::move(step));
  }
  for (size_t i = 0; i < added.size(); i += 3) {
    const uint32_t flags = added[i + 1];
    if (added[i] >= ids_ || flags > 7 || added[i + 2] == 0)
      damaged(where, "the tokenizer's added token of id " + std::to_string(added[i]) + " is damaged");
    added_.push_back({take(added[i + 2]), added[i], (flags & kNormalizedToken) != 0,
                      (flags & kLeftStrip) != 0, (flags & kRightStrip) != 0});
  }
  if (!strings.empty()) damaged(where, "strings left over in the tokenizer section");
}

double VocabularyTable::score(size_t place) const noexcept {
  double value = 0;
  std::memcpy(&value, scores_ + 8 * place, sizeof value);
  return value;
}

// The first place whose text is above `text`; between the places of its first byte.
size_t VocabularyTable::upper_bound(std::string_view text) const noexcept {
  const auto b = static_cast<uint8_t>(text[0]);
  size_t low = lead_[b], high = lead_[size_t{b} + 1];
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    this->text(middle) <= text ? low = middle + 1 : high = middle;
  }
  return low;
}

uint32_t VocabularyTable::find(std::string_view wanted) const noexcept {
  if (wanted.empty()) return kNoToken;
  const size_t above = upper_bound(wanted);
  return above > 0 && text(above - 1) == wanted ? id_[above - 1] : kNoToken;
}

// Every piece that `text` begins with is at or below it in the order, and all between the two begin with that
// piece too: so the piece just below `text` leads to all of them.
uint32_t VocabularyTable::longest_prefix(std::string_view wanted) const noexcept {
  if (wanted.empty()) return kNoToken;
  const size_t above = upper_bound(wanted);
  if (above == 0) return kNoToken;
  auto place = static_cast<uint32_t>(above - 1);
  const std::string_view below = text(place);
  const size_t n = std::min(below.size(), wanted.size());
  const auto common = static_cast<size_t>(
      std::mismatch(below.begin(), below.begin() + static_cast<std::ptrdiff_t>(n), wanted.begin()).first -
      below.begin());
  while (place != kNoToken && text(place).size() > common) place = prefix_[place];
  return place;
}

}  // namespace simdclip
