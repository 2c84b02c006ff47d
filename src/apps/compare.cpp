#include "simdclip/compare.h"

#include <algorithm>

#include "apps/unit.h"
#include "base/fail.h"

namespace simdclip {
namespace {

constexpr const char* kBorders = ",;|\n\r";
constexpr const char* kSpaces = " \t";

std::string joined_without(const std::vector<std::string>& phrases, size_t left_out) {
  std::string out;
  for (size_t i = 0; i < phrases.size(); ++i) {
    if (i != left_out) out += (out.empty() ? "" : ", ") + phrases[i];
  }
  return out;
}

}  // namespace

std::vector<std::string> prompt_phrases(const std::string& prompt) {
  std::vector<std::string> phrases;
  for (size_t at = 0; at <= prompt.size();) {
    const size_t end = std::min(prompt.find_first_of(kBorders, at), prompt.size());
    const std::string part = prompt.substr(at, end - at);
    const size_t first = part.find_first_not_of(kSpaces);
    if (first != std::string::npos)
      phrases.push_back(part.substr(first, part.find_last_not_of(kSpaces) + 1 - first));
    at = end + 1;
  }
  return phrases;
}

PromptParts::PromptParts(const Model& model, const std::string& prompt)
    : phrases_(prompt_phrases(prompt)), width_(model.embed_dim()) {
  if (phrases_.empty())
    fail(ErrorCode::invalid_argument, "the prompt '", prompt,
         "' has no phrase; expected words, divided by commas");
  std::vector<std::string> texts = {prompt};
  texts.insert(texts.end(), phrases_.begin(), phrases_.end());
  for (size_t i = 0; i < phrases_.size(); ++i)
    texts.push_back(phrases_.size() == 1 ? prompt : joined_without(phrases_, i));
  rows_.resize(texts.size() * width_);
  model.embed_texts(texts, rows_);
}

PromptComparison PromptParts::compare(std::span<const float> image) const {
  if (image.size() != width_) {
    fail(ErrorCode::invalid_argument, "compare: a picture's vector of ", image.size(), " numbers, expected ",
         width_);
  }
  const auto cosine = [&](size_t row) { return dot(image, std::span(rows_).subspan(row * width_, width_)); };
  PromptComparison out;
  out.whole = cosine(0);
  const size_t n = phrases_.size();
  for (size_t i = 0; i < n; ++i) {
    const double without = cosine(1 + n + i);
    out.phrases.push_back({cosine(1 + i), without, out.whole - without});
  }
  return out;
}

}  // namespace simdclip
