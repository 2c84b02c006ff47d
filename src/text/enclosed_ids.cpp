#include "text/enclosed_ids.h"

#include <algorithm>

#include "base/fail.h"

namespace simdclip {

EnclosedIds::EnclosedIds(const TokenizerConfig& config, uint32_t vocab_size, uint32_t ids,
                         uint32_t context_length, const std::string& where)
    : config_(config), context_length_(context_length) {
  if (ids > vocab_size) {
    fail(ErrorCode::damaged, where, ": the tokenizer has ", ids, " ids, the text tower's vocabulary ",
         vocab_size, "; the file's parts do not belong together, convert the model again");
  }
  for (uint32_t id : {config.bos_id, config.eos_id, config.pad_id}) {
    if (id >= vocab_size) {
      fail(ErrorCode::damaged, where, ": the tokenizer's id ", id, " is outside the vocabulary of ",
           vocab_size, "; convert the model again");
    }
  }
  const size_t enclosing = (config.add_bos ? 1U : 0U) + (config.add_eos ? 1U : 0U);
  room_ = context_length > enclosing ? context_length - enclosing : 0;
}

std::vector<int32_t> EnclosedIds::enclose(const std::vector<int32_t>& text) const {
  std::vector<int32_t> ids;
  ids.reserve(std::min(text.size(), room_) + 2);
  if (config_.add_bos) ids.push_back(static_cast<int32_t>(config_.bos_id));
  ids.insert(ids.end(), text.begin(),
             text.begin() + static_cast<std::ptrdiff_t>(std::min(text.size(), room_)));
  if (config_.add_eos) ids.push_back(static_cast<int32_t>(config_.eos_id));
  if (config_.pad_left && ids.size() < context_length_)
    ids.insert(ids.begin(), context_length_ - ids.size(), static_cast<int32_t>(config_.pad_id));
  return ids;
}

}  // namespace simdclip
