// A block of memory aligned to cache lines (64 bytes), for packed weights and scratch.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <span>

namespace simdclip {

inline constexpr size_t kCacheLine = 64;

// n uninitialised elements of T at a 64-byte boundary. T must be trivial.
template <typename T>
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t n) : data_(n == 0 ? nullptr : allocate(n)), size_(n) {}

  T* data() noexcept { return data_.get(); }
  const T* data() const noexcept { return data_.get(); }
  size_t size() const noexcept { return size_; }
  T& operator[](size_t i) noexcept { return data_.get()[i]; }
  const T& operator[](size_t i) const noexcept { return data_.get()[i]; }
  std::span<T> span() noexcept { return {data(), size_}; }
  std::span<const T> span() const noexcept { return {data(), size_}; }

 private:
  struct Free {
    void operator()(T* p) const noexcept { ::operator delete[](p, std::align_val_t(kCacheLine)); }
  };
  static T* allocate(size_t n) {
    if (n > static_cast<size_t>(-1) / sizeof(T)) throw std::bad_alloc();
    return static_cast<T*>(::operator new[](n * sizeof(T), std::align_val_t(kCacheLine)));
  }
  std::unique_ptr<T[], Free> data_;
  size_t size_ = 0;
};

}  // namespace simdclip
