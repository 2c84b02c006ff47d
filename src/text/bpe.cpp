#include "text/bpe.h"

#include <functional>
#include <limits>
#include <optional>
#include <queue>
#include <utility>

namespace simdclip {
namespace {

constexpr uint32_t kNoRank = std::numeric_limits<uint32_t>::max();
constexpr size_t kShortWord = 32;  // up to here a scan for the best pair is faster than a heap

// The word as it is, its pairs' ranks beside it; the best pair is looked for each time.
void merge_short(const MergeTable& table, std::vector<uint32_t>& word) {
  uint32_t ranks[kShortWord], results[kShortWord];  // of the pair that begins at i
  size_t n = word.size();
  const auto look_up = [&](size_t i) {
    const auto found = table.find(word[i], word[i + 1]);
    ranks[i] = found ? found->rank : kNoRank;
    results[i] = found ? found->result : 0;
  };
  for (size_t i = 0; i + 1 < n; ++i) look_up(i);
  while (n > 1) {
    size_t best = 0;
    for (size_t i = 1; i + 1 < n; ++i) {
      if (ranks[i] < ranks[best]) best = i;
    }
    if (ranks[best] == kNoRank) break;
    word[best] = results[best];
    --n;
    for (size_t i = best + 1; i < n; ++i) {
      word[i] = word[i + 1];
      ranks[i] = ranks[i + 1];
      results[i] = results[i + 1];
    }
    if (best > 0) look_up(best - 1);
    if (best + 1 < n) look_up(best);
  }
  word.resize(n);
}

// The word as a linked list and its pairs in a heap; pairs that are no longer there are passed over when they
// come up.
class LongWord {
 public:
  LongWord(const MergeTable& table, std::vector<uint32_t>& word) : table_(table), word_(word) {
    const auto n = static_cast<uint32_t>(word.size());
    next_.resize(n);
    previous_.resize(n);
    for (uint32_t i = 0; i < n; ++i) {
      next_[i] = i + 1;
      previous_[i] = i - 1;
    }
    next_[n - 1] = kNone;
    std::vector<Pair> pairs;
    pairs.reserve(n);
    for (uint32_t i = 0; i + 1 < n; ++i) {
      if (const auto pair = look_up(i)) pairs.push_back(*pair);
    }
    heap_ = std::priority_queue<Pair>(std::less<Pair>(), std::move(pairs));
  }

  void merge() {
    while (!heap_.empty()) {
      const Pair best = heap_.top();
      heap_.pop();
      const uint32_t left = best.position, right = next_[left];
      if (right == kNone || word_[left] != best.left || word_[right] != best.right) continue;
      word_[left] = best.result;
      word_[right] = kGone;
      next_[left] = next_[right];
      next_[right] = kNone;
      if (next_[left] != kNone) previous_[next_[left]] = left;
      if (previous_[left] != kNone) push(previous_[left]);
      if (next_[left] != kNone) push(left);
    }
    std::erase(word_, kGone);
  }

 private:
  static constexpr uint32_t kNone = 0xFFFFFFFFU, kGone = 0xFFFFFFFFU;
  struct Pair {
    uint32_t rank, position, left, right, result;
    bool operator<(const Pair& other) const {  // std::priority_queue gives the largest first
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  std::optional<Pair> look_up(uint32_t i) const {
    const uint32_t left = word_[i], right = word_[next_[i]];
    const auto found = table_.find(left, right);
    if (!found) return std::nullopt;
    return Pair{found->rank, i, left, right, found->result};
  }
  void push(uint32_t i) {
    if (const auto pair = look_up(i)) heap_.push(*pair);
  }

  const MergeTable& table_;
  std::vector<uint32_t>& word_;
  std::vector<uint32_t> next_, previous_;
  std::priority_queue<Pair> heap_;
};

}  // namespace

void bpe_merge(const MergeTable& table, std::vector<uint32_t>& word) {
  if (word.size() < 2) return;
  if (word.size() <= kShortWord) {
    merge_short(table, word);
  } else {
    LongWord(table, word).merge();
  }
}

}  // namespace simdclip
