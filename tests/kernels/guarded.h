// Arrays that lie against a page nobody may touch: a kernel that reads or writes one element too far dies at
// once.
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

template <typename T>
class Guarded {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  explicit Guarded(size_t size, Edge edge = Edge::end) : size_(size) {
    const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    const size_t inner = std::max(page, (size * sizeof(T) + page - 1) / page * page);
    mapped_ = inner + 2 * page;
    base_ = mmap(nullptr, mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base_ == MAP_FAILED) std::abort();
    char* const first = static_cast<char*>(base_) + page;
    if (mprotect(first, inner, PROT_READ | PROT_WRITE) != 0) std::abort();
    data_ = reinterpret_cast<T*>(edge == Edge::begin ? first : first + inner - size * sizeof(T));
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

 private:
  void* base_ = nullptr;
  size_t mapped_ = 0;
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace simdclip::testing
