// The Rust library's normalizers and pre-tokenizers, as a section lists them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "text/charsmap.h"
#include "text/vocabulary_section.h"

namespace simdclip {

class TextSteps {
 public:
  // The table must stay. Error: damaged (the normalization table).
  TextSteps(const VocabularyTable& table, const std::string& where);

  void normalize(std::u32string& text) const;

  // The words of a normalized text. at_start: it begins where the whole text does.
  std::vector<std::u32string> words(std::u32string text, bool at_start) const;

 private:
  struct Operation {
    TextStep kind;
    uint32_t flags;
    std::u32string a, b;
  };
  void apply(const Operation& step, std::u32string& text) const;
  void apply_charsmap(std::u32string& text) const;

  std::vector<Operation> normalizers_, splitters_;
  Charsmap charsmap_;
};

}  // namespace simdclip
