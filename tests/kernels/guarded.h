// Arrays that lie against a page nobody may touch: a kernel that reads or writes one element too far dies at
// once. The other side is filled with a pattern, so that a write there is seen too: intact().
// SIMDCLIP_TEST_UNGUARDED in the environment leaves the pattern only: QEMU 7.2 reads the whole operand of a
// masked AVX load, where a CPU does not touch masked elements.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <span>
#include <type_traits>
#include <utility>

namespace simdclip::testing {

enum class Edge { end, begin };  // the array ends at, or begins after, a PROT_NONE page
inline constexpr Edge kEdges[] = {Edge::end, Edge::begin};

template <typename T>
class Guarded {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Guarded(size_t size, Edge edge = Edge::end) : size_(size) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    inner_ = std::max(page, (size * sizeof(T) + page - 1) / page * page);
    mapped_ = inner_ + 2 * page;
    base_ = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) std::abort();
    first_ = static_cast<char*>(base_) + page;
    const bool guard = std::getenv("SIMDCLIP_TEST_UNGUARDED") == nullptr;
    if (mprotect(guard ? first_ : base_, guard ? inner_ : mapped_, PROT_READ | PROT_WRITE) != 0) std::abort();
    std::memset(first_, kPattern, inner_);
    data_ = reinterpret_cast<T*>(edge == Edge::begin ? first_ : first_ + inner_ - size * sizeof(T));
  }
  Guarded(std::span<const T> values, Edge edge) : Guarded(values.size(), edge) {
    if (!values.empty()) std::memcpy(data_, values.data(), values.size_bytes());
  }
  ~Guarded() {
    if (base_ != nullptr) munmap(base_, mapped_);
  }
  Guarded(Guarded&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)),
        mapped_(other.mapped_),
        first_(other.first_),
        inner_(other.inner_),
        data_(other.data_),
        size_(other.size_) {}
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  Guarded& operator=(Guarded&&) = delete;

  T* data() noexcept { return data_; }
  const T* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  T& operator[](size_t i) noexcept { return data_[i]; }
  const T& operator[](size_t i) const noexcept { return data_[i]; }
  T* begin() noexcept { return data_; }
  T* end() noexcept { return data_ + size_; }
  std::span<T> span() noexcept { return {data_, size_}; }

  // Nothing was written beside the array, on its side without a forbidden page.
  bool intact() const noexcept {
    const char* const begin = reinterpret_cast<const char*>(data_);
    const char* const end = reinterpret_cast<const char*>(data_ + size_);
    const auto untouched = [](char c) { return c == kPattern; };
    return std::all_of(const_cast<const char*>(first_), begin, untouched) &&
           std::all_of(end, const_cast<const char*>(first_) + inner_, untouched);
  }

 private:
  static constexpr char kPattern = 0x5A;
  void* base_ = nullptr;
  size_t mapped_ = 0;
  char* first_ = nullptr;  // of the pages between the forbidden ones
  size_t inner_ = 0;       // their bytes
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace simdclip::testing
