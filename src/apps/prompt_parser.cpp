// Weighted prompts in three dialects, written from the behaviour of their programs.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/fail.h"
#include "simdclip/condition.h"

namespace simdclip {
namespace {

using Pieces = std::vector<WeightedText>;

bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// A whole text as a number, white space around it allowed, as Python's float().
std::optional<double> number(std::string_view text) {
  while (!text.empty() && space(text.front())) text.remove_prefix(1);
  while (!text.empty() && space(text.back())) text.remove_suffix(1);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// --- AUTOMATIC1111: parse_prompt_attention ---

// ":  1.3 )" at `at`: the number and what lies behind the bracket.
std::optional<std::pair<double, size_t>> weight_and_bracket(std::string_view text, size_t at) {
  size_t i = at + 1;
  while (i < text.size() && space(text[i])) ++i;
  const size_t begin = i;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  const size_t digits = i;
  while (i < text.size() && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9'))) ++i;
  const size_t end = i;
  while (i < text.size() && space(text[i])) ++i;
  if (end == digits || i >= text.size() || text[i] != ')') return std::nullopt;
  const std::string_view shown = text.substr(begin, end - begin);
  const std::optional<double> value = number(shown);
  if (!value) fail(ErrorCode::invalid_argument, "prompt: ':", shown, ")' at byte ", at, " is no weight; expected a number as in (word:1.2)");
  return std::pair(*value, i + 1);
}

bool word_character(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0 || c == '_' || (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// Adds text, split at BREAK with the white space around it.
void add_with_breaks(std::string_view text, Pieces& out) {
  size_t begin = 0;
  for (size_t at = 0; (at = text.find("BREAK", at)) != std::string_view::npos;) {
    const bool apart = (at == 0 || !word_character(text[at - 1])) && (at + 5 == text.size() || !word_character(text[at + 5]));
    if (!apart) {
      at += 5;
      continue;
    }
    size_t first = at, last = at + 5;
    while (first > begin && space(text[first - 1])) --first;
    while (last < text.size() && space(text[last])) ++last;
    out.push_back({std::string(text.substr(begin, first - begin)), 1, false});
    out.push_back({"BREAK", -1, false});
    begin = at = last;
  }
  out.push_back({std::string(text.substr(begin)), 1, false});
}

Pieces parse_a1111(std::string_view text) {
  constexpr double kRound = 1.1, kSquare = 1 / 1.1;
  Pieces out;
  std::vector<size_t> round, square;
  const auto multiply = [&](size_t from, double factor) {
    for (size_t i = from; i < out.size(); ++i) out[i].weight *= factor;
  };
  const auto close = [&](std::vector<size_t>& open, double factor) {
    multiply(open.back(), factor);
    open.pop_back();
  };
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\\') {
      const bool escape = i + 1 < text.size() && std::string_view("()[]\\").find(text[i + 1]) != std::string_view::npos;
      out.push_back({escape ? std::string(1, text[i + 1]) : std::string(), 1, false});
      i += escape ? 2 : 1;
    } else if (c == '(') {
      round.push_back(out.size());
      ++i;
    } else if (c == '[') {
      square.push_back(out.size());
      ++i;
    } else if (c == ')' && !round.empty()) {
      close(round, kRound);
      ++i;
    } else if (c == ']' && !square.empty()) {
      close(square, kSquare);
      ++i;
    } else if (const auto weight = c == ':' ? weight_and_bracket(text, i) : std::nullopt; weight) {
      if (round.empty()) {
        add_with_breaks(text.substr(i, weight->second - i), out);
      } else {
        close(round, weight->first);
      }
      i = weight->second;
    } else if (c == ')' || c == ']' || c == ':') {
      add_with_breaks(text.substr(i, 1), out);
      ++i;
    } else {
      const size_t end = std::min(text.find_first_of("\\()[]:", i), text.size());
      add_with_breaks(text.substr(i, end - i), out);
      i = end;
    }
  }
  for (const size_t from : round) multiply(from, kRound);
  for (const size_t from : square) multiply(from, kSquare);
  Pieces merged;
  for (WeightedText& piece : out) {
    if (!merged.empty() && merged.back().weight == piece.weight) {
      merged.back().text += piece.text;
    } else {
      merged.push_back(std::move(piece));
    }
  }
  if (merged.empty()) merged.push_back({});
  for (WeightedText& piece : merged) piece.chunk_break = piece.text == "BREAK" && piece.weight == -1;
  return merged;
}

// --- ComfyUI: parse_parentheses, token_weights ---

std::vector<std::string> top_level_parts(const std::string& text) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  for (const char c : text) {
    if (c == '(') {
      if (depth == 0 && !part.empty()) {
        parts.push_back(part);
        part.clear();
      }
      part += c;
      ++depth;
    } else if (c == ')') {
      --depth;
      part += c;
      if (depth == 0) {
        parts.push_back(part);
        part.clear();
      }
    } else {
      part += c;
    }
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

void comfyui_weights(const std::string& text, double outer, Pieces& out, unsigned depth) {
  if (depth > 200) fail(ErrorCode::invalid_argument, "prompt: brackets are nested more than 200 deep");
  for (std::string& part : top_level_parts(text)) {
    if (part.size() < 2 || part.front() != '(' || part.back() != ')') {
      out.push_back({part, outer, false});
      continue;
    }
    part = part.substr(1, part.size() - 2);
    double weight = outer * 1.1;
    const size_t colon = part.rfind(':');
    if (colon != std::string::npos && colon > 0) {
      if (const auto given = number(std::string_view(part).substr(colon + 1))) {
        weight = *given;
        part.resize(colon);
      }
    }
    comfyui_weights(part, weight, out, depth + 1);
  }
}

Pieces parse_comfyui(const std::string& prompt) {
  // Escaped brackets are hidden from the parser as control characters.
  std::string text;
  for (size_t i = 0; i < prompt.size(); ++i) {
    const bool escape = prompt[i] == '\\' && i + 1 < prompt.size() && (prompt[i + 1] == '(' || prompt[i + 1] == ')');
    text += escape ? (prompt[++i] == '(' ? '\x02' : '\x01') : prompt[i];
  }
  Pieces out;
  comfyui_weights(text, 1, out, 0);
  for (WeightedText& piece : out) {
    for (char& c : piece.text) c = c == '\x01' ? ')' : c == '\x02' ? '(' : c;
  }
  return out;
}

// --- compel: attention of words, quoted and bracketed parts ---

class CompelParser {
 public:
  explicit CompelParser(std::string_view text) : text_(text) {}

  Pieces parse() {
    Pieces out;
    for (size_t i = 0; i < text_.size();) {
      if (space(text_[i])) {
        ++i;
      } else if (const size_t end = attention_or_group(i, 1, out, 0); end != 0) {
        i = end;
      } else {
        const size_t stop = word_end(i);
        out.push_back({std::string(text_.substr(i, stop - i)), 1, false});
        i = stop;
      }
    }
    return out;
  }

 private:
  size_t word_end(size_t i) const {
    while (i < text_.size() && !space(text_[i])) ++i;
    return i;
  }

  // A run of + or -, or (behind a group) a number: its factor and where it ends.
  std::pair<double, size_t> factor_at(size_t i, bool group) const {
    size_t end = i;
    if (i < text_.size() && (text_[i] == '+' || text_[i] == '-')) {
      while (end < text_.size() && text_[end] == text_[i]) ++end;
      const bool negative_number = group && text_[i] == '-' && end == i + 1 && end < text_.size() && text_[end] >= '0' && text_[end] <= '9';
      if (!negative_number) return {std::pow(text_[i] == '+' ? 1.1 : 0.9, static_cast<double>(end - i)), end};
    }
    if (!group) return {1, i};
    if (end == i && end < text_.size() && text_[end] == '-') ++end;
    const size_t digits = end;
    while (end < text_.size() && ((text_[end] >= '0' && text_[end] <= '9') || text_[end] == '.')) ++end;
    while (end > digits && text_[end - 1] == '.') --end;
    const auto value = end > digits ? number(text_.substr(i, end - i)) : std::nullopt;
    return value ? std::pair(*value, end) : std::pair(1.0, i);
  }

  // compel's non_syntax_word: no white space and no syntax, except + and - inside a word.
  size_t plain_word_end(size_t i) const {
    constexpr std::string_view kSyntax = "()\",.+-=";
    while (i < text_.size() && !space(text_[i])) {
      const char c = text_[i];
      if (c == '\\' && i + 1 < text_.size() && kSyntax.find(text_[i + 1]) != std::string_view::npos) {
        i += 2;
      } else if (c == '+' || c == '-') {
        if (i + 1 >= text_.size() || space(text_[i + 1]) || kSyntax.find(text_[i + 1]) != std::string_view::npos) break;
        ++i;
      } else if (kSyntax.find(c) != std::string_view::npos) {
        break;
      } else {
        ++i;
      }
    }
    return i;
  }

  // What can be weighted at i: added to out with its weight. 0 where there is nothing of the kind.
  size_t attention_or_group(size_t i, double outer, Pieces& out, unsigned depth) {
    if (depth > 200) fail(ErrorCode::invalid_argument, "prompt: brackets are nested more than 200 deep");
    if (text_[i] == '(' || text_[i] == '"') {
      Pieces inside;
      const size_t behind = group_end(i, inside, depth);
      if (behind == 0) return 0;
      if (text_.substr(behind).starts_with(".and(") || text_.substr(behind).starts_with(".add(") || text_.substr(behind).starts_with(".blend(") ||
          text_.substr(behind).starts_with(".swap(")) {
        fail(ErrorCode::invalid_argument, "prompt: compel's .and(), .blend() and .swap() are not understood here (byte ", behind,
             "); encode their parts one by one and put the tensors together");
      }
      const auto [factor, end] = factor_at(behind, true);
      for (WeightedText& piece : inside) {
        piece.weight *= outer * factor;
        out.push_back(std::move(piece));
      }
      return end;
    }
    const size_t word = plain_word_end(i);
    if (word == i) return 0;
    const auto [factor, end] = factor_at(word, false);
    if (end == word) return 0;
    out.push_back({std::string(text_.substr(i, word - i)), outer * factor, false});
    return end;
  }

  // The pieces between ( and ) or between quotes; 0 where they are not closed or hold what compel's grammar does not know.
  size_t group_end(size_t i, Pieces& inside, unsigned depth) {
    const char closing = text_[i] == '(' ? ')' : '"';
    for (++i; i < text_.size();) {
      if (text_[i] == closing) return i + 1;
      if (space(text_[i])) {
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

Pieces parse_compel(const std::string& prompt) {
  std::string text;  // a space behind each comma
  for (size_t i = 0; i < prompt.size(); ++i) {
    text += prompt[i];
    if (prompt[i] == ',' && i + 1 < prompt.size() && !space(prompt[i + 1])) text += ' ';
  }
  Pieces fused;
  for (WeightedText& piece : CompelParser(text).parse()) {
    for (const char* mark : {"(", ")", "\""}) {  // the escapes that compel undoes
      const std::string escaped = std::string("\\") + mark;
      for (size_t at = 0; (at = piece.text.find(escaped, at)) != std::string::npos; ++at) piece.text.replace(at, 2, mark);
    }
    if (!fused.empty() && fused.back().weight == piece.weight) {
      fused.back().text += ' ' + piece.text;
    } else {
      fused.push_back(std::move(piece));
    }
  }
  if (fused.empty()) fused.push_back({});
  return fused;
}

}  // namespace

PromptDialect parse_prompt_dialect(const std::string& name) {
  if (name == "plain") return PromptDialect::plain;
  if (name == "a1111") return PromptDialect::a1111;
  if (name == "comfyui") return PromptDialect::comfyui;
  if (name == "compel") return PromptDialect::compel;
  fail(ErrorCode::invalid_argument, "'", name, "' is no prompt dialect; expected plain, a1111, comfyui or compel");
}

std::vector<WeightedText> parse_prompt(const std::string& prompt, PromptDialect dialect) {
  switch (dialect) {
    case PromptDialect::a1111: return parse_a1111(prompt);
    case PromptDialect::comfyui: return parse_comfyui(prompt);
    case PromptDialect::compel: return parse_compel(prompt);
    case PromptDialect::plain: break;
  }
  return {{prompt, 1, false}};
}

}  // namespace simdclip
