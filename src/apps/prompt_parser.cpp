// Weighted prompts in three dialects, written from the behaviour of their programs.
#include <algorithm>
#include <cmath>
#include <optional>

#include "apps/prompt_numbers.h"
#include "base/fail.h"
#include "simdclip/condition.h"

namespace simdclip {
namespace {

using Pieces = std::vector<WeightedText>;

// --- AUTOMATIC1111: parse_prompt_attention ---

// ":  1.3 )" at `at`: the number and what lies behind the bracket.
std::optional<std::pair<double, size_t>> weight_and_bracket(std::string_view text, size_t at) {
  size_t i = at + 1;
  while (i < text.size() && prompt_space(text[i])) ++i;
  const size_t begin = i;
  if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
  const size_t digits = i;
  while (i < text.size() && (text[i] == '.' || (text[i] >= '0' && text[i] <= '9'))) ++i;
  const size_t end = i;
  while (i < text.size() && prompt_space(text[i])) ++i;
  if (end == digits || i >= text.size() || text[i] != ')') return std::nullopt;
  const std::string_view shown = text.substr(begin, end - begin);
  const std::optional<double> value = prompt_number(shown);
  if (!value)
    fail(ErrorCode::invalid_argument, "prompt: ':", shown, ")' at byte ", at,
         " is no weight; expected a number as in (word:1.2)");
  return std::pair(*value, i + 1);
}

bool word_character(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0 || c == '_' || (c >= '0' && c <= '9') ||
         ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

// Adds text, split at BREAK with the white space around it.
void add_with_breaks(std::string_view text, Pieces& out) {
  size_t begin = 0;
  for (size_t at = 0; (at = text.find("BREAK", at)) != std::string_view::npos;) {
    const bool apart = (at == 0 || !word_character(text[at - 1])) &&
                       (at + 5 == text.size() || !word_character(text[at + 5]));
    if (!apart) {
      at += 5;
      continue;
    }
    size_t first = at, last = at + 5;
    while (first > begin && prompt_space(text[first - 1])) --first;
    while (last < text.size() && prompt_space(text[last])) ++last;
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
      const bool escape =
          i + 1 < text.size() && std::string_view("()[]\\").find(text[i + 1]) != std::string_view::npos;
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
      if (const auto given = prompt_number(std::string_view(part).substr(colon + 1))) {
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
    const bool escape =
        prompt[i] == '\\' && i + 1 < prompt.size() && (prompt[i + 1] == '(' || prompt[i + 1] == ')');
    text += escape ? (prompt[++i] == '(' ? '\x02' : '\x01') : prompt[i];
  }
  Pieces out;
  comfyui_weights(text, 1, out, 0);
  for (WeightedText& piece : out) {
    for (char& c : piece.text) c = c == '\x01' ? ')' : c == '\x02' ? '(' : c;
  }
  return out;
}

Pieces only_prompt_of(std::vector<CompelPart> parts) {
  if (parts.size() != 1 || parts[0].prompts.size() != 1) {
    fail(ErrorCode::invalid_argument,
         "prompt: .and() or .blend() makes several prompts of it, which have no one list of pieces");
  }
  return std::move(parts[0].prompts[0]);
}

}  // namespace

PromptDialect parse_prompt_dialect(const std::string& name) {
  if (name == "plain") return PromptDialect::plain;
  if (name == "a1111") return PromptDialect::a1111;
  if (name == "comfyui") return PromptDialect::comfyui;
  if (name == "compel") return PromptDialect::compel;
  fail(ErrorCode::invalid_argument, "'", name,
       "' is no prompt dialect; expected plain, a1111, comfyui or compel");
}

std::vector<WeightedText> parse_prompt(const std::string& prompt, PromptDialect dialect) {
  switch (dialect) {
    case PromptDialect::a1111: return parse_a1111(prompt);
    case PromptDialect::comfyui: return parse_comfyui(prompt);
    case PromptDialect::compel: return only_prompt_of(parse_compel(prompt));
    case PromptDialect::plain: break;
  }
  return {{prompt, 1, false}};
}

}  // namespace simdclip
