#include "simdclip/approximate.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_set>

#include "base/atomic_file.h"
#include "base/checked.h"
#include "base/cpu.h"
#include "base/fail.h"
#include "base/mapped_file.h"
#include "base/thread_pool.h"
#include "store/graph_file.h"
#include "store/queries.h"
#ifdef SIMDCLIP_HAVE_HNSWLIB
#include "store/hnsw.h"
#endif

namespace simdclip {

double recall(std::span<const std::vector<Hit>> exact, std::span<const std::vector<Hit>> found) {
  if (exact.size() != found.size()) {
    fail(ErrorCode::invalid_argument, "results of ", exact.size(), " and of ", found.size(), " queries");
  }
  size_t all = 0, both = 0;
  for (size_t q = 0; q < exact.size(); ++q) {
    std::unordered_set<size_t> rows;
    for (const Hit& hit : found[q]) rows.insert(hit.row);
    for (const Hit& hit : exact[q]) both += rows.count(hit.row);
    all += exact[q].size();
  }
  return all == 0 ? 1 : static_cast<double>(both) / static_cast<double>(all);
}

ApproximateIndex::ApproximateIndex(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
ApproximateIndex::ApproximateIndex(ApproximateIndex&&) noexcept = default;
ApproximateIndex& ApproximateIndex::operator=(ApproximateIndex&&) noexcept = default;
ApproximateIndex::~ApproximateIndex() = default;

#ifdef SIMDCLIP_HAVE_HNSWLIB

namespace {

// hnswlib reads a node's number of links, the entry and its random numbers without their locks. Each is one
// word, and an old value does no harm; ThreadSanitizer cannot know that.
#ifdef __SANITIZE_THREAD__
constexpr size_t kMostThreads = 1;
#else
constexpr size_t kMostThreads = 1024;
#endif
constexpr size_t kInserted = 64;  // rows that a thread takes at a time
constexpr size_t kWalkShare =
    4;  // a walk that would keep more than this part of the nodes gives way to comparing all rows

// The first of each group of equal rows, and the others, ascending.
struct Distinct {
  std::vector<uint32_t> rows;
  std::vector<Twin> twins;

  explicit Distinct(const Vectors& vectors) {
    struct Hashed {
      uint64_t high, low;
      uint32_t row;
      auto operator<=>(const Hashed&) const = default;
    };
    std::vector<Hashed> all;
    all.reserve(vectors.size());
    for (uint32_t row = 0; row < vectors.size(); ++row) {
      const XXH128_hash_t hash =
          XXH3_128bits(vectors.encoded_row(row).data(), vectors.encoded_row(row).size());
      all.push_back({hash.high64, hash.low64, row});
    }
    std::sort(all.begin(), all.end());
    for (size_t i = 0, first = 0; i < all.size(); ++i) {
      if (i == 0 || all[i].high != all[first].high || all[i].low != all[first].low) first = i;
      if (first == i) {
        rows.push_back(all[i].row);
      } else {
        twins.push_back({all[first].row, all[i].row});
      }
    }
    std::sort(rows.begin(), rows.end());
    std::sort(twins.begin(), twins.end());
  }
};

// on_progress hears of `before` rows more than those linked here.
void build_rows(const RowSpace& space, Hnsw& graph, const GraphOptions& options,
                std::span<const uint32_t> rows, size_t before) {
  graph.insert(space, rows[0]);
  std::atomic<size_t> next{1}, done{before + 1};
  std::mutex telling;
  const size_t threads = options.threads == 0 ? usable_cores() : options.threads;
  ThreadPool pool(
      static_cast<unsigned>(std::min<size_t>({threads, kMostThreads, ceil_div(rows.size(), kInserted)})));
  pool.parallel_for(pool.size(), [&](size_t) {
    try {
      while (true) {
        const size_t begin = next.fetch_add(kInserted), end = std::min(rows.size(), begin + kInserted);
        if (begin >= rows.size()) return;
        for (size_t i = begin; i < end; ++i) graph.insert(space, rows[i]);
        const size_t now = done += end - begin;
        if (!options.on_progress) continue;
        const std::lock_guard turn(telling);
        options.on_progress(now);
      }
    } catch (...) {
      next = rows.size();
      throw;
    }
  });
}

// With the rows that are equal to them.
void add_twins(std::vector<Hit>& hits, const GraphView& view, const Vectors::State& v) {
  if (view.twins.empty()) return;
  const size_t found = hits.size();
  for (size_t i = 0; i < found; ++i) {
    const Hit hit = hits[i];
    const auto less = [](const Twin& twin, uint64_t row) { return twin.row < row; };
    for (auto twin = std::lower_bound(view.twins.begin(), view.twins.end(), hit.row, less);
         twin != view.twins.end() && twin->row == hit.row; ++twin) {
      // Whatever the file says: the score is that of the row.
      if (std::memcmp(v.rows + hit.row * v.bytes(), v.rows + twin->twin * v.bytes(), v.bytes()) == 0)
        hits.push_back({twin->twin, hit.score});
    }
  }
}

}  // namespace

struct ApproximateIndex::State {
  State(const Vectors& vectors, const std::string& isa) : space(vectors, isa) {}
  void walk(std::span<const std::byte> file, const std::string& path) {
    view = parse_graph(file, path);
    graph.emplace(space, view.header.nodes, view.header.links, view.header.effort, &view);
  }
  RowSpace space;
  MappedFile mapped;
  AlignedBuffer<std::byte> own;
  GraphView view;
  std::optional<Hnsw> graph;
};

bool ApproximateIndex::available() noexcept { return true; }

ApproximateIndex ApproximateIndex::build(const Vectors& vectors, const GraphOptions& options) {
  const size_t rows = vectors.size();
  if (rows == 0) fail(ErrorCode::invalid_argument, "there are no rows to link");
  if (rows > kMaxGraphRows) {
    fail(ErrorCode::too_large, "a graph links at most ", kMaxGraphRows, " rows, found ", rows,
         "; split the set");
  }
  if (options.links < 2 || options.links > kMaxLinks || options.effort < 1 || options.effort > 100000) {
    fail(ErrorCode::invalid_argument, "a graph of ", options.links, " links with an effort of ",
         options.effort, "; expected 2 to ", kMaxLinks, " links and an effort of 1 to 100000");
  }
  auto state = std::make_unique<State>(vectors, options.isa);
  {
    const Distinct distinct(vectors);
    Hnsw graph(state->space, distinct.rows.size(), options.links, options.effort, nullptr);
    build_rows(state->space, graph, options, distinct.rows, distinct.twins.size());
    GraphHeader header;
    header.rows = rows;
    header.row_type = static_cast<uint32_t>(vectors.type());
    header.width = vectors.width();
    header.vectors = fingerprint(vectors);
    state->own = graph.image(header, distinct.twins);
  }
  state->walk(state->own.span(), "the graph");
  return ApproximateIndex(std::move(state));
}

ApproximateIndex ApproximateIndex::open(const std::string& path, const Vectors& vectors) {
  auto state = std::make_unique<State>(vectors, "");
  state->mapped = MappedFile::open(path);
  state->walk(state->mapped.bytes(), path);
  const GraphHeader& h = state->view.header;
  if (h.rows != vectors.size() || h.width != vectors.width() ||
      h.row_type != static_cast<uint32_t>(vectors.type()) || h.vectors != fingerprint(vectors)) {
    fail(ErrorCode::shape_mismatch, path, ": is the graph of ", h.rows, " rows of ", h.width, " values (",
         to_string(static_cast<RowType>(h.row_type)), "), these are ", vectors.size(), " of ",
         vectors.width(), " (", to_string(vectors.type()), ")",
         h.rows == vectors.size() && h.width == vectors.width() ? " with other values" : "",
         "; build the graph again with `simdclip graph`");
  }
  return ApproximateIndex(std::move(state));
}

void ApproximateIndex::save(const std::string& path) const {
  const std::span<const std::byte> bytes =
      state_->mapped.bytes().empty() ? state_->own.span() : state_->mapped.bytes();
  AtomicFile file(path);
  file.reserve(bytes.size());
  file.write(bytes);
  file.commit();
}

std::vector<std::vector<Hit>> ApproximateIndex::search(std::span<const float> queries,
                                                       const SearchOptions& options, size_t effort) const {
  const Vectors::State& v = state_->space.vectors;
  check_search(v.size, v.width, queries, options);
  const size_t n = queries.size() / v.width;
  std::vector<std::vector<Hit>> out(n);
  if (n == 0 || options.top == 0) return out;
  const size_t passing =
      options.allowed.empty()
          ? v.size
          : static_cast<size_t>(std::count_if(options.allowed.begin(), options.allowed.end(),
                                              [](uint8_t a) { return a != 0; }));
  if (passing == 0) return out;
  const size_t wanted = std::min(options.top, passing);
  const double kept = std::ceil(static_cast<double>(std::max(effort, wanted)) * static_cast<double>(v.size) /
                                static_cast<double>(passing));
  std::vector<uint8_t> exact(n, kept * kWalkShare > static_cast<double>(state_->view.header.nodes) ? 1 : 0);
  const Queries prepared(queries, v.width, v.type);
  ThreadPool pool(
      static_cast<unsigned>(std::min<size_t>(options.threads == 0 ? usable_cores() : options.threads, n)));
  pool.parallel_for(n, [&](size_t q) {
    if (exact[q] != 0) return;
    const bool int8 = v.type == RowType::int8;
    const Point query{.floats = queries.data() + q * v.width,
                      .words = int8 ? prepared.words.data() + q * v.width : nullptr,
                      .scale = int8 ? prepared.scale.data() + q : nullptr};
    std::vector<Hit> hits = state_->graph->nearest(query, static_cast<size_t>(kept));
    add_twins(hits, state_->view, v);
    std::erase_if(hits, [&](const Hit& hit) {
      return !std::isfinite(hit.score) || (!options.allowed.empty() && options.allowed[hit.row] == 0);
    });
    exact[q] = hits.size() < wanted ? 1 : 0;
    std::erase_if(hits, [&](const Hit& hit) { return !(hit.score >= options.lowest); });
    std::sort(hits.begin(), hits.end(), better);
    hits.resize(std::min(hits.size(), options.top));
    out[q] = std::move(hits);
  });
  for (size_t q = 0; q < n; ++q) {
    if (exact[q] != 0)
      out[q] = std::move(search_rows(v, queries.subspan(q * v.width, v.width), options).front());
  }
  return out;
}

size_t ApproximateIndex::size() const noexcept { return state_->view.header.rows; }
unsigned ApproximateIndex::links() const noexcept { return state_->view.header.links; }

#else

struct ApproximateIndex::State {};

namespace {
[[noreturn]] void missing() {
  fail(ErrorCode::unsupported,
       "this simdclip was built without hnswlib, so it has exact search only; install libhnswlib-dev and "
       "build it again");
}
}  // namespace

bool ApproximateIndex::available() noexcept { return false; }
ApproximateIndex ApproximateIndex::build(const Vectors&, const GraphOptions&) { missing(); }
ApproximateIndex ApproximateIndex::open(const std::string&, const Vectors&) { missing(); }
void ApproximateIndex::save(const std::string&) const { missing(); }
std::vector<std::vector<Hit>> ApproximateIndex::search(std::span<const float>, const SearchOptions&,
                                                       size_t) const {
  missing();
}
size_t ApproximateIndex::size() const noexcept { return 0; }
unsigned ApproximateIndex::links() const noexcept { return 0; }

#endif

}  // namespace simdclip
