// compel's prompts, written from the behaviour of its parser: attention of words, quoted and bracketed parts;
// .and() and .blend().
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

#include "apps/prompt_numbers.h"
#include "base/fail.h"
#include "simdclip/condition.h"

namespace simdclip {
namespace {

using Pieces = std::vector<WeightedText>;

constexpr std::string_view kSyntax = "()\",.+-=";

// What no tensor can hold, or what stands where compel would take it for words.
[[noreturn]] void refuse(std::string_view what, size_t at) {
  if (what.starts_with(".swap")) {
    fail(ErrorCode::invalid_argument, "prompt: compel's .swap() (byte ", at,
         ") is cross-attention control: it changes the attention inside the generator's U-Net while pictures "
         "are made. prompt_embeds cannot "
         "hold it and diffusers' pipelines have no input for it; encode the two prompts one by one, or mix "
         "them with (\"...\", \"...\").blend()");
  }
  fail(ErrorCode::invalid_argument, "prompt: compel takes ", what, ") for words here (byte ", at,
       "); it must follow a list of quoted prompts that is the whole prompt: (\"a cat\", \"a dog\")", what,
       "1, 0.5)");
}

class CompelParser {
 public:
  explicit CompelParser(std::string_view text) : text_(text) {}

  // compel's `prompt`: anything that is no syntax is a word.
  Pieces prompt() {
    Pieces out;
    for (size_t i = 0; i < text_.size();) {
      if (prompt_space(text_[i])) {
        ++i;
        continue;
      }
      for (const std::string_view lora : {"withLora(", "useLora("}) {
        if (text_.substr(i).starts_with(lora)) {
          fail(ErrorCode::invalid_argument, "prompt: ", lora, "...) at byte ", i,
               ": LoRAs change the generator, not its prompt; load them with "
               "diffusers' pipeline.load_lora_weights()");
        }
      }
      if (const size_t end = attention_or_group(i, 1, out, 0); end != 0) {
        i = end;
      } else {
        const size_t stop = word_end(i);
        out.push_back({std::string(text_.substr(i, stop - i)), 1, false});
        i = stop;
      }
    }
    return out;
  }

  // ("...", "...").and(weights) or .blend(weights), the whole text; nothing where it is something else.
  std::optional<std::vector<CompelPart>> structure() {
    size_t i = skip_space(0);
    if (i >= text_.size() || text_[i] != '(') return std::nullopt;
    std::vector<Pieces> prompts;
    do {
      i = skip_space(i + 1);
      std::optional<std::pair<Pieces, size_t>> one = target(i);
      if (!one) return std::nullopt;
      prompts.push_back(std::move(one->first));
      i = skip_space(one->second);
    } while (i < text_.size() && text_[i] == ',');
    if (i >= text_.size() || text_[i] != ')') return std::nullopt;
    i = skip_space(i + 1);
    for (const std::string_view name : {".and(", ".add(", ".blend("}) {
      if (!text_.substr(i).starts_with(name)) continue;
      const size_t close = text_.find(')', i);
      if (close == std::string_view::npos) return std::nullopt;
      if (const size_t rest = skip_space(close + 1); rest < text_.size()) {
        fail(ErrorCode::invalid_argument, "prompt: '", text_.substr(rest), "' behind ", name,
             "...) would be left out by compel; put it into the list of prompts");
      }
      return parts_of(std::move(prompts), text_.substr(i + name.size(), close - i - name.size()),
                      name == ".blend(");
    }
    return std::nullopt;
  }

 private:
  size_t skip_space(size_t i) const {
    while (i < text_.size() && prompt_space(text_[i])) ++i;
    return i;
  }
  size_t word_end(size_t i) const {
    while (i < text_.size() && !prompt_space(text_[i])) ++i;
    return i;
  }

