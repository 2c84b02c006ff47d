#include "text/clip_bpe_tokenizer.h"

#include <algorithm>

#include "base/fail.h"
#include "text/bpe.h"
#include "text/clean.h"
#include "text/pretokenize.h"
#include "text/utf8.h"

namespace simdclip {

// The ids of one text while they grow, and the scratch of one word.
struct ClipBpeTokenizer::Ids {
  std::vector<int32_t> ids;
  size_t limit;
  std::vector<uint32_t> word;

  bool full() const { return ids.size() >= limit; }
  void add(uint32_t id) { ids.push_back(static_cast<int32_t>(id)); }
};

namespace {

// Calls between(text) and found(id) in the order of the text; the longest of several tokens at one place
// counts.
template <typename Tokens, typename Between, typename Found>
void split_at(std::u32string_view text, const Tokens& tokens, const Between& between, const Found& found) {
  size_t begin = 0;
  for (size_t i = 0; !tokens.empty() && i < text.size();) {
    const auto token = std::find_if(tokens.begin(), tokens.end(),
                                    [&](const auto& t) { return text.substr(i).starts_with(t.content); });
    if (token == tokens.end()) {
      ++i;
      continue;
    }
    if (i > begin) between(text.substr(begin, i - begin));
    found(token->id);
    i += token->content.size();
    begin = i;
  }
  if (begin < text.size()) between(text.substr(begin));
}

}  // namespace

ClipBpeTokenizer::ClipBpeTokenizer(const TokenizerConfig& config, uint32_t vocab_size,
                                   uint32_t context_length, std::span<const std::byte> section,
                                   const std::string& where)
    : table_(section, where), cleaning_(config.cleaning), bos_id_(config.bos_id), eos_id_(config.eos_id) {
  context_length_ = context_length;
  pad_id_ = static_cast<int32_t>(config.pad_id);
  if (table_.vocab_size() > vocab_size) {
    fail(ErrorCode::damaged, where, ": the tokenizer has ", table_.vocab_size(),
         " ids, the text tower's vocabulary ", vocab_size,
         "; the file's parts do not belong together, convert the model again");
  }
  for (uint32_t id : {config.bos_id, config.eos_id, config.pad_id}) {
    if (id >= vocab_size) {
      fail(ErrorCode::damaged, where, ": the tokenizer's id ", id, " is outside the vocabulary of ",
           vocab_size, "; convert the model again");
    }
  }
  for (const AddedToken& token : table_.added()) {
    std::u32string content = decode_utf8(token.content);
    if (token.normalized) clean_transformers(content);
    if (!content.empty()) (token.normalized ? after_ : before_).push_back({std::move(content), token.id});
  }
  for (auto* tokens : {&before_, &after_}) {
    std::stable_sort(tokens->begin(), tokens->end(),
                     [](const Added& a, const Added& b) { return a.content.size() > b.content.size(); });
  }
}

// A merged symbol ends a word as its right part does.
bool ClipBpeTokenizer::ends_word(int32_t id) const {
  const MergeTable& merges = table_.merges();
  for (auto symbol = static_cast<uint32_t>(id);;) {
    for (unsigned b = 0; b < 256; ++b) {
      if (table_.byte_id(static_cast<uint8_t>(b), true) == symbol) return true;
    }
    const auto made = std::find(merges.result.begin(), merges.result.end(), symbol);
    if (made == merges.result.end()) return false;
    const uint32_t right = merges.right[static_cast<size_t>(made - merges.result.begin())];
    if (right == symbol) return false;
    symbol = right;
  }
}

std::vector<int32_t> ClipBpeTokenizer::encode(std::string_view text) const {
  // Both references cut the ids so that the begin token, the first context - 2 of the text and the end token
  // remain.
  Ids ids{{}, context_length_ > 1 ? context_length_ - 1 : 0, {}};
  if (!ids.full()) ids.add(bos_id_);
  std::u32string decoded = decode_utf8(text);
  if (cleaning_ == TextCleaning::transformers) {
    encode_transformers(decoded, ids);
  } else {
    encode_open_clip(decoded, ids);
  }
  if (ids.ids.size() > ids.limit) ids.ids.resize(ids.limit);
  ids.add(eos_id_);
  return std::move(ids.ids);
}

void ClipBpeTokenizer::encode_open_clip(std::u32string& text, Ids& ids) const {
  clean_text(text, cleaning_);
  encode_words(text, UnicodeLibrary::python, ids);
}

void ClipBpeTokenizer::encode_transformers(const std::u32string& text, Ids& ids) const {
  const auto add = [&](uint32_t id) { ids.add(id); };
  const auto words = [&](std::u32string_view part) { encode_words(part, UnicodeLibrary::rust, ids); };
  const auto normalized = [&](std::u32string_view part) {
    if (ids.full()) return;
    std::u32string clean(part);
    clean_transformers(clean);
    split_at(clean, after_, words, add);
  };
  split_at(text, before_, normalized, add);
}

void ClipBpeTokenizer::encode_words(std::u32string_view text, UnicodeLibrary library, Ids& ids) const {
  WordScanner scanner(text, library);
  for (Word word; !ids.full() && scanner.next(word);) {
    switch (word.kind) {
      case WordKind::word: encode_word(word.text, ids); break;
      case WordKind::begin: ids.add(bos_id_); break;
      case WordKind::end: ids.add(eos_id_); break;
    }
  }
}

void ClipBpeTokenizer::encode_word(std::u32string_view word, Ids& ids) const {
  const std::string bytes = encode_utf8(word);
  ids.word.clear();
  for (size_t i = 0; i < bytes.size(); ++i)
    ids.word.push_back(table_.byte_id(static_cast<uint8_t>(bytes[i]), i + 1 == bytes.size()));
  bpe_merge(table_.merges(), ids.word);
  for (uint32_t id : ids.word) ids.add(id);
}

}  // namespace simdclip
