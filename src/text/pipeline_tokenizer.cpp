#include "text/pipeline_tokenizer.h"

#include <algorithm>

#include "text/clean.h"
#include "text/unicode.h"
#include "text/utf8.h"

namespace simdclip {
namespace {

bool is_white(char32_t c) noexcept { return (unicode_bits(c) & kRustWhiteSpace) != 0; }

}  // namespace

void AddedTokens::add(Token token) {
  if (!token.content.empty()) tokens_.push_back(std::move(token));
}

void AddedTokens::sort() {
  std::stable_sort(tokens_.begin(), tokens_.end(), [](const Token& a, const Token& b) {
    return a.content[0] != b.content[0] ? a.content[0] < b.content[0] : a.content.size() > b.content.size();
  });
  for (const Token& token : tokens_) {
    if (first_.empty() || first_.back() != token.content[0]) first_.push_back(token.content[0]);
  }
}

std::vector<AddedTokens::Part> AddedTokens::split(std::u32string_view text) const {
  std::vector<Part> parts;
  size_t done = 0;
  for (size_t i = 0; !tokens_.empty() && i < text.size();) {
    const Token* found = nullptr;
    if (std::binary_search(first_.begin(), first_.end(), text[i])) {
      auto token = std::lower_bound(tokens_.begin(), tokens_.end(), text[i],
                                    [](const Token& t, char32_t c) { return t.content[0] < c; });
      for (; token != tokens_.end() && token->content[0] == text[i] && found == nullptr; ++token) {
        if (text.substr(i).starts_with(token->content)) found = &*token;
      }
    }
    if (found == nullptr) {
      ++i;
      continue;
    }
    size_t begin = i, end = i + found->content.size();
    i = end;
    if (found->left_strip) {
      while (begin > done && is_white(text[begin - 1])) --begin;
    }
    if (found->right_strip) {
      while (end < text.size() && is_white(text[end])) ++end;
    }
    begin = std::max(begin, done);
    if (begin > done) parts.push_back({text.substr(done, begin - done), kNoToken});
    parts.push_back({text.substr(begin, std::max(end, begin) - begin), found->id});
    done = std::max(end, done);
  }
  if (done < text.size()) parts.push_back({text.substr(done), kNoToken});
  return parts;
}

PipelineTokenizer::PipelineTokenizer(const TokenizerConfig& config, uint32_t vocab_size,
                                     uint32_t context_length, std::span<const std::byte> section,
                                     const std::string& where)
    : table_(config.kind, section, where),
      steps_(table_, where),
      model_(make_word_model(config.kind, table_)),
      enclosed_(config, vocab_size, table_.id_count(), context_length, where),
      cleaning_(config.cleaning) {
  context_length_ = context_length;
  pad_id_ = static_cast<int32_t>(config.pad_id);
  for (const ExtraToken& token : table_.added()) {
    std::u32string content = decode_utf8(token.content);
    if (token.normalized) steps_.normalize(content);
    (token.normalized ? after_ : before_)
        .add({std::move(content), token.id, token.left_strip, token.right_strip});
  }
  before_.sort();
  after_.sort();
}

std::vector<int32_t> PipelineTokenizer::encode(std::string_view text) const {
  std::u32string decoded = decode_utf8(text);
  clean_text(decoded, cleaning_);
  std::vector<int32_t> ids;
  for (const AddedTokens::Part& part : before_.split(decoded)) {
    if (ids.size() >= enclosed_.room()) break;
    if (part.id != kNoToken) {
      ids.push_back(static_cast<int32_t>(part.id));
    } else {
      encode_normalized(part.text, part.text.data() == decoded.data(), ids);
    }
  }
  return enclosed_.enclose(ids);
}

void PipelineTokenizer::encode_normalized(std::u32string_view text, bool at_start,
                                          std::vector<int32_t>& ids) const {
  std::u32string normalized(text);
  steps_.normalize(normalized);
  for (const AddedTokens::Part& part : after_.split(normalized)) {
    if (part.id != kNoToken) {
      ids.push_back(static_cast<int32_t>(part.id));
      continue;
    }
    const bool first = at_start && part.text.data() == normalized.data();
    for (const std::u32string& word : steps_.words(std::u32string(part.text), first)) {
      if (ids.size() >= enclosed_.room()) return;
      model_->encode(encode_utf8(word), ids);
    }
  }
}

}  // namespace simdclip
