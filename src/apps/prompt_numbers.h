// Characters and numbers of prompts, as Python reads them.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace simdclip {

inline bool prompt_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// A whole text as a number, white space around it allowed, as Python's float().
inline std::optional<double> prompt_number(std::string_view text) {
  while (!text.empty() && prompt_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && prompt_space(text.back())) text.remove_suffix(1);
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace simdclip
