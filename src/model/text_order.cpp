#include "model/text_order.h"

#include <algorithm>

#include "base/checked.h"
#include "model/text_tower.h"

namespace simdclip {
namespace {

// Whether a text's rows are those of its first ids and depend on nothing behind them.
bool shares_prefixes(const TextConfig& config) {
  switch (config.pooling) {
    case Pooling::argmax_id:
    case Pooling::first_eos:
    case Pooling::last: return config.causal && !config.drop_padding;
    default: return false;
  }
}

}  // namespace

std::vector<OrderedText> order_texts(const TextConfig& config,
                                     std::span<const std::span<const int32_t>> texts) {
  std::vector<OrderedText> order(texts.size());
  for (size_t i = 0; i < texts.size(); ++i) order[i] = {i, text_extent(config, texts[i]).length, 0};
  if (texts.size() < 2 || !shares_prefixes(config)) return order;
  const auto ids = [&](const OrderedText& t) { return texts[t.text].first(t.length); };
  std::sort(order.begin(), order.end(), [&](const OrderedText& a, const OrderedText& b) {
    const auto x = ids(a), y = ids(b);
    const auto [p, q] = std::mismatch(x.begin(), x.end(), y.begin(), y.end());
    if (p == x.end() || q == y.end()) {
      return x.size() != y.size() ? x.size() < y.size() : a.text < b.text;
    }
    return *p < *q;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const auto x = ids(order[i - 1]), y = ids(order[i]);
    order[i].shared =
        static_cast<size_t>(std::mismatch(x.begin(), x.end(), y.begin(), y.end()).second - y.begin());
  }
  return order;
}

std::vector<size_t> text_batches(std::span<const OrderedText> order, size_t room, size_t lanes) {
  size_t all = 0, longest = 0;
  for (const OrderedText& text : order) {
    all += text.length - text.shared;
    longest = std::max(longest, text.length);
  }
  // Room for what a batch repeats.
  const size_t batches = all <= room ? 1 : round_up(ceil_div(all, std::max(room - longest, room / 2)), lanes);
  std::vector<size_t> starts = {0};
  size_t rows = 0, before = 0,
         share = 0;  // rows of this batch; of the texts before this one; the share they belong to
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t own = order[i].length - order[i].shared, more = i == starts.back() ? order[i].length : own;
    const size_t its_share = std::min(before * batches / all, batches - 1);  // copies at the end have no rows
    if (i > starts.back() && (its_share != share || rows + more > room)) {
      starts.push_back(i);
      rows = order[i].length;
    } else {
      rows += more;
    }
    share = its_share;
    before += own;
  }
  if (!order.empty()) starts.push_back(order.size());
  return starts;
}

}  // namespace simdclip
