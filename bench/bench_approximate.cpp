// Approximate beside exact search in one run: bench_approximate [ROWS [WIDTH [TYPE [KIND [GRAPH]]]]]
//   build/bench/bench_approximate 1000000 512 f16 clustered
// KIND random: directions without structure, the hardest case. KIND clustered: as CLIP's pictures lie, in a
// narrow cone (a common mean), by topics and subjects within topics, with noise whose spread falls from
// dimension to dimension. Queries are 200 rows that are not in the set: "pictures" are made as the rows are,
// "words" lie in a cone of their own and point to a subject, as texts do. With GRAPH the graph is kept in
// that file, and taken from there the next time.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/cpu.h"
#include "bench/vectors.h"
#include "simdclip/approximate.h"

namespace simdclip {
namespace {

constexpr size_t kTopics = 200, kSubjects = 50, kQueries = 200, kTop = 10;

class Pictures {
 public:
  Pictures(size_t width, bool clustered) : width_(width), clustered_(clustered), numbers_(7) {
    for (size_t i = 0; i < (kTopics * (kSubjects + 1) + 2) * width; ++i)
      directions_.push_back(numbers_.next());
    for (size_t i = 0; i < directions_.size(); i += width) unit(std::span(directions_).subspan(i, width));
  }
  void picture(std::span<float> out) { make(out, 0, 0.55F); }
  void words(std::span<float> out) { make(out, 1, clustered_ ? 0.15F : 0.55F); }

 private:
  const float* direction(size_t i) const { return directions_.data() + i * width_; }
  void make(std::span<float> out, size_t cone, float noise) {
    const auto topic = static_cast<size_t>(std::fabs(numbers_.next()) * 7919) % kTopics;
    const auto subject = static_cast<size_t>(std::fabs(numbers_.next()) * 7919) % kSubjects;
    const float *mean = direction(cone), *t = direction(2 + topic),
                *s = direction(2 + kTopics + topic * kSubjects + subject);
    for (size_t k = 0; k < width_; ++k) {
      // Unit length in all; the variance of dimension k falls as 1 / (k + 1), whose sum is about log(width) +
      // 0.58.
      const float variance =
          clustered_ ? 1.0F / (static_cast<float>(k + 1) * (std::log(static_cast<float>(width_)) + 0.58F))
                     : 1.0F / static_cast<float>(width_);
      out[k] = numbers_.next() / 209.0F * std::sqrt(variance) * noise;
      if (clustered_) out[k] += 0.7F * mean[k] + 0.45F * t[k] + 0.35F * s[k];
    }
    unit(out);
  }

  size_t width_;
  bool clustered_;
  Numbers numbers_;
  std::vector<float> directions_;
};

void report(const char* what, const Vectors& v, const ApproximateIndex& index,
            const std::vector<float>& queries) {
  const size_t width = v.width();
  const auto one = [&](size_t q) { return std::span(queries).subspan(q * width, width); };
  const double exact_ms = best_of(3, [&] { search(v, one(0), {.top = kTop}); }) * 1e3;
  const auto exact = search(v, queries, {.top = kTop});
  std::printf("%s: exact %.2f ms a query\n", what, exact_ms);
  for (const size_t effort : {32U, 64U, 128U, 256U, 512U, 1024U}) {
    std::vector<std::vector<Hit>> found;
    const double start = seconds();
    for (size_t q = 0; q < kQueries; ++q)
      found.push_back(std::move(index.search(one(q), {.top = kTop}, effort).front()));
    const double ms = (seconds() - start) * 1e3 / kQueries;
    std::printf("  effort %4zu: %7.3f ms a query (%5.1f x faster)   recall@10 %.4f\n", effort, ms,
                exact_ms / ms, recall(exact, found));
  }
}

void run(size_t rows, size_t width, RowType type, bool clustered, const std::string& graph) {
  Pictures pictures(width, clustered);
  Vectors v(width, type);
  v.reserve(rows);
  std::vector<float> row(width), like(kQueries * width), words(kQueries * width);
  for (size_t q = 0; q < kQueries; ++q) pictures.picture(std::span(like).subspan(q * width, width));
  for (size_t q = 0; q < kQueries; ++q) pictures.words(std::span(words).subspan(q * width, width));
  for (size_t i = 0; i < rows; ++i) {
    pictures.picture(row);
    v.append(row);
  }
  std::printf("%zu x %zu, %s, %s, %u cores, %s\n", rows, width, std::string(to_string(type)).c_str(),
              clustered ? "clustered" : "random", usable_cores(), cpu_name().c_str());
  std::optional<ApproximateIndex> index;
  const bool kept = !graph.empty() && std::filesystem::exists(graph);
  const double start = seconds();
  if (kept) {
    index = ApproximateIndex::open(graph, v);
  } else {
    index = ApproximateIndex::build(v);
    if (!graph.empty()) index->save(graph);
  }
  std::printf("%s in %.3f s\n", kept ? "opened" : "built", seconds() - start);
  report("pictures", v, *index, like);
  report("words", v, *index, words);
}

}  // namespace
}  // namespace simdclip

int main(int argc, char** argv) {
  const size_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  const size_t width = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 512;
  const simdclip::RowType type = simdclip::parse_row_type(argc > 3 ? argv[3] : "f16");
  simdclip::run(rows, width, type, argc <= 4 || std::string(argv[4]) == "clustered", argc > 5 ? argv[5] : "");
  return 0;
}
