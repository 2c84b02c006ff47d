// Which words of a prompt a picture shows: each phrase alone, and the prompt without it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "simdclip/export.h"
#include "simdclip/model.h"

namespace simdclip {

// The parts of a prompt between commas, semicolons, | and line breaks, without surrounding spaces; empty ones
// are left out.
SIMDCLIP_API std::vector<std::string> prompt_phrases(const std::string& prompt);

// Cosines to one picture.
struct PhraseScore {
  double alone = 0;  // of the phrase by itself
  // Of the other phrases, joined by ", "; of the whole prompt where it has one phrase only
  double without = 0;
  double gain = 0;  // whole prompt minus `without`: above zero, the picture shows the phrase
};
struct PromptComparison {
  double whole = 0;                  // of the prompt as given
  std::vector<PhraseScore> phrases;  // beside PromptParts::phrases()
};

// One prompt, embedded with all its parts once; compares any number of pictures.
class SIMDCLIP_API PromptParts {
 public:
  // Errors: invalid_argument (a prompt without a phrase), unsupported (no text tower).
  PromptParts(const Model& model, const std::string& prompt);

  const std::vector<std::string>& phrases() const noexcept { return phrases_; }
  // image: a picture's unit vector [embed_dim]. Error invalid_argument where its size differs.
  PromptComparison compare(std::span<const float> image) const;

 private:
  std::vector<std::string> phrases_;
  std::vector<float> rows_;  // [1 + 2 n, E]: the prompt, each phrase, the prompt without each phrase
  size_t width_;
};

}  // namespace simdclip