  // A prompt of a list: quoted, in brackets, or one word.
  std::optional<std::pair<Pieces, size_t>> target(size_t i) {
    if (i >= text_.size()) return std::nullopt;
    Pieces pieces;
    if (text_[i] == '"' || text_[i] == '(') {
      if (const size_t end = group_end(i, pieces, 0); end != 0) return std::pair(std::move(pieces), end);
      if (text_[i] == '(') return std::nullopt;
      size_t close = i + 1;
      while (close < text_.size() && text_[close] != '"') close += text_[close] == '\\' ? 2 : 1;
      if (close >= text_.size()) return std::nullopt;
      return std::pair(CompelParser(text_.substr(i + 1, close - i - 1)).prompt(), close + 1);
    }
    const size_t end = plain_word_end(i);
    if (end == i) return std::nullopt;
    return std::pair(Pieces{{std::string(text_.substr(i, end - i)), 1, false}}, end);
  }

  static std::vector<CompelPart> parts_of(std::vector<Pieces> prompts, std::string_view options, bool blend) {
    std::vector<double> weights;
    bool normalize = true;
    for (size_t begin = 0; begin < options.size();) {
      const size_t end = std::min(options.find(',', begin), options.size());
      std::string_view word = options.substr(begin, end - begin);
      while (!word.empty() && prompt_space(word.front())) word.remove_prefix(1);
      while (!word.empty() && prompt_space(word.back())) word.remove_suffix(1);
      begin = end + 1;
      const std::optional<double> weight = prompt_number(word);
      if (blend && word == "no_normalize" && begin > options.size()) {
        normalize = false;
      } else if (weight) {
        weights.push_back(*weight);
      } else {
        fail(ErrorCode::invalid_argument, "prompt: '", word, "' is no weight of ",
             blend ? ".blend(); expected numbers and, last, no_normalize" : ".and(); expected numbers");
      }
    }
    if (weights.empty()) weights.assign(prompts.size(), 1.0);
    if (weights.size() != prompts.size()) {
      fail(ErrorCode::invalid_argument, "prompt: ", blend ? ".blend()" : ".and()", " has ", weights.size(),
           " weights for ", prompts.size(), " prompts");
    }
    if (!blend) {
      std::vector<CompelPart> parts;
      for (size_t i = 0; i < prompts.size(); ++i)
        parts.push_back({weights[i], {std::move(prompts[i])}, {1.0}});
      return parts;
    }
    const double sum = normalize ? std::accumulate(weights.begin(), weights.end(), 0.0) : 1;
    if (sum == 0)
      fail(ErrorCode::invalid_argument,
           "prompt: the weights of .blend() add up to 0; give others, or no_normalize behind them");
    for (double& weight : weights) weight /= sum;
    return {{1, std::move(prompts), std::move(weights)}};
  }

  // A run of + or -, or (behind a group) a number: its factor and where it ends.
  std::pair<double, size_t> factor_at(size_t i, bool group) const {
    size_t end = i;
    if (i < text_.size() && (text_[i] == '+' || text_[i] == '-')) {
      while (end < text_.size() && text_[end] == text_[i]) ++end;
      const bool negative_number = group && text_[i] == '-' && end == i + 1 && end < text_.size() &&
                                   text_[end] >= '0' && text_[end] <= '9';
      if (!negative_number) return {std::pow(text_[i] == '+' ? 1.1 : 0.9, static_cast<double>(end - i)), end};
    }
    if (!group) return {1, i};
    if (end == i && end < text_.size() && text_[end] == '-') ++end;
    const size_t digits = end;
    while (end < text_.size() && ((text_[end] >= '0' && text_[end] <= '9') || text_[end] == '.')) ++end;
    while (end > digits && text_[end - 1] == '.') --end;
    const auto value = end > digits ? prompt_number(text_.substr(i, end - i)) : std::nullopt;
    return value ? std::pair(*value, end) : std::pair(1.0, i);
  }

  // ".attend(1.3)", ".attend(++)" at i; nothing where it is something else.
  std::optional<std::pair<double, size_t>> attend_at(size_t i) const {
    constexpr std::string_view kAttend = ".attend(";
    if (!text_.substr(i).starts_with(kAttend)) return std::nullopt;
    const size_t begin = skip_space(i + kAttend.size());
    const auto [factor, end] = factor_at(begin, true);
    const size_t close = skip_space(end);
    if (end == begin || close >= text_.size() || text_[close] != ')') return std::nullopt;
    return std::pair(factor, close + 1);
  }

