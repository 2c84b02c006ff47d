// A text's ids cut to the context, between its begin and end tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "format/config.h"

namespace simdclip {

class EnclosedIds {
 public:
  // Error damaged: an id outside the vocabulary, or more ids than it.
  EnclosedIds(const TokenizerConfig& config, uint32_t vocab_size, uint32_t ids, uint32_t context_length,
              const std::string& where);

  // How many ids of the text itself remain.
  size_t room() const noexcept { return room_; }
  std::vector<int32_t> enclose(const std::vector<int32_t>& text) const;

 private:
  TokenizerConfig config_;
  size_t context_length_, room_;
};

}  // namespace simdclip
