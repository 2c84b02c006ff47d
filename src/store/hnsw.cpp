#include "store/hnsw.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "base/cpu.h"

namespace simdclip {
namespace {

constexpr size_t kWidened =
    64;  // rows that a thread keeps widened: those that one row's links are chosen from

// How high a row stands, as of a random number that only depends on it: P(floor >= f) = links^-f.
uint32_t floor_of(uint64_t row, unsigned links) {
  uint64_t x = row + 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  x ^= x >> 31U;
  const double uniform = (static_cast<double>(x >> 11U) + 0.5) * 0x1p-53;
  return std::min(kMaxFloors,
                  static_cast<uint32_t>(-std::log(uniform) / std::log(static_cast<double>(links))));
}

uint64_t row_of(const void* node) {
  uint64_t row = 0;
  std::memcpy(&row, node, sizeof row);
  return row;
}

const WidenedRow& widened(const RowSpace& space, uint64_t row) {
  thread_local std::array<WidenedRow, kWidened> rows;
  WidenedRow& entry = rows[row % kWidened];
  if (entry.serial != space.serial || entry.row != row) entry.widen(space, row);
  return entry;
}

}  // namespace

RowSpace::RowSpace(const Vectors& rows, const std::string& isa)
    : vectors(rows.state()), kernels(kernels::select_kernels(isa.empty() ? default_isa() : parse_isa(isa))) {
  static std::atomic<uint64_t> spaces{0};
  serial = ++spaces;
}

void WidenedRow::widen(const RowSpace& space, uint64_t which) {
  const Vectors::State& v = space.vectors;
  const std::byte* bytes = v.rows + which * v.bytes();
  serial = space.serial;
  row = which;
  if (v.type == RowType::int8) {
    words.resize(v.width);
    for (size_t k = 0; k < v.width; ++k) words[k] = static_cast<int8_t>(bytes[k]);
    scale = v.scale[which];
  } else {
    floats.resize(v.width);
    decode_row({bytes, v.bytes()}, v.type, floats);
  }
}

float distance(const void* a, const void* b, const void* param) {
  const auto& space = *static_cast<const RowSpace*>(param);
  const Vectors::State& v = space.vectors;
  const uint64_t first = row_of(a), row = row_of(b);
  const std::byte* bytes = v.rows + row * v.bytes();
  // The row comes from memory: all of its lines at once, not one behind the other.
  for (size_t byte = 0; byte < v.bytes(); byte += kCacheLine) __builtin_prefetch(bytes + byte);
  const Point point = first == Point().mark ? *static_cast<const Point*>(a) : widened(space, first).point();
  float score = 0;
  const kernels::DotOutput out{&score, 1};
  if (v.type == RowType::f32) {
    space.kernels.dot_f32(
        {1, 1, v.width, point.floats, v.width, reinterpret_cast<const float*>(bytes), v.width, out});
  } else if (v.type == RowType::f16) {
    space.kernels.dot_f16(
        {1, 1, v.width, point.floats, v.width, reinterpret_cast<const uint16_t*>(bytes), v.width, out});
  } else {
    space.kernels.dot_i8({1, 1, v.width, point.words, v.width, point.scale,
                          reinterpret_cast<const int8_t*>(bytes), v.width, &v.scale[row], out});
  }
  return std::isnan(score) ? std::numeric_limits<float>::infinity() : -score;
}

Hnsw::Hnsw(const RowSpace& space, size_t nodes, unsigned links, unsigned effort, const GraphView* view)
    : HierarchicalNSW(nullptr), borrowed_(view != nullptr) {
  // What the destructor looks at, before anything can fail.
  data_level0_memory_ = nullptr;
  linkLists_ = nullptr;
  visited_list_pool_ = nullptr;
  cur_element_count = 0;

  max_elements_ = nodes;
  num_deleted_ = 0;
  data_size_ = 0;
  fstdistfunc_ = distance;
  dist_func_param_ = const_cast<RowSpace*>(&space);  // which it hands on as const
  M_ = maxM_ = links;
  maxM0_ = 2 * size_t{links};
  ef_construction_ = std::max(effort, links);
  ef_ = 1;
  mult_ = revSize_ = 0;  // the level that it draws itself is always 0: insert() says it
  size_links_level0_ = 4 + 4 * maxM0_;
  size_links_per_element_ = list_bytes(links);
  size_data_per_element_ = node_bytes(links);
  offsetData_ = label_offset_ = size_links_level0_;
  offsetLevel0_ = 0;
  maxlevel_ = -1;
  enterpoint_node_ = static_cast<hnswlib::tableint>(-1);

  linkLists_ = static_cast<char**>(std::calloc(nodes, sizeof(char*)));
  if (linkLists_ == nullptr) throw std::bad_alloc();
  visited_list_pool_ = new hnswlib::VisitedListPool(1, static_cast<int>(nodes));
  if (!borrowed_) {
    data_level0_memory_ = static_cast<char*>(std::calloc(nodes, size_data_per_element_));
    if (data_level0_memory_ == nullptr) throw std::bad_alloc();
    element_levels_.resize(nodes);
    std::vector<std::mutex>(nodes).swap(link_list_locks_);
    std::vector<std::mutex>(max_update_element_locks).swap(link_list_update_locks_);
    return;
  }
  // Walking writes neither nodes nor lists.
  data_level0_memory_ = const_cast<char*>(reinterpret_cast<const char*>(view->nodes));
  char* list = const_cast<char*>(reinterpret_cast<const char*>(view->lists));
  for (const UpperNode upper : view->upper) {
    linkLists_[upper.node] = list;
    list += upper.floors * size_links_per_element_;
  }
  maxlevel_ = static_cast<int>(view->header.floors);
  enterpoint_node_ = view->header.entry;
  cur_element_count = nodes;
}

Hnsw::~Hnsw() {
  if (!borrowed_) return;
  data_level0_memory_ = nullptr;
  cur_element_count = 0;
}

void Hnsw::insert(const RowSpace& space, size_t row) {
  thread_local WidenedRow self;
  self.widen(space, row);
  const Point point = self.point();
  addPoint(&point, row, static_cast<int>(floor_of(row, static_cast<unsigned>(M_))));
}

std::vector<Hit> Hnsw::nearest(const Point& query, size_t k) const {
  auto found = searchKnn(&query, k);
  std::vector<Hit> out;
  out.reserve(found.size());
  for (; !found.empty(); found.pop()) out.push_back({found.top().second, -found.top().first});
  return out;
}

AlignedBuffer<std::byte> Hnsw::image(const GraphHeader& wanted, std::span<const Twin> twins) const {
  using Id = hnswlib::tableint;
  std::vector<Id> by_row(max_elements_), node_of(max_elements_);
  std::iota(by_row.begin(), by_row.end(), Id{0});
  std::sort(by_row.begin(), by_row.end(),
            [this](Id a, Id b) { return getExternalLabel(a) < getExternalLabel(b); });
  for (Id node = 0; node < max_elements_; ++node) node_of[by_row[node]] = node;
  GraphHeader header = wanted;
  for (const int level : element_levels_) {
    header.upper_nodes += level > 0 ? 1 : 0;
    header.lists += static_cast<uint64_t>(level);
  }
  header.nodes = max_elements_;
  header.links = static_cast<uint32_t>(M_);
  header.effort = static_cast<uint32_t>(ef_construction_);
  header.floors = static_cast<uint32_t>(maxlevel_);
  header.entry = node_of[enterpoint_node_];
  AlignedBuffer<std::byte> out(graph_bytes(header));
  std::memset(out.data(), 0, out.size());
  std::memcpy(out.data(), &header, sizeof header);
  const GraphView view = lay_out(header, out.span());
  const auto at = [&](const void* part) {
    return out.data() + (static_cast<const std::byte*>(part) - out.data());
  };
  std::byte *node = at(view.nodes), *upper = at(view.upper.data()), *list = at(view.lists);
  if (!twins.empty()) std::memcpy(at(view.twins.data()), twins.data(), twins.size_bytes());
  const auto copy_list = [&](std::byte* to, const hnswlib::linklistsizeint* from) {
    const uint32_t count = getListCount(const_cast<hnswlib::linklistsizeint*>(from));
    std::memcpy(to, &count, sizeof count);
    for (uint32_t i = 1; i <= count; ++i) std::memcpy(to + 4 * size_t{i}, &node_of[from[i]], sizeof(Id));
  };
  for (uint32_t i = 0; i < max_elements_; ++i, node += size_data_per_element_) {
    const Id id = by_row[i];
    const uint64_t row = getExternalLabel(id);
    copy_list(node, get_linklist0(id));
    std::memcpy(node + label_offset_, &row, sizeof row);
    if (element_levels_[id] <= 0) continue;
    const UpperNode entry{i, static_cast<uint32_t>(element_levels_[id])};
    std::memcpy(upper, &entry, sizeof entry);
    upper += sizeof entry;
    for (int level = 1; level <= element_levels_[id]; ++level, list += size_links_per_element_)
      copy_list(list, get_linklist(id, level));
  }
  seal(out.span());
  return out;
}

}  // namespace simdclip
