// Exact search beside plain reading of the same memory, in one run: bench_search [ROWS [WIDTH]]
//   taskset -c 0,1 build/bench/bench_search 1000000 512
// Reading: each thread adds up its share of the vectors with the widest loads, nothing else. Recall: of int8
// and f16 rows against f32 rows, for queries that are rows with noise (cosine about 0.6 with their row, as
// near pictures have).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <vector>

#include "base/aligned.h"
#include "base/cpu.h"
#include "base/thread_pool.h"
#include "bench/vectors.h"
#include "simdclip/search.h"

namespace simdclip {
namespace {

uint64_t sum_of(const std::byte* data, size_t bytes) {
  using Lanes = uint64_t __attribute__((vector_size(64)));
  Lanes sums[8] = {};
  for (size_t i = 0; i + sizeof sums <= bytes; i += sizeof sums) {
    for (size_t j = 0; j < 8; ++j) sums[j] += *reinterpret_cast<const Lanes*>(data + i + j * sizeof(Lanes));
  }
  uint64_t sum = 0;
  for (const Lanes& lanes : sums) {
    for (size_t i = 0; i < 8; ++i) sum += lanes[i];
  }
  return sum;
}

volatile uint64_t sink;

double read_time(ThreadPool& pool, const Vectors& v) {
  const std::byte* data = v.encoded_row(0).data();
  const size_t bytes = v.size() * row_bytes(v.type(), v.width()), share = bytes / pool.size() / 64 * 64;
  std::vector<uint64_t> sums(pool.size());
  const double time = best_of(5, [&] {
    pool.parallel_for(pool.size(), [&](size_t i) { sums[i] = sum_of(data + i * share, share); });
  });
  for (const uint64_t sum : sums) sink = sum;
  return time;
}

void run(size_t rows, size_t width) {
  const size_t queries = 64;
  std::vector<float> query(queries * width), row(width);
  Vectors sets[] = {{width, RowType::f32}, {width, RowType::f16}, {width, RowType::int8}};
  for (Vectors& v : sets) v.reserve(rows);
  Numbers numbers(1);
  for (size_t i = 0; i < rows; ++i) {
    for (float& x : row) x = numbers.next();
    unit(row);
    for (Vectors& v : sets) v.append(row);
  }
  Numbers noise(2);
  for (size_t q = 0; q < queries; ++q) {
    const std::vector<float> base = sets[0].row(q * (rows / queries));
    std::span<float> one = std::span(query).subspan(q * width, width);
    for (float& x : one) x = noise.next();
    unit(one);
    for (size_t k = 0; k < width; ++k) one[k] = 0.8F * one[k] + 0.6F * base[k];
    unit(one);
  }
  ThreadPool pool(usable_cores());
  std::printf("%zu x %zu, %u threads, %s\n", rows, width, pool.size(), cpu_name().c_str());
  std::vector<std::vector<Hit>> exact;
  for (const Vectors& v : sets) {
    const double read = read_time(pool, v);
    const double one = best_of(5, [&] { search(v, std::span(query).first(width)); });
    std::vector<std::vector<Hit>> hits;
    const double many = best_of(3, [&] { hits = search(v, query); });
    if (exact.empty()) exact = hits;
    size_t found = 0, all = 0;
    for (size_t q = 0; q < queries; ++q) {
      std::set<size_t> wanted;
      for (const Hit& hit : exact[q]) wanted.insert(hit.row);
      for (const Hit& hit : hits[q]) found += wanted.count(hit.row);
      all += wanted.size();
    }
    std::printf(
        "%-5s reading %7.1f ms (%5.1f GB/s)   1 query %7.1f ms (%.2f x reading)   64 queries %7.1f ms   "
        "recall@10 %.4f\n",
        std::string(to_string(v.type())).c_str(), read * 1e3,
        static_cast<double>(rows * row_bytes(v.type(), width)) / read / 1e9, one * 1e3, one / read,
        many * 1e3, static_cast<double>(found) / static_cast<double>(all));
  }
}

}  // namespace
}  // namespace simdclip

int main(int argc, char** argv) {
  const size_t rows = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const size_t width = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 512;
  simdclip::run(rows, width);
  return 0;
}
