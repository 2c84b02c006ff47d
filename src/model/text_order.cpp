#include "model/text_order.h"

#include <algorithm>

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

std::vector<OrderedText> order_texts(const TextConfig& config, std::span<const std::span<const int32_t>> texts) {
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

}  // namespace simdclip
