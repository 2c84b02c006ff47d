// Prefixes that training frameworks put before every name of a state dict.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace simdclip {

// The length of the wrapper ("module.", "state_dict.module.", ...) that all names share, 0 where there is
// none.
template <typename Names, typename NameOf>
size_t wrapper_length(const Names& names, const NameOf& name_of) {
  constexpr std::string_view kWrappers[] = {"module.", "_orig_mod.", "state_dict."};
  size_t length = 0;
  for (bool again = names.size() > 0; again;) {
    again = false;
    for (std::string_view wrapper : kWrappers) {
      bool all = true;
      for (const auto& item : names)
        all = all && std::string_view(name_of(item)).substr(length).starts_with(wrapper);
      if (!all) continue;
      length += wrapper.size();
      again = true;
      break;
    }
  }
  return length;
}

}  // namespace simdclip
