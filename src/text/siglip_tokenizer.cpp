#include "text/siglip_tokenizer.h"

#include <algorithm>

#include "text/clean.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

constexpr std::string_view kUnknown = "<unk>", kSpaceSymbol = "\xE2\x96\x81";

}  // namespace

SiglipTokenizer::SiglipTokenizer(const TokenizerConfig& config, uint32_t vocab_size, uint32_t context_length,
                                 std::span<const std::byte> section, const std::string& where)
    : table_(config.kind, section, where),
      model_(table_, where),
      enclosed_(config, vocab_size, table_.id_count(), context_length, where),
      cleaning_(config.cleaning),
      eos_id_(config.eos_id),
      space_id_(table_.find(kSpaceSymbol)),
      unknown_length_(model_.encode(kUnknown).size()) {
  context_length_ = context_length;
  pad_id_ = static_cast<int32_t>(config.pad_id);
  for (const ExtraToken& token : table_.added())
    added_.add({decode_utf8(token.content), token.id, token.left_strip, token.right_strip});
  added_.sort();
}

std::vector<int32_t> SiglipTokenizer::encode(std::string_view text) const {
  std::vector<uint32_t> ids;
  if (cleaning_ == TextCleaning::siglip) {
    ids = encode_siglip(text);
  } else {
    std::u32string decoded = decode_utf8(text);
    clean_text(decoded, cleaning_);
    ids = model_.encode(encode_utf8(decoded));
  }
  if (ids.size() > enclosed_.room()) ids.resize(enclosed_.room());
  // an end token that the text itself brings is not followed by another
  if (cleaning_ == TextCleaning::siglip && !ids.empty() && ids.back() == eos_id_) ids.pop_back();
  return enclosed_.enclose({ids.begin(), ids.end()});
}

std::vector<uint32_t> SiglipTokenizer::encode_siglip(std::string_view text) const {
  constexpr char32_t kMark = U'\x2581';
  std::u32string marked = decode_utf8(text);
  std::replace(marked.begin(), marked.end(), kMark, U' ');
  marked.insert(0, 1, kMark);
  std::vector<uint32_t> ids;
  bool second_is_added = false;
  for (const AddedTokens::Part& part : added_.split(marked)) {
    if (part.id == kNoToken) {
      append_cleaned(part.text, ids);
      continue;
    }
    second_is_added = second_is_added || ids.size() == 1;
    ids.push_back(part.id);
  }
  if (second_is_added && ids[0] == space_id_) ids.erase(ids.begin());
  return ids;
}

// "<unk>" stands before the text, so that the mark is not taken for the white space at a beginning, and its
// ids are dropped.
void SiglipTokenizer::append_cleaned(std::u32string_view text, std::vector<uint32_t>& ids) const {
  std::u32string cleaned(text);
  clean_siglip(cleaned);
  const std::vector<uint32_t> all = model_.encode(std::string(kUnknown) + encode_utf8(cleaned));
  const size_t skip = all.size() >= unknown_length_ ? unknown_length_ : 0;
  ids.insert(ids.end(), all.begin() + static_cast<std::ptrdiff_t>(skip), all.end());
}

}  // namespace simdclip
