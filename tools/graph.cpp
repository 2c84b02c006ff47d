#include <chrono>
#include <memory>

#include "tools/common.h"
#include "tools/output.h"
#include "tools/progress.h"
#include "tools/searchable.h"

namespace simdclip::tools {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

constexpr size_t kTop = 10;
constexpr unsigned kEfforts[] = {32, 64, 128, 256, 512};

// Rows spread over the set as queries; each finds itself, which does not count.
struct Sample {
  std::vector<size_t> rows;
  std::vector<float> queries;

  Sample(const Vectors& vectors, size_t count) {
    count = std::min(count, vectors.size());
    for (size_t i = 0; i < count; ++i) {
      rows.push_back(i * vectors.size() / count);
      const std::vector<float> row = vectors.row(rows.back());
      queries.insert(queries.end(), row.begin(), row.end());
    }
  }
  void without_themselves(std::vector<std::vector<Hit>>& hits) const {
    for (size_t q = 0; q < hits.size(); ++q) {
      std::erase_if(hits[q], [&](const Hit& hit) { return hit.row == rows[q]; });
      if (hits[q].size() > kTop) hits[q].resize(kTop);
    }
  }
};

// One query at a time, as `simdclip search` does; milliseconds each.
template <typename Search>
double measure(const Sample& sample, size_t width, size_t queries, const Search& search,
               std::vector<std::vector<Hit>>& hits) {
  hits.clear();
  const auto start = Clock::now();
  for (size_t q = 0; q < queries; ++q)
    hits.push_back(std::move(search(std::span(sample.queries).subspan(q * width, width)).front()));
  const double ms = seconds_since(start) * 1e3 / static_cast<double>(queries);
  sample.without_themselves(hits);
  return ms;
}

}  // namespace

void graph_command(std::vector<std::string> given) {
  std::string npy, output, isa;
  GraphOptions options;
  unsigned sample_size = 200;
  bool json = false;
  Arguments arguments(
      "graph",
      "Link the rows of a .npy file to a graph for `simdclip search --approximate`, and say how much of "
      "exact search's\n"
      "result it finds, and how fast, with rows of the file as queries. Exact search is the default and fast "
      "up to\n"
      "millions of rows (docs/search.md). With --threads 1 the graph is the same, bit for bit, every time.",
      "  simdclip graph shop.npy\n"
      "  simdclip search shop.npy \"a red shoe\" --approximate\n");
  arguments.text("VECTORS", npy, "FILE.npy", "What `simdclip embed` wrote");
  arguments.text("-o,--output", output, "FILE.graph",
                 "The graph (default: beside the .npy file, with the ending .graph)");
  arguments.number("--links", options.links, 2, 256,
                   "Links of a row (default 16): more find more, take longer and need 8 bytes each");
  arguments.number("--effort", options.effort, 1, 100000,
                   "Candidates looked at for the links of a row (default 200)");
  arguments.number("--sample", sample_size, 0, 100000,
                   "Rows searched for to report the recall (default 200)");
  arguments.number("--threads", options.threads, 1, 1024,
                   "Threads (default: the cores this process may use)");
  arguments.text("--isa", options.isa, "NAME", "Instruction set, as SIMDCLIP_ISA");
  arguments.flag("--json", json, "Print one JSON document");
  arguments.parse(std::move(given));
  if (npy.empty()) throw UsageError("no vectors; see simdclip graph --help");
  if (!npy.ends_with(".npy"))
    throw UsageError(shown(npy) + ": expected a .npy file; indexes of folders are searched exactly");
  if (output.empty()) output = graph_beside(npy);

  const Vectors vectors = Vectors::open(npy);
  std::unique_ptr<Progress> progress = std::make_unique<Progress>("rows", vectors.size());
  options.on_progress = [&](size_t rows) { progress->update(rows); };
  const auto start = Clock::now();
  const ApproximateIndex index = ApproximateIndex::build(vectors, options);
  const double built = seconds_since(start);
  progress.reset();
  index.save(output);

  const Sample sample(vectors, sample_size);
  const size_t width = vectors.width(), queries = sample.rows.size(), timed = std::min<size_t>(queries, 20);
  std::vector<std::vector<std::string>> rows = {{"search", "recall@10", "ms a query"}};
  std::string points;
  if (queries > 0) {
    SearchOptions search_options{.top = kTop + 1, .threads = options.threads, .isa = options.isa};
    std::vector<std::vector<Hit>> exact, found;
    const double exact_ms = measure(
        sample, width, timed, [&](std::span<const float> q) { return search(vectors, q, search_options); },
        found);
    exact = search(vectors, sample.queries, search_options);
    sample.without_themselves(exact);
    rows.push_back({"exact", "1.0000", fixed(exact_ms, 3)});
    for (const unsigned effort : kEfforts) {
      const double ms = measure(
          sample, width, queries,
          [&](std::span<const float> q) { return index.search(q, search_options, effort); }, found);
      const double share = recall(exact, found);
      rows.push_back({"--effort " + std::to_string(effort), fixed(share, 4), fixed(ms, 3)});
      points += ", {\"effort\": " + std::to_string(effort) + ", \"recall\": " + json_number(share) +
                ", \"ms\": " + json_number(ms) + "}";
    }
    points = ", \"exact_ms\": " + json_number(exact_ms) + ", \"efforts\": [" + points.substr(2) + "]";
  }
  if (json) {
    print("{\"output\": " + json_string(output) + ", \"rows\": " + std::to_string(index.size()) +
          ", \"links\": " + std::to_string(index.links()) + ", \"seconds\": " + json_number(built) + points +
          "}\n");
    return;
  }
  print(shown(output) + ": " + std::to_string(index.size()) + " rows linked in " + fixed(built, 1) + " s\n" +
        (queries > 0 ? table(rows, {1, 2}) : ""));
}

}  // namespace simdclip::tools
