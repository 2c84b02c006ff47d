// Strings sorted as bytes, for finding all that begin at a place of a text.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace simdclip {

class PieceIndex {
 public:
  void add(std::string_view text, uint32_t id) { entries_.push_back({text, id}); }
  void sort() {
    std::sort(entries_.begin(), entries_.end(),
              [](const Entry& a, const Entry& b) { return a.text < b.text; });
    uint32_t e = 0;
    for (size_t b = 0; b < 256; ++b) {
      first_[b] = e;
      while (e < entries_.size() && static_cast<uint8_t>(entries_[e].text[0]) == b) ++e;
    }
    first_[256] = e;
  }

  // Calls found(length, id) for every entry that is a prefix of `text`, shortest first.
  template <typename Found>
  void for_each_prefix(std::string_view text, const Found& found) const {
    if (entries_.empty() || text.empty()) return;
    const auto lead = static_cast<uint8_t>(text[0]);
    auto begin = entries_.begin() + first_[lead], end = entries_.begin() + first_[size_t{lead} + 1];
    // [begin, end): the entries whose first n bytes are the text's
    for (size_t n = 1; begin != end; ++n) {
      if (begin->text.size() == n) found(n, (begin++)->id);
      if (n == text.size()) return;
      const auto b = static_cast<uint8_t>(text[n]);
      begin = std::partition_point(begin, end,
                                   [&](const Entry& e) { return static_cast<uint8_t>(e.text[n]) < b; });
      end = std::partition_point(begin, end,
                                 [&](const Entry& e) { return static_cast<uint8_t>(e.text[n]) <= b; });
    }
  }

 private:
  struct Entry {
    std::string_view text;
    uint32_t id;
  };
  std::vector<Entry> entries_;
  uint32_t first_[257] = {};
};

}  // namespace simdclip
