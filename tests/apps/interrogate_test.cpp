// The interrogator against clip-interrogator's algorithm, written down again here without any of its own
// code.
#include "simdclip/interrogate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "apps/fixture_model.h"
#include "simdclip/search.h"
#include "support/errors.h"

namespace simdclip::tests {
namespace {

const CacheOptions kNoCache{.enabled = false, .folder = {}};

InterrogatorLists small_lists() {
  InterrogatorLists lists;
  for (int i = 0; i < 40; ++i) lists.flavors.push_back("flavour " + std::to_string(i * 7919 % 997));
  lists.artists = {"by a", "by bee", "inspired by a"};
  lists.mediums = {"a photo", "a drawing"};
  lists.movements = {"cubism", "gothic"};
  lists.trendings = {"flickr", "tumblr"};
  lists.negative = {"blurry", "ugly"};
  return lists;
}

// The plain way: everything embedded one by one, halves as the reference stores them.
struct Plain {
  std::vector<float> image;
  size_t chunk = 2048;

  double similarity(const std::string& text, bool half = false) const {
    std::vector<float> row = fixture_model().embed_text(text);
    if (half) {
      std::vector<std::byte> bytes(row_bytes(RowType::f16, row.size()));
      encode_row(row, RowType::f16, bytes);
      decode_row(bytes, RowType::f16, row);
    }
    double sum = 0;
    for (size_t d = 0; d < row.size(); ++d)
      sum += static_cast<double>(row[d]) * static_cast<double>(image[d]);
    return sum;
  }
  std::vector<std::string> best_of(const std::vector<std::string>& labels, size_t count, bool reverse) const {
    std::vector<std::pair<double, std::string>> all;
    for (const std::string& label : labels)
      all.emplace_back((reverse ? 1 : -1) * similarity(label, true), label);
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> out;
    for (size_t i = 0; i < std::min(count, all.size()); ++i) out.push_back(all[i].second);
    return out;
  }
  std::vector<std::string> rank(const std::vector<std::string>& labels, size_t count,
                                bool reverse = false) const {
    if (labels.size() <= chunk) return best_of(labels, count, reverse);
    const size_t chunks = (labels.size() + chunk - 1) / chunk;
    std::vector<std::string> kept;
    for (size_t c = 0; c < chunks; ++c) {
      const std::vector<std::string> part(
          labels.begin() + static_cast<ptrdiff_t>(c * chunk),
          labels.begin() + static_cast<ptrdiff_t>(std::min(labels.size(), (c + 1) * chunk)));
      const auto some = best_of(part, chunk / chunks, reverse);
      kept.insert(kept.end(), some.begin(), some.end());
    }
    return best_of(kept, count, false);
  }
  std::string chain(std::vector<std::string> phrases, std::string best, double best_similarity, size_t least,
                    size_t most, bool reverse) const {
    const auto top = [&](const std::string& prefix) {
      size_t found = 0;
      for (size_t i = 1; i < phrases.size(); ++i) {
        const double a = similarity(prefix + phrases[i]), b = similarity(prefix + phrases[found]);
        if (reverse ? a < b : a > b) found = i;
      }
      return found;
    };
    if (best.empty()) {
      const size_t i = top("");
      best = phrases[i];
      best_similarity = similarity(best);
      phrases.erase(phrases.begin() + static_cast<ptrdiff_t>(i));
    }
    std::string current = best;
    double current_similarity = best_similarity;
    for (size_t step = 0; step < most; ++step) {
      const size_t i = top(current + ", ");
      const std::string prompt = current + ", " + phrases[i];
      const double s = (reverse ? -1 : 1) * similarity(prompt);
      if (s > best_similarity) {
        best = prompt;
        best_similarity = s;
      }
      if (!(s > current_similarity || step < least)) break;
      current = prompt;
      current_similarity = s;
      if (fixture_model().tokenize(current).back() != 0) break;
      phrases.erase(phrases.begin() + static_cast<ptrdiff_t>(i));
    }
    return best;
  }
};

TEST(Interrogate, EqualsTheReferenceAlgorithm) {
  const InterrogatorLists lists = small_lists();
  std::vector<std::string> merged = lists.artists;
  for (const auto* more : {&lists.flavors, &lists.mediums, &lists.movements, &lists.trendings})
    merged.insert(merged.end(), more->begin(), more->end());
  for (const size_t chunk : {size_t{2048}, size_t{20}}) {
    InterrogatorOptions options;
    options.chunk_size = chunk;
    options.intermediate_count = 15;
    options.min_flavors = 1;
    options.max_flavors = 3;
    options.cache = kNoCache;
    const Interrogator interrogator(fixture_model(), lists, options);
    for (const unsigned seed : {1U, 2U, 3U}) {
      const Plain plain{random_unit_rows(1, fixture_model().embed_dim(), seed), chunk};
      const std::string caption = "a cat";
      std::string fast = caption;
      for (const std::string& top : plain.rank(merged, 3)) fast += ", " + top;
      // The small model's context holds them all.
      EXPECT_TRUE(fast.starts_with(interrogator.fast(plain.image, caption)) &&
                  interrogator.fast(plain.image, caption).size() > caption.size());
      const std::string chained =
          plain.chain(plain.rank(merged, 15), caption, plain.similarity(caption), 1, 3, false);
      std::vector<std::string> candidates = {caption, interrogator.classic(plain.image, caption),
                                             interrogator.fast(plain.image, caption), chained};
      std::stable_sort(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
        return plain.similarity(a) > plain.similarity(b);
      });
      EXPECT_EQ(interrogator.best(plain.image, caption), candidates[0]);
      std::vector<std::string> phrases = plain.rank(lists.flavors, 15, true);
      phrases.insert(phrases.end(), lists.negative.begin(), lists.negative.end());
      EXPECT_EQ(interrogator.negative(plain.image), plain.chain(phrases, "", 0, 8, 3, true));
      const std::string classic =
          caption + ", " + plain.rank(lists.mediums, 1)[0] + " " + plain.rank(lists.artists, 1)[0];
      const std::string got = interrogator.classic(plain.image, caption);
      EXPECT_TRUE(got.starts_with(classic) || classic.starts_with(got)) << got << " / " << classic;
    }
  }
}

TEST(Interrogate, ListsAndErrors) {
  const TemporaryFolder folder;
  expect_error(ErrorCode::not_found, [&] { read_interrogator_lists(folder.path().string()); },
               {"artists.txt", "clip_interrogator/data"});
  for (const char* name : {"artists", "flavors", "mediums", "movements", "negative"})
    write_text(folder.file(std::string(name) + ".txt"), "  one \r\n\ntwo");
  const InterrogatorLists lists = read_interrogator_lists(folder.path().string());
  EXPECT_EQ(lists.artists,
            (std::vector<std::string>{"by one", "by two", "inspired by one", "inspired by two"}));
  EXPECT_EQ(lists.flavors, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(lists.trendings.size(), 72U);
  EXPECT_EQ(lists.trendings[18], "trending on Artstation");
  InterrogatorOptions options;
  options.cache = kNoCache;
  expect_error(ErrorCode::invalid_argument, [&] { Interrogator(fixture_model(), {}, options); }, {"artists"});
  expect_error(ErrorCode::invalid_argument, [&] { nearest_captions(fixture_model(), {}, {}, kNoCache); });
}

TEST(Interrogate, NearestCaption) {
  const std::vector<std::string> captions = {"a cat", "a dog", "the sea"};
  std::vector<float> rows;
  for (const size_t i : {2U, 0U}) {
    const std::vector<float> row = fixture_model().embed_text(captions[i]);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  EXPECT_EQ(nearest_captions(fixture_model(), rows, captions, kNoCache),
            (std::vector<std::string>{"the sea", "a cat"}));
}

}  // namespace
}  // namespace simdclip::tests