  // compel's non_syntax_word: no white space and no syntax, except + and - inside a word.
  size_t plain_word_end(size_t i) const {
    while (i < text_.size() && !prompt_space(text_[i])) {
      const char c = text_[i];
      if (c == '\\' && i + 1 < text_.size() && kSyntax.find(text_[i + 1]) != std::string_view::npos) {
        i += 2;
      } else if (c == '+' || c == '-') {
        if (i + 1 >= text_.size() || prompt_space(text_[i + 1]) ||
            kSyntax.find(text_[i + 1]) != std::string_view::npos)
          break;
        ++i;
      } else if (kSyntax.find(c) != std::string_view::npos) {
        break;
      } else {
        ++i;
      }
    }
    return i;
  }

  void refuse_operators(size_t i) const {
    for (const std::string_view name : {".swap(", ".and(", ".add(", ".blend("}) {
      if (text_.substr(i).starts_with(name)) refuse(name, i);
    }
  }

  // What can be weighted at i: added to out with its weight. 0 where there is nothing of the kind.
  size_t attention_or_group(size_t i, double outer, Pieces& out, unsigned depth) {
    if (depth > 200) fail(ErrorCode::invalid_argument, "prompt: brackets are nested more than 200 deep");
    Pieces inside;
    const bool group = text_[i] == '(' || text_[i] == '"';
    size_t behind = 0;
    if (group) {
      behind = group_end(i, inside, depth);
      if (behind == 0) return 0;
    } else {
      behind = plain_word_end(i);
      if (behind == i) return 0;
      inside.push_back({std::string(text_.substr(i, behind - i)), 1, false});
    }
    refuse_operators(behind);
    const auto attend = attend_at(behind);
    const auto [factor, end] = attend ? *attend : factor_at(behind, group);
    if (!group && end == behind) return 0;
    for (WeightedText& piece : inside) {
      piece.weight *= outer * factor;
      out.push_back(std::move(piece));
    }
    return end;
  }

  // The pieces between ( and ) or between quotes; 0 where they are not closed or hold what compel's grammar
  // does not know.
  size_t group_end(size_t i, Pieces& inside, unsigned depth) {
    const char closing = text_[i] == '(' ? ')' : '"';
    for (++i; i < text_.size();) {
      if (text_[i] == closing) return i + 1;
      if (prompt_space(text_[i])) {
        ++i;
      } else if (text_[i] == ',' || text_[i] == '.') {
        inside.push_back({std::string(1, text_[i++]), 1, false});
      } else if (const size_t end = attention_or_group(i, 1, inside, depth + 1); end != 0) {
        i = end;
      } else {
        const size_t word = plain_word_end(i);
        if (word == i) return 0;
        inside.push_back({std::string(text_.substr(i, word - i)), 1, false});
        i = word;
      }
    }
    return 0;
  }

  std::string_view text_;
};

// Pieces of equal weight become one, and what was escaped is itself again.
Pieces fused(Pieces pieces) {
  Pieces out;
  for (WeightedText& piece : pieces) {
    for (const char* mark : {"(", ")", "\""}) {
      const std::string escaped = std::string("\\") + mark;
      for (size_t at = 0; (at = piece.text.find(escaped, at)) != std::string::npos; ++at)
        piece.text.replace(at, 2, mark);
    }
    if (!out.empty() && out.back().weight == piece.weight) {
      out.back().text += ' ' + piece.text;
    } else {
      out.push_back(std::move(piece));
    }
  }
  if (out.empty()) out.push_back({});
  return out;
}

}  // namespace

std::vector<CompelPart> parse_compel(const std::string& prompt) {
  std::string text;  // a space behind each comma
  for (size_t i = 0; i < prompt.size(); ++i) {
    text += prompt[i];
    if (prompt[i] == ',' && i + 1 < prompt.size() && !prompt_space(prompt[i + 1])) text += ' ';
  }
  std::vector<CompelPart> parts;
  if (auto several = CompelParser(text).structure()) {
    parts = std::move(*several);
  } else {
    parts.push_back({1, {CompelParser(text).prompt()}, {1.0}});
  }
  for (CompelPart& part : parts) {
    for (Pieces& pieces : part.prompts) pieces = fused(std::move(pieces));
  }
  return parts;
}

}  // namespace simdclip
