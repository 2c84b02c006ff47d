// The order in which the texts of one call run, so that what they share is computed once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "format/config.h"

namespace simdclip {

// One text in that order.
struct OrderedText {
  size_t text = 0;    // its place among the texts given
  size_t length = 0;  // tokens that run (text_extent)
  size_t shared = 0;  // of these, the first ones that are the same in the text before it; all: the same text
};

// In a causal tower a token depends on those before it only, so that texts with the same beginning share its
// rows, bit for bit. Sorted by their ids, each text stands behind one that shares the most with it; 80
// templates times many classes run about the classes and ends only. Other towers keep the order given.
std::vector<OrderedText> order_texts(const TextConfig& config,
                                     std::span<const std::span<const int32_t>> texts);

// Cuts that order into micro-batches of at most `room` tokens that run, of which the first text of each runs
// whole: batch i is [starts[i], starts[i + 1]). Where one does not hold all of them, they are of about the
// same size and, as far as that is possible, a multiple of `lanes`.
std::vector<size_t> text_batches(std::span<const OrderedText> order, size_t room, size_t lanes);

}  // namespace simdclip
